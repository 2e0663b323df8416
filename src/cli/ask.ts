import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readDesired } from '../daemon/manifest-source.js'
import { FlotillaError } from '../errors.js'
import { openJournal } from '../events/journal/journal.js'
import { noDesires } from '../manifest/desired.js'
import { Controller } from '../reconciler/controller.js'
import type { HistoryEntry, Request } from '../reconciler/memory.js'
import { awaitAnswer, awaitPause } from '../state/answers.js'
import { lockState, readLockHolder } from '../state/lock.js'
import { submitAsk, type Ask } from '../state/requests.js'
import { flotillaVersion } from '../version.js'
import { selectFlotilla } from './manifests.js'
import type { Output } from './output.js'
import { progressSink } from './progress.js'
import { openSession, type Environment, type Places, type Session } from './session.js'

export interface AskRequest {
  readonly places: Places
  readonly env: Environment
  readonly name: string
  readonly timeoutMs: number
}

/** The answer that came, or null when none came in time. */
export type Answer = HistoryEntry | null

/**
 * Asks for a change of masters and waits for the answer: of the daemon, when one runs, else of this process.
 * @throws FlotillaError usage/invalid for a flotilla that no manifest declares.
 */
export async function askForMaster(
  request: AskRequest,
  wanted: { readonly kind: Request['kind']; readonly to: number | null; readonly force: boolean },
  output: Output,
): Promise<Answer> {
  const requestId = randomUUID()
  const session = await openSession(request.places, request.env)
  try {
    await requireKnown(session, request)
    await submitAsk(session.store.directory, request.name, {
      ...wanted,
      requestId,
      atMs: systemClock.nowMs(),
      timeoutMs: request.timeoutMs,
    })
    const stop = await daemonOrSelf(session, request, output)
    try {
      return await awaitAnswer(() => session.store.peekMemory(request.name), {
        requestId,
        timeoutMs: request.timeoutMs,
        clock: systemClock,
      })
    } finally {
      await stop()
    }
  } finally {
    session.close()
  }
}

/** Asks the keeper of a flotilla to hold still, or to go on. Takes effect at its next pass, also of one that is started later. */
export async function askToPause(
  request: Omit<AskRequest, 'timeoutMs'>,
  kind: 'pause' | 'resume',
): Promise<string> {
  const session = await openSession(request.places, request.env)
  try {
    await requireKnown(session, request)
    const ask: Ask = { kind, requestId: randomUUID(), atMs: systemClock.nowMs() }
    await submitAsk(session.store.directory, request.name, ask)
    const daemon = await readLockHolder(resolve(request.places.state), systemClock)
    if (daemon?.alive !== true) return `${request.name}: no daemon runs; the next one will ${kind}\n`
    const isSo = await awaitPause(() => session.store.peekMemory(request.name), {
      kind,
      timeoutMs: 10_000,
      clock: systemClock,
    })
    if (isSo)
      return kind === 'pause'
        ? `${request.name}: paused; nothing is changed until: flotilla resume ${request.name}\n`
        : `${request.name}: resumed\n`
    throw new FlotillaError(
      'state/locked',
      `the daemon (pid ${daemon.holder.pid}) has not answered within 10 s`,
      { hint: 'Look at its log.' },
    )
  } finally {
    session.close()
  }
}

/**
 * Asks the keeper of a flotilla to make nodes anew, one after the other, the master last and after a hand-over; also lifts the hold CrashLooping.
 * Without a daemon the next `up` or `run` does it.
 */
export async function askToRestart(
  request: Omit<AskRequest, 'timeoutMs'>,
  node: number | null,
): Promise<string> {
  const session = await openSession(request.places, request.env)
  try {
    await requireKnown(session, request)
    await requireNode(session, request.name, node)
    const ask: Ask = { kind: 'restart', node, requestId: randomUUID(), atMs: systemClock.nowMs() }
    await submitAsk(session.store.directory, request.name, ask)
    const daemon = await readLockHolder(resolve(request.places.state), systemClock)
    const who = node === null ? 'every node, one after the other' : `node ${node}`
    return daemon?.alive === true
      ? `${request.name}: the daemon (pid ${daemon.holder.pid}) makes ${who} anew; watch it with: flotilla status ${request.name} -w\n`
      : `${request.name}: ${who} is made anew by the next: flotilla up ${request.name}\n`
  } finally {
    session.close()
  }
}

async function requireNode(session: Session, name: string, node: number | null): Promise<void> {
  const known = (await session.store.peekMemory(name))?.nodes.map(one => one.ordinal) ?? []
  if (node === null || known.includes(node)) return
  throw new FlotillaError('usage/invalid', `${name} has no node ${node}`, {
    hint: known.length === 0 ? `It has none yet: flotilla up ${name}` : `There is: ${known.join(', ')}.`,
  })
}

async function requireKnown(
  session: Session,
  { places, name }: Pick<AskRequest, 'places' | 'name'>,
): Promise<void> {
  const { desired } = await readDesired(places.manifests, session.store)
  selectFlotilla(desired, name, places.manifests)
}

/** Without a daemon this process keeps the flotilla for as long as the answer takes. */
async function daemonOrSelf(
  session: Session,
  { places, env, name }: AskRequest,
  output: Output,
): Promise<() => Promise<void>> {
  const daemon = await readLockHolder(resolve(places.state), systemClock)
  if (daemon?.alive === true && daemon.holder.command === 'run') return () => Promise.resolve()
  const lock = await lockState(
    resolve(places.state),
    { pid: process.pid, host: hostname(), command: 'change of masters' },
    systemClock,
  )
  const journal = openJournal(resolve(places.state), { clock: systemClock, beside: progressSink(output) })
  const { desired } = await readDesired(places.manifests, session.store)
  const controller = new Controller({
    eyes: session.eyes,
    store: session.store,
    events: journal,
    clock: systemClock,
    random: Math.random,
    flotillaVersion,
    environment: variable => env[variable],
  })
  controller.setDesired({
    ...noDesires,
    flotillas: new Map([...desired.flotillas].filter(([one]) => one === name)),
  })
  return async () => {
    await controller.stop(8_000)
    journal.close()
    await lock.release()
  }
}
