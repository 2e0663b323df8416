import { systemClock } from '../clock.js'
import { readStatusCache } from '../session/status-cache.js'
import { readDesired } from '../session/manifest-source.js'
import { readEvents } from '../events/journal/read.js'
import type { EventRecord } from '../events/journal/record.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { isEngineFailure } from '../reconciler/loop/reconcile.js'
import { withFailedPass } from '../reconciler/report/failing-actions.js'
import type { FlotillaStatus } from '../model/status.js'
import { noReconciler, findReconciler, type ActiveReconciler } from './active-reconciler.js'
import { quitSignal } from './interrupt.js'
import { formatAge } from '../units.js'
import { lastSeen, lastSeenFacts, renderLastSeen, type LastSeen } from './last-seen.js'
import { poll } from './poll.js'
import { statusNow } from './observe-once.js'
import { selectFlotillas } from '../session/manifests.js'
import type { Output } from './output.js'
import { renderStatus, renderStatusList, statusFacts, statusJson } from './render-status.js'
import { openScreen } from './screen.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'
import { renderContext } from './render-context.js'

export interface StatusRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'wide' | 'json' | 'yaml' | 'name'
}

/** What one look showed. */
interface StatusReport {
  /** Null while nobody carries anything out. */
  readonly reconciler: ActiveReconciler | null
  readonly statuses: readonly FlotillaStatus[]
  /** What is wrong with the manifests, one line each. */
  readonly problems: readonly string[]
  /** Whether those that were asked for are there, each by a manifest that is in order. */
  readonly declared: boolean
  /** The last that happened to each, by name. */
  readonly events: ReadonlyMap<string, readonly EventRecord[]>
}

/**
 * Prints the status once. @returns whether there are some, and all are as their manifests ask.
 * @throws FlotillaError runtime/… when the engine does not answer; printed is then what was seen last, with
 * its age.
 */
export async function showStatus(request: StatusRequest, output: Output): Promise<boolean> {
  try {
    return await showNow(request, output)
  } catch (error) {
    if (!isEngineFailure(error)) throw error
    const seen = await lastSeen(request.paths, request.names)
    output.result(await renderStale(seen, request, output))
    throw error
  }
}

async function showNow(request: StatusRequest, output: Output): Promise<boolean> {
  const session = await openSession(request.paths, request.env)
  try {
    const report = await observeAll(session, request)
    output.result(await render(report, request, output))
    return allReady(report)
  } finally {
    session.close()
  }
}

/**
 * Refreshes the status every second, or in a pipe prints it whenever it has changed, until it is
 * interrupted. @returns whether all were Ready at the last look.
 */
export async function watchStatus(request: StatusRequest, output: Output): Promise<boolean> {
  const signal = quitSignal()
  const session = await openSession(request.paths, request.env)
  const screen = output.stdoutIsTerminal && isHumanFormat(request) ? openScreen(output) : null
  let shown = ''
  let shownAtMs = 0
  let ready = false
  try {
    await poll({
      async update() {
        const report = await observeAll(session, request)
        ready = allReady(report)
        const text = await render(report, request, output)
        if (screen !== null) screen.draw(text)
        else if (text !== shown) output.result(text)
        shown = text
        shownAtMs = systemClock.nowMs()
      },
      onTrouble(reason) {
        ready = false
        const age = formatAge(systemClock.nowMs() - shownAtMs)
        if (screen !== null) screen.draw(`${reason}\nLast seen ${age} ago:\n\n${shown}`)
        else output.note(reason.trimEnd())
      },
      everyMs: watchIntervalMs,
      signal,
    })
    return ready
  } finally {
    screen?.close()
    session.close()
  }
}

const watchIntervalMs = 1_000

function isHumanFormat({ format }: StatusRequest): boolean {
  return format === 'text' || format === 'wide'
}

/** A monitor that looks in the wrong folder sees nothing that is not Ready: that is no good news. */
function allReady({ statuses, declared }: StatusReport): boolean {
  return (
    declared &&
    statuses.length > 0 &&
    statuses.every(({ phase }) => phase === 'Ready' || phase === 'Hibernated')
  )
}

async function observeAll(session: Session, { paths, names }: StatusRequest): Promise<StatusReport> {
  const { desired } = await readDesired(paths.manifests, session.store)
  const selected = selectFlotillas(desired, names, paths.manifests)
  const reconciler = await findReconciler(paths)
  const cached = reconciler === null ? null : await readStatusCache(session.store.directory)
  const pending = selected.map(async ({ spec, diagnostics }) => {
    const status = await statusNow(session, spec, {
      problem: diagnostics.length === 0 ? null : diagnostics.map(renderDiagnostic).join('; '),
      noReconciler: reconciler === null,
    })
    // A daemon of an earlier version does not tell.
    return withFailedPass(status, cached?.failing?.[spec.name] ?? null)
  })
  const events = selected.map(
    async ({ spec: { name } }) => [name, await lastEvents(session.store.directory, name)] as const,
  )
  return {
    reconciler,
    statuses: await Promise.all(pending),
    declared: [...selected, ...(names.length === 0 ? [desired] : [])].every(
      one => one.diagnostics.length === 0,
    ),
    problems: desired.diagnostics.map(problem => `manifest: ${renderDiagnostic(problem)}`),
    events: new Map(await Promise.all(events)),
  }
}

/** Plans stand in the way of what they led to; `events` has them. */
function lastEvents(stateDirectory: string, name: string): Promise<readonly EventRecord[]> {
  return readEvents(stateDirectory, {
    last: 5,
    matches: ({ flotilla, event }) =>
      flotilla === name && !event.startsWith('plan.') && event !== 'image.pulling',
  })
}

async function renderStale(
  seen: readonly LastSeen[],
  { format }: StatusRequest,
  output: Output,
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(lastSeenFacts(seen), null, 2)}\n`
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(lastSeenFacts(seen))
    }
    case 'name':
      return ''
    case 'wide':
    case 'text':
      return renderLastSeen(seen, renderContext(output))
  }
}

async function render(
  { reconciler, statuses, problems, events }: StatusReport,
  { paths, format, names }: StatusRequest,
  output: Output,
): Promise<string> {
  switch (format) {
    case 'json':
      return statusJson(statuses, reconciler)
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(statusFacts(statuses, reconciler))
    }
    case 'name':
      return statuses.map(({ name }) => `${name}\n`).join('')
    case 'wide':
    case 'text': {
      const context = renderContext(output)
      const problemLines = problems.map(problem => `\n${problem}\n`).join('')
      const first = noReconciler(reconciler, paths, context)
      if (statuses.length === 0) return `no flotillas: the manifests declare none\n${problemLines}`
      if (names.length === 0 && statuses.length > 1 && format === 'text')
        return first + renderStatusList(statuses, context) + problemLines
      const inFull = statuses.map(status =>
        renderStatus(status, {
          ...{ context, wide: format === 'wide', noReconciler: reconciler === null },
          events: events.get(status.name) ?? [],
        }),
      )
      return first + inFull.join('\n\n') + problemLines
    }
  }
}
