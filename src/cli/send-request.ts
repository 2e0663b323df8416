import { randomUUID } from 'node:crypto'
import { systemClock } from '../clock.js'
import { readDesired } from '../session/manifest-source.js'
import { FlotillaError } from '../errors.js'
import type { DesiredFlotilla } from '../manifest/desired-state.js'
import type { FlotillaSpec } from '../model/spec.js'
import type { Request } from '../model/record.js'
import { whyNotBegin } from '../reconciler/record/open-request.js'
import { previewPlan } from '../reconciler/plan/preview.js'
import type { RequestResult } from '../state/await-result.js'
import { requestAndWait } from '../state/request-and-wait.js'
import {
  submitRequest,
  type PauseRequest,
  type RestartRequest,
  type RotateRequest,
} from '../state/requests.js'
import { findReconciler } from './active-reconciler.js'
import { interruptSignal } from './interrupt.js'
import { daemonOrLocal } from './local-reconciler.js'
import { observeOnce } from './observe-once.js'
import { selectFlotilla } from '../session/manifests.js'
import type { Output } from './output.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'

export interface RequestTarget {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly timeoutMs: number
}

type MasterChange = Pick<Request, 'kind' | 'to' | 'force'>

/**
 * Asks for a change of masters and waits for the answer: of the daemon, when one runs, else of this process.
 * What can't be done is refused before anybody is asked.
 * @returns null when the keeper has said nothing, not even that it has given the request up.
 * @throws FlotillaError usage/invalid for a flotilla that no manifest declares, state/locked while another
 * command works on the state directory.
 */
export async function requestMasterChange(
  request: RequestTarget,
  wanted: MasterChange,
  output: Output,
): Promise<RequestResult | null> {
  const { paths, env, name, timeoutMs } = request
  const signal = interruptSignal()
  const requestId = randomUUID()
  const session = await openSession(paths, env)
  try {
    const flotilla = await findDeclared(session, request)
    const refusal = await whyNotRequest(session, flotilla.spec, wanted)
    if (refusal !== null) return { requestId, result: 'refused', detail: refusal }
    const reconciler = await daemonOrLocal(session, { flotilla, command: wanted.kind, env }, output)
    try {
      return await requestAndWait({
        directory: session.store.directory,
        flotilla: name,
        request: { ...wanted, requestId, atMs: systemClock.nowMs(), timeoutMs },
        readMemory: () => session.store.peekMemory(name),
        clock: systemClock,
        signal,
        wake: () => reconciler.wake(),
      })
    } finally {
      await reconciler.release()
    }
  } finally {
    session.close()
  }
}

/**
 * What the planner would answer, by one look of our own. Of a failover only what is asked of a master that
 * answers: whether a silent one is dead is the keeper's to say, who has watched it for longer.
 */
async function whyNotRequest(
  session: Session,
  spec: FlotillaSpec,
  wanted: MasterChange,
): Promise<string | null> {
  const memory = await session.store.peekMemory(spec.name)
  if (memory === null) return null
  const notNow = whyNotBegin(memory)
  if (notNow !== null) return notNow
  if (wanted.kind === 'failover' && wanted.force) return null
  const { input } = await observeOnce(session, spec)
  const master = input.seen.nodes.find(node => node.ordinal === input.memory.master?.ordinal)
  if (wanted.kind === 'failover' && master?.probe?.kind !== 'answered') return null
  const answers = previewPlan(input, wanted).stages.flat()
  const refused = answers.find(action => action.kind === 'complete-request' && action.result === 'refused')
  return refused?.cause ?? null
}

/** Asks that are taken by a keeper that runs or, where there is none, by the next one. */
type SimpleRequest =
  Pick<PauseRequest, 'kind'> | Pick<RestartRequest, 'kind' | 'node'> | Pick<RotateRequest, 'kind' | 'users'>

/** A keeper takes orders at its next pass. */
const acceptTimeoutMs = 10_000

/**
 * Gives an order and waits until it is taken.
 * @returns the pid of the keeper that has taken it; null when none runs, and the order waits for the next
 * one.
 * @throws FlotillaError usage/invalid when it is refused, state/locked when the keeper does not answer: then
 * the order is withdrawn.
 */
export async function sendRequest(
  session: Session,
  name: string,
  change: SimpleRequest,
): Promise<number | null> {
  const pid = (await findReconciler({ state: session.store.directory }))?.pid ?? null
  const frame = { requestId: randomUUID(), atMs: systemClock.nowMs() }
  const directory = session.store.directory
  if (pid === null) {
    await submitRequest(directory, name, { ...change, ...frame, timeoutMs: null })
    return null
  }
  const answer = await requestAndWait({
    directory,
    flotilla: name,
    request: { ...change, ...frame, timeoutMs: acceptTimeoutMs },
    readMemory: () => session.store.peekMemory(name),
    clock: systemClock,
  })
  if (answer?.result === 'done') return pid
  if (answer?.result === 'refused') throw new FlotillaError('usage/invalid', `${name}: ${answer.detail}`)
  throw new FlotillaError(
    'state/locked',
    `the daemon (pid ${pid}) has not answered within ${acceptTimeoutMs / 1_000} s, and the ${change.kind} is withdrawn`,
    { hint: 'Look at its log.' },
  )
}

/**
 * Asks the keeper of a flotilla to hold still, or to go on. Takes effect at its next pass, also of one that
 * is started later.
 */
export async function requestPause(
  request: Omit<RequestTarget, 'timeoutMs'>,
  kind: 'pause' | 'resume',
): Promise<string> {
  const { name } = request
  return withSession(request, async session => {
    await findDeclared(session, request)
    const pid = await sendRequest(session, name, { kind })
    if (pid === null) return `${name}: no daemon runs; the next one will ${kind}\n`
    return kind === 'pause'
      ? `${name}: paused; nothing is changed until: flotilla resume ${name}\n`
      : `${name}: resumed\n`
  })
}

/**
 * Asks the keeper of a flotilla to recreate nodes, one after the other, the master last and after a
 * switchover; also lifts the hold CrashLooping. Without a daemon the next `up` or `run` does it.
 */
export async function requestRestart(
  request: Omit<RequestTarget, 'timeoutMs'>,
  node: number | null,
): Promise<string> {
  const { name } = request
  return withSession(request, async session => {
    await findDeclared(session, request)
    await requireNode(session, name, node)
    const pid = await sendRequest(session, name, { kind: 'restart', node })
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
  { paths, env }: Pick<RequestTarget, 'paths' | 'env'>,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(paths, env)
  try {
    return await work(session)
  } finally {
    session.close()
  }
}

async function findDeclared(
  session: Session,
  { paths, name }: Pick<RequestTarget, 'paths' | 'name'>,
): Promise<DesiredFlotilla> {
  const { desired } = await readDesired(paths.manifests, session.store)
  return selectFlotilla(desired, name, paths.manifests)
}
