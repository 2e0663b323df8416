import { randomUUID } from 'node:crypto'
import { systemClock } from '../clock.js'
import { readDesired } from '../daemon/manifest-source.js'
import { FlotillaError } from '../errors.js'
import type { DesiredFlotilla } from '../manifest/desired.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import type { Request } from '../reconciler/memory.js'
import { whyNotWhilePaused } from '../reconciler/open-request.js'
import { foresee } from '../reconciler/plan/foresee.js'
import type { Answer } from '../state/answers.js'
import { askAndWait } from '../state/ask-and-wait.js'
import { submitAsk, type PauseAsk, type RestartAsk, type RotateAsk } from '../state/requests.js'
import { whoActs } from './acting.js'
import { interruption } from './interrupt.js'
import { daemonOrSelf } from './keeper.js'
import { lookOnly } from './look.js'
import { selectFlotilla } from './manifests.js'
import type { Output } from './output.js'
import type { Places } from './open-store.js'
import { openSession, type Environment, type Session } from './session.js'

export interface AskRequest {
  readonly places: Places
  readonly env: Environment
  readonly name: string
  readonly timeoutMs: number
}

type MasterWish = Pick<Request, 'kind' | 'to' | 'force'>

/**
 * Asks for a change of masters and waits for the answer: of the daemon, when one runs, else of this process. What can't be done is refused before anybody is asked.
 * @returns null when the keeper has said nothing, not even that it has given the request up.
 * @throws FlotillaError usage/invalid for a flotilla that no manifest declares, state/locked while another command works on the state directory.
 */
export async function askForMaster(
  request: AskRequest,
  wanted: MasterWish,
  output: Output,
): Promise<Answer | null> {
  const { places, env, name, timeoutMs } = request
  const signal = interruption()
  const requestId = randomUUID()
  const session = await openSession(places, env)
  try {
    const flotilla = await known(session, request)
    const refusal = await whyNotAsk(session, flotilla.spec, wanted)
    if (refusal !== null) return { requestId, result: 'refused', detail: refusal }
    const keeper = await daemonOrSelf(session, { flotilla, command: wanted.kind, env }, output)
    try {
      return await askAndWait({
        directory: session.store.directory,
        flotilla: name,
        ask: { ...wanted, requestId, atMs: systemClock.nowMs(), timeoutMs },
        readMemory: () => session.store.peekMemory(name),
        clock: systemClock,
        signal,
        wake: () => keeper.wake(),
      })
    } finally {
      await keeper.release()
    }
  } finally {
    session.close()
  }
}

/**
 * What the planner would answer, by one look of our own. Of a failover only what is asked of a master that answers: whether a silent one is dead is the keeper's to
 * say, who has watched it for longer.
 */
async function whyNotAsk(session: Session, spec: FlotillaSpec, wanted: MasterWish): Promise<string | null> {
  const memory = await session.store.peekMemory(spec.name)
  if (memory === null) return null
  const paused = whyNotWhilePaused(memory)
  if (paused !== null) return paused
  if (wanted.kind === 'failover' && wanted.force) return null
  const { input } = await lookOnly(session, spec)
  const master = input.seen.nodes.find(node => node.ordinal === input.memory.master?.ordinal)
  if (wanted.kind === 'failover' && master?.probe?.kind !== 'answered') return null
  const answers = foresee(input, wanted).stages.flat()
  const refused = answers.find(action => action.kind === 'answer-request' && action.result === 'refused')
  return refused?.cause ?? null
}

/** Asks that are taken by a keeper that runs or, where there is none, by the next one. */
type Order = Pick<PauseAsk, 'kind'> | Pick<RestartAsk, 'kind' | 'node'> | Pick<RotateAsk, 'kind' | 'users'>

/** A keeper takes orders at its next pass. */
const orderTimeoutMs = 10_000

/**
 * Gives an order and waits until it is taken.
 * @returns the pid of the keeper that has taken it; null when none runs, and the order waits for the next one.
 * @throws FlotillaError usage/invalid when it is refused, state/locked when the keeper does not answer: then the order is withdrawn.
 */
export async function giveOrder(session: Session, name: string, order: Order): Promise<number | null> {
  const pid = (await whoActs({ state: session.store.directory }))?.pid ?? null
  const frame = { requestId: randomUUID(), atMs: systemClock.nowMs() }
  const directory = session.store.directory
  if (pid === null) {
    await submitAsk(directory, name, { ...order, ...frame, timeoutMs: null })
    return null
  }
  const answer = await askAndWait({
    directory,
    flotilla: name,
    ask: { ...order, ...frame, timeoutMs: orderTimeoutMs },
    readMemory: () => session.store.peekMemory(name),
    clock: systemClock,
  })
  if (answer?.result === 'done') return pid
  if (answer?.result === 'refused') throw new FlotillaError('usage/invalid', `${name}: ${answer.detail}`)
  throw new FlotillaError(
    'state/locked',
    `the daemon (pid ${pid}) has not answered within ${orderTimeoutMs / 1_000} s, and the ${order.kind} is withdrawn`,
    { hint: 'Look at its log.' },
  )
}

/** Asks the keeper of a flotilla to hold still, or to go on. Takes effect at its next pass, also of one that is started later. */
export async function askToPause(
  request: Omit<AskRequest, 'timeoutMs'>,
  kind: 'pause' | 'resume',
): Promise<string> {
  const { name } = request
  return withSession(request, async session => {
    await known(session, request)
    const pid = await giveOrder(session, name, { kind })
    if (pid === null) return `${name}: no daemon runs; the next one will ${kind}\n`
    return kind === 'pause'
      ? `${name}: paused; nothing is changed until: flotilla resume ${name}\n`
      : `${name}: resumed\n`
  })
}

/**
 * Asks the keeper of a flotilla to recreate nodes, one after the other, the master last and after a switchover; also lifts the hold CrashLooping.
 * Without a daemon the next `up` or `run` does it.
 */
export async function askToRestart(
  request: Omit<AskRequest, 'timeoutMs'>,
  node: number | null,
): Promise<string> {
  const { name } = request
  return withSession(request, async session => {
    await known(session, request)
    await requireNode(session, name, node)
    const pid = await giveOrder(session, name, { kind: 'restart', node })
    const who = node === null ? 'every node, one after the other' : `node ${node}`
    return pid === null
      ? `${name}: ${who} is recreated by the next: flotilla up ${name}\n`
      : `${name}: the daemon (pid ${pid}) recreates ${who}; watch it with: flotilla status ${name} -w\n`
  })
}

async function requireNode(session: Session, name: string, node: number | null): Promise<void> {
  const ordinals = (await session.store.peekMemory(name))?.nodes.map(one => one.ordinal) ?? []
  if (node === null || ordinals.includes(node)) return
  throw new FlotillaError('usage/invalid', `${name} has no node ${node}`, {
    hint:
      ordinals.length === 0 ? `It has none yet: flotilla up ${name}` : `There is: ${ordinals.join(', ')}.`,
  })
}

async function withSession<Result>(
  { places, env }: Pick<AskRequest, 'places' | 'env'>,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(places, env)
  try {
    return await work(session)
  } finally {
    session.close()
  }
}

async function known(
  session: Session,
  { places, name }: Pick<AskRequest, 'places' | 'name'>,
): Promise<DesiredFlotilla> {
  const { desired } = await readDesired(places.manifests, session.store)
  return selectFlotilla(desired, name, places.manifests)
}
