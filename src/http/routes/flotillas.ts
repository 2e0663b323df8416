import { z } from 'zod'
import { factsOfNode } from '../../reconciler/node-facts.js'
import { renderAction, renderPlan } from '../../reconciler/plan/text.js'
import type { Sight } from '../../reconciler/controller.js'
import type { Desk } from '../desk.js'
import { json, route, type Route } from '../route.js'
import * as shapes from '../schemas.js'
import { sightOf } from '../sights.js'

/** What is known, of the daemon and of each flotilla. */
export function flotillaRoutes(desk: Desk): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/daemon',
      summary: 'The daemon: its version, since when it runs, whether it is ready',
      for: 'reader',
      answers: { 200: { describe: 'The daemon.', schema: daemonShape } },
      handle: () => {
        const checks = desk.readiness()
        return json({
          version: desk.version,
          startedAt: timeOf(desk.startedAtMs),
          ready: checks.every(check => check.trouble === null),
          checks,
        })
      },
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
            return sight === null ? [] : [flotillaOf(sight)]
          }),
        }),
    }),
    ofFlotilla('', 'One flotilla', shapes.flotilla, flotillaOf),
    ofFlotilla(
      '/nodes',
      'The nodes of a flotilla, with what their INFO says',
      z.object({ nodes: z.array(shapes.node) }),
      nodesOf,
    ),
    ofFlotilla(
      '/history',
      'The changes of masters, newest last',
      z.object({ flotilla: z.string(), history: z.array(shapes.historyEntry) }),
      ({ memory }) => ({ flotilla: memory.flotilla, history: memory.history }),
    ),
    ofFlotilla('/plan', 'What is done next, waited for and refused, and why', shapes.plan, planOf),
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

const daemonShape = z.object({
  version: z.string(),
  startedAt: z.iso.datetime(),
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), trouble: z.string().nullable() })),
})

/** Also what the event stream sends when a flotilla was looked at. */
export function flotillaOf({ status, memory, look }: Sight): z.input<typeof shapes.flotilla> {
  const { image, replicas } = look.input.spec
  return {
    ...(structuredClone(status) as z.input<typeof shapes.flotilla>),
    lookedAt: timeOf(look.input.seen.atMs),
    spec: { image, replicas },
    pausedSince: memory.pausedSinceMs === null ? null : timeOf(memory.pausedSinceMs),
  }
}

function nodesOf({ status, look }: Sight): unknown {
  return {
    nodes: status.nodes.map(node => {
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
    }),
  }
}

function planOf({ look }: Sight): unknown {
  const { plan, input } = look
  return {
    flotilla: plan.flotilla,
    lookedAt: timeOf(input.seen.atMs),
    stages: plan.stages.map(stage =>
      stage.map(action => ({ kind: action.kind, action: renderAction(action), cause: action.cause })),
    ),
    waits: plan.waits.map(({ what, ordinal }) => ({ what, node: ordinal })),
    refusals: plan.refusals,
    text: renderPlan(plan),
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
