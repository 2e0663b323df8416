import { z } from 'zod'
import { replicasMax } from '../../manifest/schema.js'
import { factsOfMember } from '../../reconciler/loop/observe-and-plan.js'
import { impactOf } from '../../reconciler/plan/impact.js'
import { previewPlan, type WhatIf } from '../../reconciler/plan/preview.js'
import { renderAction, renderPlan } from '../../reconciler/plan/render-plan.js'
import type { Snapshot } from '../../reconciler/loop/controller.js'
import type { ControlApi } from '../control-api.js'
import { Problem } from '../problem.js'
import { json, route, type Route } from '../route.js'
import * as schemas from '../schemas.js'
import { isStale, requireKnown, snapshotOf } from '../lookup.js'

/** What is known, of the daemon and of each flotilla. */
export function flotillaRoutes(api: ControlApi): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/daemon',
      summary: 'The daemon: its version, since when it runs, whether it is ready',
      access: 'reader',
      responses: { 200: { description: 'The daemon.', schema: schemas.daemon } },
      handle: () => json(daemonOf(api)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/flotillas',
      summary:
        'Every flotilla, as `flotilla status -o json` tells it; one that was not looked at yet is left out',
      access: 'reader',
      responses: {
        200: {
          description: 'The flotillas by name.',
          schema: z.object({ flotillas: z.array(schemas.flotilla) }),
        },
      },
      handle: () =>
        json({
          flotillas: api.names().flatMap(name => {
            const snapshot = api.snapshotOf(name)
            return snapshot === null ? [] : [flotillaOf(snapshot, isStale(api))]
          }),
        }),
    }),
    ofFlotilla(api, '', 'One flotilla', schemas.flotilla, snapshot => flotillaOf(snapshot, isStale(api))),
    ofFlotilla(
      api,
      '/nodes',
      'The nodes of a flotilla, with what their INFO says',
      z.object({ nodes: z.array(schemas.node) }),
      snapshot => ({ nodes: nodesOf(snapshot) }),
    ),
    ofFlotilla(
      api,
      '/history',
      'The changes of masters, newest last',
      z.object({ flotilla: z.string(), history: z.array(schemas.historyEntry) }),
      ({ memory }) => ({ flotilla: memory.flotilla, history: memory.history }),
    ),
    route({
      method: 'GET',
      path: '/api/v1/flotillas/{flotilla}/series',
      summary: 'What the looks of the last hour have measured of each node, in steps of ten seconds',
      access: 'reader',
      params: schemas.flotillaParams,
      responses: { 200: { description: 'The lines.', schema: schemas.series } },
      handle: ({ params }) => {
        requireKnown(api, params.flotilla)
        return json(api.seriesOf(params.flotilla))
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/flotillas/{flotilla}/plan',
      summary:
        'What is done next, waited for and refused, and why; with `ask`, what would be if that were asked for. Changes nothing',
      access: 'reader',
      params: schemas.flotillaParams,
      query: planQuery,
      responses: { 200: { description: 'The plan.', schema: schemas.plan } },
      handle: ({ params, query }) => json(planOf(snapshotOf(api, params.flotilla), parseWhatIf(query))),
    }),
  ]
}

/** What is known of one flotilla. */
function ofFlotilla(
  api: ControlApi,
  path: string,
  summary: string,
  schema: z.ZodType,
  respond: (snapshot: Snapshot) => unknown,
): Route {
  return route({
    method: 'GET',
    path: `/api/v1/flotillas/{flotilla}${path}`,
    summary,
    access: 'reader',
    params: schemas.flotillaParams,
    responses: { 200: { description: summary, schema } },
    handle: ({ params }) => json(respond(snapshotOf(api, params.flotilla))),
  })
}

const planQuery = z.object({
  whatIf: z
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

function parseWhatIf({ whatIf, to, force, replicas }: z.output<typeof planQuery>): WhatIf | null {
  switch (whatIf) {
    case undefined:
      return null
    case 'resume':
      return { kind: whatIf }
    case 'switchover':
    case 'failover':
      return { kind: whatIf, to: to ?? null, force }
    case 'scale':
      if (replicas === undefined) throw new Problem(400, 'http/invalid', 'replicas: how many?')
      return { kind: whatIf, replicas }
  }
}

/** Also what the event stream begins with, and sends when it has changed. */
export function daemonOf(api: ControlApi): z.input<typeof schemas.daemon> {
  const checks = api.readiness()
  return {
    version: api.version,
    startedAt: timeOf(api.startedAtMs),
    manifests: api.manifests,
    flotillas: [...api.names()],
    ready: checks.every(check => check.error === null),
    checks: [...checks],
  }
}

/** Also what the event stream sends when a flotilla was looked at. */
export function flotillaOf(
  { status, memory, assessment }: Snapshot,
  stale: boolean,
): z.input<typeof schemas.flotilla> {
  const { image, replicas } = assessment.input.spec
  return {
    ...status,
    nodes: nodesOf({ status, assessment }),
    gateway: status.gateway === null ? null : { ...status.gateway, replicas: [...status.gateway.replicas] },
    conditions: [...status.conditions],
    doing: [...status.doing],
    waitingFor: [...status.waitingFor],
    failing: [...status.failing],
    refusing: [...status.refusing],
    observedAt: timeOf(assessment.input.seen.atMs),
    stale,
    spec: { image, replicas },
    pausedSince: memory.pausedSinceMs === null ? null : timeOf(memory.pausedSinceMs),
  }
}

function nodesOf({
  status,
  assessment,
}: Pick<Snapshot, 'status' | 'assessment'>): z.input<typeof schemas.node>[] {
  return status.nodes.map(node => {
    const facts = factsOfMember(assessment, node.ordinal)
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

function planOf({ assessment, memory }: Snapshot, whatIf: WhatIf | null): z.input<typeof schemas.plan> {
  const { input } = assessment
  const plan = whatIf === null ? assessment.plan : previewPlan({ ...input, memory }, whatIf)
  return {
    flotilla: plan.flotilla,
    observedAt: timeOf(input.seen.atMs),
    stages: plan.stages.map(stage =>
      stage.map(action => ({
        kind: action.kind,
        action: renderAction(action),
        cause: action.cause,
        disrupts: impactOf(action, plan),
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
