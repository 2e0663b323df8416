import { systemClock } from '../clock.js'
import { askForGlance } from '../daemon/glance.js'
import { readDesired } from '../daemon/manifest-source.js'
import { readEvents } from '../events/journal/read.js'
import type { EventRecord } from '../events/journal/record.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { isEngineTrouble } from '../reconciler/reconcile.js'
import { withFailedPass } from '../reconciler/status/failing.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import { nobodyActs, whoActs, type Acting } from './acting.js'
import { interruption } from './interrupt.js'
import { formatAge } from './quantities.js'
import { lastSeen, lastSeenFacts, renderLastSeen, type LastSeen } from './last-seen.js'
import { keepLooking } from './keep-looking.js'
import { statusNow } from './look.js'
import { selectFlotillas } from './manifests.js'
import type { Output } from './output.js'
import { renderStatus, renderStatusList, statusFacts, statusJson } from './render-status.js'
import { openScreen } from './screen.js'
import type { Places } from './open-store.js'
import { openSession, type Environment, type Session } from './session.js'
import { viewOf } from './view.js'

export interface StatusRequest {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'wide' | 'json' | 'yaml' | 'name'
}

/** What one look showed. */
interface Sight {
  /** Null while nobody carries anything out. */
  readonly acting: Acting | null
  readonly statuses: readonly FlotillaStatus[]
  /** What is wrong with the manifests, one line each. */
  readonly problems: readonly string[]
  /** Whether those that were asked for are there, each by a manifest that is in order. */
  readonly declared: boolean
  /** The last that happened to each, by name. */
  readonly events: ReadonlyMap<string, readonly EventRecord[]>
}

/**
 * Prints the status once. @returns whether there are some, and all are Ready by manifests that are in order.
 * @throws FlotillaError runtime/… when the engine does not answer; printed is then what was seen last, with its age.
 */
export async function showStatus(request: StatusRequest, output: Output): Promise<boolean> {
  try {
    return await showNow(request, output)
  } catch (error) {
    if (!isEngineTrouble(error)) throw error
    const seen = await lastSeen(request.places, request.names)
    output.result(await renderOld(seen, request, output))
    throw error
  }
}

async function showNow(request: StatusRequest, output: Output): Promise<boolean> {
  const session = await openSession(request.places, request.env)
  try {
    const sight = await lookAtThem(session, request)
    output.result(await render(sight, request, output))
    return allReady(sight)
  } finally {
    session.close()
  }
}

/** Draws the status anew every second, or in a pipe prints it whenever it has changed, until it is interrupted. @returns whether all were Ready at the last look. */
export async function watchStatus(request: StatusRequest, output: Output): Promise<boolean> {
  const signal = interruption()
  const session = await openSession(request.places, request.env)
  const screen = output.stdoutIsTerminal && isForEyes(request) ? openScreen(output) : null
  let shown = ''
  let shownAtMs = 0
  let ready = false
  try {
    await keepLooking({
      async look() {
        const sight = await lookAtThem(session, request)
        ready = allReady(sight)
        const text = await render(sight, request, output)
        if (screen !== null) screen.draw(text)
        else if (text !== shown) output.result(text)
        shown = text
        shownAtMs = systemClock.nowMs()
      },
      onTrouble(why) {
        ready = false
        const age = formatAge(systemClock.nowMs() - shownAtMs)
        if (screen !== null) screen.draw(`${why}\nLast seen ${age} ago:\n\n${shown}`)
        else output.note(why.trimEnd())
      },
      everyMs: watchEveryMs,
      signal,
    })
    return ready
  } finally {
    screen?.close()
    session.close()
  }
}

const watchEveryMs = 1_000

function isForEyes({ format }: StatusRequest): boolean {
  return format === 'text' || format === 'wide'
}

/** A monitor that looks in the wrong folder sees nothing that is not Ready: that is no good news. */
function allReady({ statuses, declared }: Sight): boolean {
  return declared && statuses.length > 0 && statuses.every(status => status.phase === 'Ready')
}

async function lookAtThem(session: Session, { places, names }: StatusRequest): Promise<Sight> {
  const { desired } = await readDesired(places.manifests, session.store)
  const selected = selectFlotillas(desired, names, places.manifests)
  const acting = await whoActs(places)
  const glance = acting === null ? null : await askForGlance(session.store.directory)
  const looks = selected.map(async ({ spec, diagnostics }) => {
    const status = await statusNow(session, spec, {
      problem: diagnostics.length === 0 ? null : diagnostics.map(renderDiagnostic).join('; '),
      nobodyActs: acting === null,
    })
    // A daemon of an earlier version does not tell.
    return withFailedPass(status, glance?.failing?.[spec.name] ?? null)
  })
  const events = selected.map(
    async ({ spec: { name } }) => [name, await lastEvents(session.store.directory, name)] as const,
  )
  return {
    acting,
    statuses: await Promise.all(looks),
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

async function renderOld(
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
      return renderLastSeen(seen, viewOf(output))
  }
}

async function render(
  { acting, statuses, problems, events }: Sight,
  { places, format, names }: StatusRequest,
  output: Output,
): Promise<string> {
  switch (format) {
    case 'json':
      return statusJson(statuses, acting)
    case 'yaml': {
      const { stringify } = await import('yaml')
      return stringify(statusFacts(statuses, acting))
    }
    case 'name':
      return statuses.map(({ name }) => `${name}\n`).join('')
    case 'wide':
    case 'text': {
      const view = viewOf(output)
      const said = problems.map(problem => `\n${problem}\n`).join('')
      const first = nobodyActs(acting, places, view)
      if (statuses.length === 0) return `no flotillas: the manifests declare none\n${said}`
      if (names.length === 0 && statuses.length > 1 && format === 'text')
        return first + renderStatusList(statuses, view) + said
      const inFull = statuses.map(status =>
        renderStatus(status, {
          ...{ view, wide: format === 'wide', nobodyActs: acting === null },
          events: events.get(status.name) ?? [],
        }),
      )
      return first + inFull.join('\n\n') + said
    }
  }
}
