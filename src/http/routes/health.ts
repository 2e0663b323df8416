import { z } from 'zod'
import type { Check, Desk } from '../desk.js'
import { route, text, type Route } from '../route.js'

/** For service managers and orchestrators, in the manner of Kubernetes's own components; and for Prometheus. */
export function healthRoutes(desk: Desk): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/livez',
      summary: 'Whether the daemon runs: an answer is the answer',
      for: 'anybody',
      answers: { 200: { describe: 'It runs.', schema: null } },
      handle: () => text('ok\n'),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      summary: 'Whether the daemon can do its work: engine, manifests, a first look at every flotilla',
      for: 'anybody',
      query: z.object({
        verbose: z.string().optional().meta({ description: 'Lists the checks also when all is well.' }),
      }),
      answers: {
        200: { describe: 'It can.', schema: null },
        503: { describe: 'It can not; each check with its reason.', schema: null },
      },
      handle({ query }) {
        const checks = desk.readiness()
        const isReady = checks.every(check => check.trouble === null)
        if (isReady && query.verbose === undefined) return text('ok\n')
        return text(renderChecks(checks, isReady), isReady ? 200 : 503)
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics for Prometheus: docs/metrics.md',
      for: 'reader',
      answers: { 200: { describe: 'The text format of Prometheus.', schema: null } },
      handle: async () => ({
        status: 200,
        text: await desk.metrics(),
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
      }),
    }),
  ]
}

function renderChecks(checks: readonly Check[], isReady: boolean): string {
  const lines = checks.map(({ name, trouble }) =>
    trouble === null ? `[+]${name} ok` : `[-]${name} failed: ${trouble}`,
  )
  return `${[...lines, isReady ? 'ready' : 'not ready'].join('\n')}\n`
}
