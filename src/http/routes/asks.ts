import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { replicasMax } from '../../manifest/schema.js'
import { renderAnswer } from '../../reconciler/answer-text.js'
import type { Desk, MasterWish } from '../desk.js'
import { Problem, problemSchema } from '../problem.js'
import { json, route, type Answer, type Route } from '../route.js'
import { flotillaParams, historyEntry } from '../schemas.js'
import { requireEngine, requireKnown } from '../sights.js'

/** What a person may ask for: the same requests as `flotilla switchover`, `failover`, `pause`, `resume` and `scale` make. */
export function askRoutes(desk: Desk): readonly Route[] {
  return [
    asking('switchover', {
      summary: 'Hand the mastership over to a replica that is in sync, losing no write',
      body: z.strictObject({ to, timeoutSeconds }),
      answers: masterAnswers,
      ask: (flotilla, body, signal) =>
        changeMaster(desk, flotilla, { kind: 'switchover', ...wishOf(body), force: false, signal }),
    }),
    asking('failover', {
      summary: 'Replace a master that is dead, hung or in doubt',
      body: z.strictObject({
        to,
        timeoutSeconds,
        force: z
          .boolean()
          .default(false)
          .meta({ description: 'Also by a node that may lack writes, which are then lost.' }),
      }),
      answers: masterAnswers,
      ask: (flotilla, body, signal) =>
        changeMaster(desk, flotilla, { kind: 'failover', ...wishOf(body), force: body.force, signal }),
    }),
    pausing('pause', 'Hold still: change nothing, fail over nothing'),
    pausing('resume', 'Go on after a pause; also says that lost data is known of'),
    asking('scale', {
      summary: 'Write another number of replicas into the manifest; the daemon then applies it',
      body: z.strictObject({ replicas: z.int().min(0).max(replicasMax) }),
      answers: {
        202: { describe: 'The manifest says so now.', schema: scaledShape },
        409: { describe: 'The manifest can not be edited; how to do it by hand.', schema: problemSchema },
      },
      ask: async (flotilla, { replicas }) => json(await desk.scale(flotilla, replicas), 202),
    }),
  ]

  function asking<Body extends z.ZodObject>(
    verb: string,
    what: Pick<Route, 'summary' | 'answers'> & {
      readonly body: Body
      readonly ask: (flotilla: string, body: z.output<Body>, signal: AbortSignal) => Promise<Answer>
    },
  ): Route {
    const { ask, ...rest } = what
    return route({
      ...rest,
      method: 'POST',
      path: `/api/v1/flotillas/{flotilla}/${verb}`,
      for: 'keeper',
      params: flotillaParams,
      handle: ({ params, body, reply }) => {
        requireKnown(desk, params.flotilla)
        return ask(params.flotilla, body as z.output<Body>, whenGone(reply))
      },
    })
  }

  function pausing(verb: 'pause' | 'resume', summary: string): Route {
    return asking(verb, {
      summary,
      body: z.strictObject({}),
      answers: {
        200: { describe: 'It has taken effect.', schema: z.object({ paused: z.boolean() }) },
        503: { describe: 'The daemon is too busy to take it; it is withdrawn.', schema: problemSchema },
      },
      ask: async flotilla => {
        const answer = await desk.askToPause(flotilla, verb)
        if (answer?.result === 'done') return json({ paused: verb === 'pause' })
        throw new Problem(503, 'request/withdrawn', `${flotilla}: the daemon is too busy to ${verb} it`, {
          hint: 'Try again.',
        })
      },
    })
  }
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

const scaledShape = z.object({ file: z.string(), from: z.int(), to: z.int() })

const masterAnswers: Route['answers'] = {
  200: {
    describe: 'It is done.',
    schema: z.object({ requestId: z.string(), text: z.string(), entry: historyEntry }),
  },
  202: {
    describe:
      'It has been begun and has not ended in time; the history will have an entry with this requestId.',
    schema: z.object({ requestId: z.string() }),
  },
  409: {
    describe: 'It was refused, called off or given up, and why; no other node is master.',
    schema: problemSchema,
  },
  503: { describe: 'The engine does not answer; nothing was asked for.', schema: problemSchema },
}

function wishOf(body: {
  readonly to?: number | undefined
  readonly timeoutSeconds: number
}): Pick<MasterWish, 'to' | 'timeoutMs'> {
  return { to: body.to ?? null, timeoutMs: body.timeoutSeconds * 1_000 }
}

/** Aborts when the client closes its connection before it has been answered. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableEnded) gone.abort()
  })
  return gone.signal
}

async function changeMaster(desk: Desk, flotilla: string, wish: MasterWish): Promise<Answer> {
  requireEngine(desk, flotilla)
  const { requestId, answer } = await desk.askForMaster(flotilla, wish)
  if (answer === null) return json({ requestId }, 202)
  const said = renderAnswer(flotilla, answer)
  if (answer.result === 'done' && 'epoch' in answer) return json({ requestId, text: said, entry: answer })
  throw new Problem(409, `request/${answer.result}`, said, {
    hint: `See what stands in the way: /api/v1/flotillas/${flotilla}/plan`,
  })
}
