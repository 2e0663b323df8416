import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { replicasMax } from '../../manifest/schema.js'
import { renderRequestResult } from '../../reconciler/report/request-result-text.js'
import type { ControlApi, MasterChange } from '../control-api.js'
import { Problem, problemSchema } from '../problem.js'
import { json, route, type RouteResponse, type Route } from '../route.js'
import { flotillaParams, historyEntry } from '../schemas.js'
import { requireEngine, requireKnown } from '../lookup.js'

/**
 * What a person may ask for: the same requests as `flotilla switchover`, `failover`, `pause`, `resume` and
 * `scale` make.
 */
export function requestRoutes(api: ControlApi): readonly Route[] {
  return [
    requestRoute(api, 'switchover', {
      summary: 'Make a replica that is in sync master, losing no write',
      body: z.strictObject({ to, timeoutSeconds }),
      responses: masterResponses,
      submit: (flotilla, body, signal) =>
        changeMaster(api, flotilla, { kind: 'switchover', ...changeOptions(body), force: false, signal }),
    }),
    requestRoute(api, 'failover', {
      summary: 'Replace a master that is dead, hung or in doubt',
      body: z.strictObject({
        to,
        timeoutSeconds,
        force: z
          .boolean()
          .default(false)
          .meta({ description: 'Also by a node that may lack writes, which are then lost.' }),
      }),
      responses: masterResponses,
      submit: (flotilla, body, signal) =>
        changeMaster(api, flotilla, { kind: 'failover', ...changeOptions(body), force: body.force, signal }),
    }),
    pauseRoute(api, 'pause', 'Hold still: change nothing, fail over nothing'),
    pauseRoute(api, 'resume', 'Go on after a pause; also says that lost data is known of'),
    requestRoute(api, 'scale', {
      summary: 'Write another number of replicas into the manifest; the daemon then applies it',
      body: z.strictObject({ replicas: z.int().min(0).max(replicasMax) }),
      responses: {
        202: { description: 'The manifest says so now.', schema: scaledSchema },
        409: { description: 'The manifest can not be edited; how to do it by hand.', schema: problemSchema },
      },
      submit: async (flotilla, { replicas }) => json(await api.scale(flotilla, replicas), 202),
    }),
  ]
}

function requestRoute<Body extends z.ZodObject>(
  api: ControlApi,
  verb: string,
  what: Pick<Route, 'summary' | 'responses'> & {
    readonly body: Body
    readonly submit: (flotilla: string, body: z.output<Body>, signal: AbortSignal) => Promise<RouteResponse>
  },
): Route {
  const { submit, ...rest } = what
  return route({
    ...rest,
    method: 'POST',
    path: `/api/v1/flotillas/{flotilla}/${verb}`,
    access: 'operator',
    params: flotillaParams,
    handle: ({ params, body, reply }) => {
      requireKnown(api, params.flotilla)
      return submit(params.flotilla, body as z.output<Body>, abortOnClose(reply))
    },
  })
}

function pauseRoute(api: ControlApi, verb: 'pause' | 'resume', summary: string): Route {
  return requestRoute(api, verb, {
    summary,
    body: z.strictObject({}),
    responses: {
      200: { description: 'It has taken effect.', schema: z.object({ paused: z.boolean() }) },
      503: { description: 'The daemon is too busy to take it; it is withdrawn.', schema: problemSchema },
    },
    submit: async flotilla => {
      const result = await api.requestPause(flotilla, verb)
      if (result?.result === 'done') return json({ paused: verb === 'pause' })
      throw new Problem(503, 'request/withdrawn', `${flotilla}: the daemon is too busy to ${verb} it`, {
        hint: 'Try again.',
      })
    },
  })
}

const to = z
  .int()
  .min(0)
  .optional()
  .meta({ description: 'The node that is to be master; left out, Flotilla chooses.' })

const timeoutSeconds = z
  .int()
  .min(1)
  .max(300)
  .default(30)
  .meta({ description: 'After this long the request is given up: what has not been begun never will be.' })

const scaledSchema = z.object({ file: z.string(), from: z.int(), to: z.int() })

const masterResponses: Route['responses'] = {
  200: {
    description: 'It is done.',
    schema: z.object({ requestId: z.string(), text: z.string(), entry: historyEntry }),
  },
  202: {
    description:
      'It has been begun and has not ended in time; the history will have an entry with this requestId.',
    schema: z.object({ requestId: z.string() }),
  },
  409: {
    description: 'It was refused, aborted or given up, and why; no other node is master.',
    schema: problemSchema,
  },
  503: { description: 'The engine does not answer; nothing was asked for.', schema: problemSchema },
}

function changeOptions(body: {
  readonly to?: number | undefined
  readonly timeoutSeconds: number
}): Pick<MasterChange, 'to' | 'timeoutMs'> {
  return { to: body.to ?? null, timeoutMs: body.timeoutSeconds * 1_000 }
}

/** Aborts when the client closes its connection before it has been answered. */
function abortOnClose({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableEnded) gone.abort()
  })
  return gone.signal
}

async function changeMaster(api: ControlApi, flotilla: string, change: MasterChange): Promise<RouteResponse> {
  requireEngine(api, flotilla)
  const { requestId, result } = await api.requestMasterChange(flotilla, change)
  if (result === null) return json({ requestId }, 202)
  const message = renderRequestResult(flotilla, result)
  if (result.result === 'done' && 'epoch' in result) return json({ requestId, text: message, entry: result })
  throw new Problem(409, `request/${result.result}`, message, {
    hint: `See what stands in the way: /api/v1/flotillas/${flotilla}/plan`,
  })
}
