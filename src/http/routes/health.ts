import { z } from 'zod'
import type { Check, ControlApi } from '../control-api.js'
import { route, text, type Route } from '../route.js'

/**
 * For service managers and orchestrators, in the manner of Kubernetes's own components; and for Prometheus.
 */
export function healthRoutes(api: ControlApi): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/livez',
      summary: 'Whether the daemon runs: an answer is the answer',
      access: 'public',
      responses: { 200: { description: 'It runs.', schema: null } },
      handle: () => text('ok\n'),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      summary: 'Whether the daemon can do its work: engine, manifests, a first look at every flotilla',
      access: 'public',
      query: z.object({
        verbose: z.string().optional().meta({ description: 'Lists the checks also when all is well.' }),
      }),
      responses: {
        200: { description: 'It can.', schema: null },
        503: { description: 'It can not; each check with its reason.', schema: null },
      },
      handle({ query }) {
        const checks = api.readiness()
        const isReady = checks.every(check => check.error === null)
        if (isReady && query.verbose === undefined) return text('ok\n')
        return text(renderChecks(checks, isReady), isReady ? 200 : 503)
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics for Prometheus: docs/metrics.md',
      access: 'reader',
      responses: { 200: { description: 'The text format of Prometheus.', schema: null } },
      handle: async () => ({
        status: 200,
        text: await api.metrics(),
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
      }),
    }),
  ]
}

function renderChecks(checks: readonly Check[], isReady: boolean): string {
  const lines = checks.map(({ name, error }) =>
    error === null ? `[+]${name} ok` : `[-]${name} failed: ${error}`,
  )
  return `${[...lines, isReady ? 'ready' : 'not ready'].join('\n')}\n`
}
