import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readDesired } from '../daemon/manifest-source.js'
import { openJournal } from '../events/journal/journal.js'
import { noDesires, type Desires } from '../manifest/desired.js'
import { Controller } from '../reconciler/controller.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import { lockState, readLockHolder } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { statusNow } from './look.js'
import { selectSound } from './manifests.js'
import type { Output } from './output.js'
import { progressSink, tellProgress } from './progress.js'
import { ProgressBoard } from './progress-board.js'
import { renderStatusList } from './render-status.js'
import type { Places } from './open-store.js'
import { openSession, type Environment, type Session } from './session.js'
import { viewOf } from './view.js'

export interface UpRequest {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly timeoutMs: number
}

/** A hold may resolve itself while other nodes come up; after this long it is a person's turn. */
const holdPatienceMs = 3_000

/** Reconciles until all are Ready, or until nothing more can be done without a person; those whose manifest is broken are left as they are. */
export async function bringUp(
  request: UpRequest,
  output: Output,
): Promise<{ readonly allReady: boolean; readonly manifestsBroken: boolean }> {
  const session = await openSession(request.places, request.env)
  try {
    const { desired, problems } = await selectedDesires(session, request)
    for (const problem of problems) output.note(`manifest: ${problem}`)
    const daemon = await readLockHolder(resolve(request.places.state), systemClock)
    const board = isDrawable(output, request.env)
      ? new ProgressBoard(output, () => process.stdout.rows)
      : null
    const progress = new Progress(output, board, [...desired.flotillas.keys()])
    if (daemon?.alive === true && daemon.holder.command === 'run') {
      output.note(`the daemon (pid ${daemon.holder.pid}) does the work; this only watches`)
      await watchDaemon(session, desired, progress, request.timeoutMs)
    } else {
      await reconcileHere(session, desired, progress, { request, output, board })
    }
    board?.close()
    output.result(renderStatusList(progress.statuses, viewOf(output)))
    for (const { code, why, whatToType } of progress.statuses.flatMap(status => status.refusing))
      output.note(`${code}: ${why}\n  type: ${whatToType}`)
    return { allReady: progress.allReady, manifestsBroken: problems.length > 0 }
  } finally {
    session.close()
  }
}

/** A terminal that can't move its cursor gets the lines that stay, as a pipe does. */
function isDrawable({ stdoutIsTerminal }: Output, env: Environment): boolean {
  return stdoutIsTerminal && env['TERM'] !== 'dumb'
}

async function selectedDesires(
  session: Session,
  { places, names }: UpRequest,
): Promise<{ readonly desired: Desires; readonly problems: readonly string[] }> {
  const { desired } = await readDesired(places.manifests, session.store)
  const { sound, problems } = selectSound(desired, names, places.manifests)
  const declared = sound.filter(({ missing }) => missing === null)
  return {
    desired: { ...noDesires, flotillas: new Map(declared.map(one => [one.spec.name, one])) },
    problems,
  }
}

async function reconcileHere(
  session: Session,
  desired: Desires,
  progress: Progress,
  {
    request,
    output,
    board,
  }: { readonly request: UpRequest; readonly output: Output; readonly board: ProgressBoard | null },
): Promise<void> {
  const lock = await lockState(
    resolve(request.places.state),
    { pid: process.pid, host: hostname(), command: 'up' },
    systemClock,
  )
  await session.owner.holdsLock()
  const journal = openJournal(resolve(request.places.state), {
    clock: systemClock,
    beside: progressSink(board?.above ?? output, board),
  })
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const controller = new Controller({
    eyes: session.eyes,
    store: session.store,
    events: journal,
    clock: systemClock,
    random: Math.random,
    flotillaVersion,
    environment: name => request.env[name],
    onPass: (_name, _outcome, status) => {
      if (status !== null) progress.note(status)
    },
  })
  try {
    controller.setDesired(desired)
    await until(() => progress.isOver, { timeoutMs: request.timeoutMs, signal: interrupted.signal })
    await controller.stop(8_000)
  } finally {
    journal.close()
    await lock.release()
  }
}

/** Another process does the work: look until it is done. */
async function watchDaemon(
  session: Session,
  desired: Desires,
  progress: Progress,
  timeoutMs: number,
): Promise<void> {
  const look = async (): Promise<boolean> => {
    for (const { spec } of desired.flotillas.values()) progress.note(await statusNow(session, spec))
    return progress.isOver
  }
  await until(look, { timeoutMs, signal: new AbortController().signal })
}

async function until(
  condition: () => boolean | Promise<boolean>,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const endMs = systemClock.monotonicMs() + limits.timeoutMs
  while (!(await condition()) && systemClock.monotonicMs() < endMs && !limits.signal.aborted)
    await systemClock.sleep(20, limits.signal)
}

/** What has been seen of each flotilla so far, told as it changes. */
class Progress {
  readonly #output: Output
  readonly #board: ProgressBoard | null
  readonly #names: readonly string[]
  readonly #statuses = new Map<string, FlotillaStatus>()
  #heldSinceMs: number | null = null

  constructor(output: Output, board: ProgressBoard | null, names: readonly string[]) {
    this.#output = board?.above ?? output
    this.#board = board
    this.#names = names
  }

  note(status: FlotillaStatus): void {
    tellProgress(this.#output, this.#statuses.get(status.name) ?? null, status)
    this.#board?.look(status)
    this.#statuses.set(status.name, status)
    const held = this.statuses.some(needsPerson)
    this.#heldSinceMs = held ? (this.#heldSinceMs ?? systemClock.monotonicMs()) : null
  }

  get statuses(): readonly FlotillaStatus[] {
    return [...this.#statuses.values()].sort((a, b) => a.name.localeCompare(b.name))
  }

  get allReady(): boolean {
    return this.#names.every(name => isThere(this.#statuses.get(name)))
  }

  get isOver(): boolean {
    if (this.allReady) return true
    const othersAreDone = this.#names.every(name => {
      const status = this.#statuses.get(name)
      return status !== undefined && (isThere(status) || needsPerson(status))
    })
    return (
      othersAreDone &&
      this.#heldSinceMs !== null &&
      systemClock.monotonicMs() - this.#heldSinceMs > holdPatienceMs
    )
  }
}

/** As wanted: with a master of its own, or with all that the Redis has that it follows. */
function isThere(status: FlotillaStatus | undefined): boolean {
  return status?.phase === 'Ready' || status?.phase === 'Following'
}

/** Held, or well but for something that is refused: nothing more comes of waiting. */
function needsPerson({ phase, refusing, doing, waitingFor }: FlotillaStatus): boolean {
  return phase === 'Held' || (refusing.length > 0 && doing.length === 0 && waitingFor.length === 0)
}
