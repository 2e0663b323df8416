import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readDesired } from '../session/manifest-source.js'
import { openJournal } from '../events/journal/journal.js'
import { emptyDesiredState, type DesiredState } from '../manifest/desired-state.js'
import { Controller } from '../reconciler/loop/controller.js'
import type { FlotillaStatus } from '../model/status.js'
import { lockState, readLockHolder } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { statusNow } from './observe-once.js'
import { selectValid } from '../session/manifests.js'
import type { Output } from './output.js'
import { progressSink, reportProgress } from './progress.js'
import { ProgressBoard } from './progress-board.js'
import { renderStatusList } from './render-status.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'
import { renderContext } from './render-context.js'

export interface UpRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
  readonly timeoutMs: number
}

/** A hold may resolve itself while other nodes come up; after this long it is a person's turn. */
const holdGraceMs = 3_000

/**
 * Reconciles until all are Ready, or until nothing more can be done without a person; those whose manifest is
 * broken are left as they are.
 */
export async function bringUp(
  request: UpRequest,
  output: Output,
): Promise<{ readonly allReady: boolean; readonly manifestsBroken: boolean }> {
  const session = await openSession(request.paths, request.env)
  try {
    const { desired, problems } = await selectDesired(session, request)
    for (const problem of problems) output.note(`manifest: ${problem}`)
    const daemon = await readLockHolder(resolve(request.paths.state), systemClock)
    const board = isDrawable(output, request.env)
      ? new ProgressBoard(output, () => process.stdout.rows)
      : null
    const progress = new Progress(output, board, [...desired.flotillas.keys()])
    if (daemon?.alive === true && daemon.holder.command === 'run') {
      output.note(`the daemon (pid ${daemon.holder.pid}) does the work; this only watches`)
      await watchDaemon(session, desired, progress, request.timeoutMs)
    } else {
      await reconcileLocally(session, desired, progress, { request, output, board })
    }
    board?.close()
    output.result(renderStatusList(progress.statuses, renderContext(output)))
    for (const { code, reason, remedy } of progress.statuses.flatMap(status => status.refusing))
      output.note(`${code}: ${reason}\n  fix: ${remedy}`)
    return { allReady: progress.allReady, manifestsBroken: problems.length > 0 }
  } finally {
    session.close()
  }
}

/** A terminal that can't move its cursor gets the lines that stay, as a pipe does. */
function isDrawable({ stdoutIsTerminal }: Output, env: Environment): boolean {
  return stdoutIsTerminal && env['TERM'] !== 'dumb'
}

async function selectDesired(
  session: Session,
  { paths, names }: UpRequest,
): Promise<{ readonly desired: DesiredState; readonly problems: readonly string[] }> {
  const { desired } = await readDesired(paths.manifests, session.store)
  const { valid, problems } = selectValid(desired, names, paths.manifests)
  const declared = valid.filter(({ missing }) => missing === null)
  return {
    desired: { ...emptyDesiredState, flotillas: new Map(declared.map(one => [one.spec.name, one])) },
    problems,
  }
}

async function reconcileLocally(
  session: Session,
  desired: DesiredState,
  progress: Progress,
  {
    request,
    output,
    board,
  }: { readonly request: UpRequest; readonly output: Output; readonly board: ProgressBoard | null },
): Promise<void> {
  const lock = await lockState(
    resolve(request.paths.state),
    { pid: process.pid, host: hostname(), command: 'up' },
    systemClock,
  )
  await session.owner.onLockAcquired()
  const journal = openJournal(resolve(request.paths.state), {
    clock: systemClock,
    forwardTo: progressSink(board?.above ?? output, board),
  })
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const controller = new Controller({
    observer: session.observer,
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
  desired: DesiredState,
  progress: Progress,
  timeoutMs: number,
): Promise<void> {
  const update = async (): Promise<boolean> => {
    for (const { spec } of desired.flotillas.values()) progress.note(await statusNow(session, spec))
    return progress.isOver
  }
  await until(update, { timeoutMs, signal: new AbortController().signal })
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
    reportProgress(this.#output, this.#statuses.get(status.name) ?? null, status)
    this.#board?.update(status)
    this.#statuses.set(status.name, status)
    const held = this.statuses.some(needsOperator)
    this.#heldSinceMs = held ? (this.#heldSinceMs ?? systemClock.monotonicMs()) : null
  }

  get statuses(): readonly FlotillaStatus[] {
    return [...this.#statuses.values()].sort((a, b) => a.name.localeCompare(b.name))
  }

  get allReady(): boolean {
    return this.#names.every(name => isUp(this.#statuses.get(name)))
  }

  get isOver(): boolean {
    if (this.allReady) return true
    const othersAreDone = this.#names.every(name => {
      const status = this.#statuses.get(name)
      return status !== undefined && (isUp(status) || needsOperator(status))
    })
    return (
      othersAreDone &&
      this.#heldSinceMs !== null &&
      systemClock.monotonicMs() - this.#heldSinceMs > holdGraceMs
    )
  }
}

/** As wanted: with a master of its own, with all that the Redis has that it follows, or hibernated. */
function isUp(status: FlotillaStatus | undefined): boolean {
  return status?.phase === 'Ready' || status?.phase === 'Following' || status?.phase === 'Hibernated'
}

/** Held, or well but for something that is refused: nothing more comes of waiting. */
function needsOperator({ phase, refusing, doing, waitingFor }: FlotillaStatus): boolean {
  return phase === 'Held' || (refusing.length > 0 && doing.length === 0 && waitingFor.length === 0)
}
