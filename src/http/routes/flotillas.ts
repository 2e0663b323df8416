import { z } from 'zod'
import { replicasMax } from '../../manifest/schema.js'
import { factsOfNode } from '../../reconciler/node-facts.js'
import { disruptionOf } from '../../reconciler/plan/disruption.js'
import { foresee, type Intent } from '../../reconciler/plan/foresee.js'
import { renderAction, renderPlan } from '../../reconciler/plan/text.js'
import type { Sight } from '../../reconciler/controller.js'
import type { Desk } from '../desk.js'
import { Problem } from '../problem.js'
import { json, route, type Route } from '../route.js'
import * as shapes from '../schemas.js'
import { isStale, requireKnown, sightOf } from '../sights.js'

/** What is known, of the daemon and of each flotilla. */
export function flotillaRoutes(desk: Desk): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/daemon',
      summary: 'The daemon: its version, since when it runs, whether it is ready',
      for: 'reader',
      answers: { 200: { describe: 'The daemon.', schema: shapes.daemon } },
      handle: () => json(daemonOf(desk)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/flotillas',
      summary:
        'Every flotilla, as `flotilla status -o json` tells it; one that was not looked at yet is left out',
      for: 'reader',
      answers: {
        200: {
          describe: 'The flotillas by name.',
          schema: z.object({ flotillas: z.array(shapes.flotilla) }),
        },
      },
      handle: () =>
        json({
          flotillas: desk.names().flatMap(name => {
            const sight = desk.sightOf(name)
            return sight === null ? [] : [flotillaOf(sight, isStale(desk))]
          }),
        }),
    }),
    ofFlotilla('', 'One flotilla', shapes.flotilla, sight => flotillaOf(sight, isStale(desk))),
    ofFlotilla(
      '/nodes',
      'The nodes of a flotilla, with what their INFO says',
      z.object({ nodes: z.array(shapes.node) }),
      sight => ({ nodes: nodesOf(sight) }),
    ),
    ofFlotilla(
      '/history',
      'The changes of masters, newest last',
      z.object({ flotilla: z.string(), history: z.array(shapes.historyEntry) }),
      ({ memory }) => ({ flotilla: memory.flotilla, history: memory.history }),
    ),
    route({
      method: 'GET',
      path: '/api/v1/flotillas/{flotilla}/series',
      summary: 'What the looks of the last hour have measured of each node, in steps of ten seconds',
      for: 'reader',
      params: shapes.flotillaParams,
      answers: { 200: { describe: 'The lines.', schema: shapes.series } },
      handle: ({ params }) => {
        requireKnown(desk, params.flotilla)
        return json(desk.seriesOf(params.flotilla))
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/flotillas/{flotilla}/plan',
      summary:
        'What is done next, waited for and refused, and why; with `ask`, what would be if that were asked for. Changes nothing',
      for: 'reader',
      params: shapes.flotillaParams,
      query: planQuery,
      answers: { 200: { describe: 'The plan.', schema: shapes.plan } },
      handle: ({ params, query }) => json(planOf(sightOf(desk, params.flotilla), intentOf(query))),
    }),
  ]

  function ofFlotilla(
    path: string,
    summary: string,
    schema: z.ZodType,
    tell: (sight: Sight) => unknown,
  ): Route {
    return route({
      method: 'GET',
      path: `/api/v1/flotillas/{flotilla}${path}`,
      summary,
      for: 'reader',
      params: shapes.flotillaParams,
      answers: { 200: { describe: summary, schema } },
      handle: ({ params }) => json(tell(sightOf(desk, params.flotilla))),
    })
  }
}

const planQuery = z.object({
  ask: z
    .enum(['switchover', 'failover', 'scale', 'resume'])
    .optional()
    .meta({ description: 'What would be asked for.' }),
  to: z.coerce.number().int().min(0).optional().meta({ description: 'The node that would be master.' }),
  force: z.stringbool().default(false),
  replicas: z.coerce
    .number()
    .int()
    .min(0)
    .max(replicasMax)
    .optional()
    .meta({ description: 'How many replicas `scale` would ask for.' }),
})

function intentOf({ ask, to, force, replicas }: z.output<typeof planQuery>): Intent | null {
  switch (ask) {
    case undefined:
      return null
    case 'resume':
      return { kind: ask }
    case 'switchover':
    case 'failover':
      return { kind: ask, to: to ?? null, force }
    case 'scale':
      if (replicas === undefined) throw new Problem(400, 'http/invalid', 'replicas: how many?')
      return { kind: ask, replicas }
  }
}

/** Also what the event stream begins with, and sends when it has changed. */
export function daemonOf(desk: Desk): z.input<typeof shapes.daemon> {
  const checks = desk.readiness()
  return {
    version: desk.version,
    startedAt: timeOf(desk.startedAtMs),
    manifests: desk.manifests,
    flotillas: [...desk.names()],
    ready: checks.every(check => check.trouble === null),
    checks: [...checks],
  }
}

/** Also what the event stream sends when a flotilla was looked at. */
export function flotillaOf({ status, memory, look }: Sight, stale: boolean): z.input<typeof shapes.flotilla> {
  const { image, replicas } = look.input.spec
  return {
    ...status,
    nodes: nodesOf({ status, look }),
    conditions: [...status.conditions],
    doing: [...status.doing],
    waitingFor: [...status.waitingFor],
    failing: [...status.failing],
    refusing: [...status.refusing],
    lookedAt: timeOf(look.input.seen.atMs),
    stale,
    spec: { image, replicas },
    pausedSince: memory.pausedSinceMs === null ? null : timeOf(memory.pausedSinceMs),
  }
}

function nodesOf({ status, look }: Pick<Sight, 'status' | 'look'>): z.input<typeof shapes.node>[] {
  return status.nodes.map(node => {
    const seen = look.input.seen.nodes.find(({ ordinal }) => ordinal === node.ordinal)
    const facts = seen === undefined ? null : factsOfNode(seen)
    return {
      ...node,
      facts:
        facts === null
          ? null
          : {
              flavour: facts.flavour,
              version: facts.version,
              uptimeSeconds: facts.uptimeSeconds,
              keys: facts.keys,
              memoryUsedBytes: facts.memory.usedBytes,
              memoryRssBytes: facts.memory.rssBytes,
              memoryMaxBytes: facts.memory.maxBytes,
              connectedClients: facts.connectedClients,
              operationsPerSecond: facts.opsPerSecond,
              loading: facts.loading !== null,
              aofEnabled: facts.persistence.aofEnabled,
              lastSaveOk: facts.persistence.rdbLastSaveOk && facts.persistence.aofLastWriteOk,
            },
    }
  })
}

function planOf({ look, memory }: Sight, intent: Intent | null): z.input<typeof shapes.plan> {
  const { input } = look
  const plan = intent === null ? look.plan : foresee({ ...input, memory }, intent)
  return {
    flotilla: plan.flotilla,
    lookedAt: timeOf(input.seen.atMs),
    stages: plan.stages.map(stage =>
      stage.map(action => ({
        kind: action.kind,
        action: renderAction(action),
        cause: action.cause,
        disrupts: disruptionOf(action, plan),
      })),
    ),
    waits: plan.waits.map(({ what, ordinal }) => ({ what, node: ordinal })),
    refusals: [...plan.refusals],
    text: renderPlan(plan),
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
