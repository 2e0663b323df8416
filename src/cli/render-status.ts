import type { EventRecord } from '../events/journal/record.js'
import type { Condition, FlotillaStatus, Phase } from '../reconciler/status/status.js'
import { failureText } from '../reconciler/plan/text.js'
import type { Acting } from './acting.js'
import { indented, renderExplained, type Column } from './columns.js'
import type { Brush, Paint } from './paint.js'
import { saidBy } from './render-events.js'
import { ageOf, renderNodes } from './render-nodes.js'
import { renderTable } from './table.js'
import type { View } from './view.js'

/** `status -o json`: the contract for scripts. */
export function statusJson(statuses: readonly FlotillaStatus[], acting: Acting | null): string {
  return `${JSON.stringify(statusFacts(statuses, acting), null, 2)}\n`
}

/** `actedOnBy` null: no daemon runs, and what the statuses say under `doing` is done by nobody. */
export function statusFacts(statuses: readonly FlotillaStatus[], acting: Acting | null): object {
  return { stale: false, actedOnBy: acting, flotillas: statuses }
}

const reason: Column<FlotillaStatus> = {
  head: 'REASON',
  cell: status => [status.reason, ...manifestMarks(status)].join('; '),
}
const listColumns: readonly Column<FlotillaStatus>[] = [
  { head: 'NAME', cell: status => status.name },
  { head: 'PHASE', cell: ({ phase }, { paint }) => phaseBrush(paint, phase)(phase) },
  { head: 'MASTER', cell: status => masterOf(status)?.alias ?? '-' },
  { head: 'READY', cell: readyOf },
  { head: 'GEN', cell: status => `${status.observedGeneration}/${status.generation}`, givesWay: 2 },
  { head: 'EPOCH', cell: status => String(status.epoch), givesWay: 3 },
  { head: 'LAST-FAILOVER', cell: (status, { nowMs }) => ageOf(status.lastFailover, nowMs), givesWay: 1 },
  { head: 'AGE', cell: (status, { nowMs }) => ageOf(status.createdAt, nowMs), givesWay: 4 },
]
/** One line per flotilla. On a narrow terminal the reason stands below it, where there is something to explain. */
export function renderStatusList(statuses: readonly FlotillaStatus[], view: View): string {
  const needsExplaining = (status: FlotillaStatus): boolean =>
    status.phase !== 'Ready' || manifestMarks(status).length > 0
  return renderExplained({ columns: listColumns, sentence: reason, at: 2, needsExplaining }, statuses, view)
}

/** What the phase says nothing of: that a flotilla is well by a spec which is not what is on disk. */
function manifestMarks({ conditions }: FlotillaStatus): readonly string[] {
  return conditions.flatMap(({ type, status, message }) => {
    if (status !== 'True') return []
    if (type === 'SpecInvalid') return [`its manifest is broken: ${message}`]
    return type === 'ManifestMissing' ? [message] : []
  })
}

/** One flotilla in full: what it is, its nodes, what is not as it should be, and what to type. */
export function renderStatus(
  status: FlotillaStatus,
  options: {
    readonly view: View
    readonly wide: boolean
    /** Nobody carries out what it says: no daemon runs. */
    readonly nobodyActs: boolean
    /** The last that happened to it, oldest first. */
    readonly events: readonly EventRecord[]
  },
): string {
  const { view, wide, nobodyActs, events } = options
  const { paint, columns } = view
  const isPaused = pausedSince(status) !== null
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', paint.strong(title), ...lines]
  const points = (texts: readonly string[]): readonly string[] =>
    texts.flatMap(text => indented(text, '  ', columns))
  const lines = [
    ...summary(status, view),
    '',
    renderNodes(status.nodes, view, { wide }).trimEnd(),
    ...section('CONDITIONS', conditionLines(status, view, { wide })),
    ...section(
      isPaused ? 'WOULD DO, were it not paused' : nobodyActs ? 'WOULD DO, if a daemon ran' : 'DOES',
      points(status.doing),
    ),
    ...section(
      'FAILING',
      status.failing.flatMap(one => failingLines(one, view)),
    ),
    ...section(nobodyActs ? 'WOULD WAIT FOR' : 'WAITING FOR', points(status.waitingFor)),
    ...section(
      'REFUSES',
      status.refusing.flatMap(refusal => refusalLines(refusal, view)),
    ),
    ...section('LAST EVENTS', eventLines(events, view)),
  ]
  return `${lines.join('\n')}\n`
}

function summary(status: FlotillaStatus, { nowMs, paint, columns }: View): readonly string[] {
  const since = status.conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? null
  const master = masterOf(status)
  const paused = pausedSince(status)
  const facts: readonly (readonly [string, string])[] = [
    ['Flotilla', paint.strong(status.name)],
    [
      'Phase',
      `${phaseBrush(paint, status.phase)(status.phase)} for ${ageOf(since, nowMs)}: ${status.reason}`,
    ],
    ...(paused === null
      ? []
      : [
          [
            'Paused',
            `for ${ageOf(paused, nowMs)}; nothing is changed until: flotilla resume ${status.name}`,
          ] as const,
        ]),
    [
      'Master',
      master === undefined
        ? noMasterWords(status)
        : `${master.alias} (${master.name}, ${master.address ?? 'no address'})`,
    ],
    ['Ready', `${readyOf(status)} nodes online`],
    ...rolloutFacts(status, nowMs),
    [
      'Generation',
      status.observedGeneration === status.generation
        ? `${status.generation}, all of it applied`
        : `${status.generation}, applied up to ${status.observedGeneration}`,
    ],
    [
      'Epoch',
      `${status.epoch}${status.lastFailover === null ? ', never failed over' : `, last failover ${ageOf(status.lastFailover, nowMs)} ago`}`,
    ],
    ['Age', ageOf(status.createdAt, nowMs)],
  ]
  return renderTable(
    ['', ''],
    facts.map(([key, value]) => [`${key}:`, value]),
    { columns, flexible: 1 },
  )
    .split('\n')
    .slice(1)
}

function rolloutFacts({ rollout }: FlotillaStatus, nowMs: number): readonly (readonly [string, string])[] {
  if (rollout === null) return []
  const why = rollout.reason === 'spec' ? 'the manifest has changed' : 'a restart was asked for'
  return [
    [
      'Rollout',
      `${rollout.renewed} of ${rollout.total} nodes made anew in ${ageOf(rollout.startedAt, nowMs)}: ${why}`,
    ],
  ]
}

/** Those that say something which is not said elsewhere on the screen; with `wide` every one. */
function conditionLines(
  { conditions, refusing }: FlotillaStatus,
  { nowMs, columns }: View,
  { wide }: { readonly wide: boolean },
): readonly string[] {
  const elsewhere: readonly string[] = ['Paused', 'ActionFailing', ...refusing.map(({ code }) => code)]
  const shown = wide
    ? conditions
    : conditions.filter(condition => isTold(condition) && !elsewhere.includes(condition.type))
  if (shown.length === 0) return []
  const rows = shown.map(({ type, status, lastTransitionTime, message }) => [
    `  ${type}`,
    ...(wide ? [status] : []),
    ageOf(lastTransitionTime, nowMs),
    message,
  ])
  const head = ['  TYPE', ...(wide ? ['STATUS'] : []), 'FOR', 'MESSAGE']
  return renderTable(head, rows, { columns, flexible: head.length - 1 }).split('\n')
}

function refusalLines(
  { code, why, whatToType }: FlotillaStatus['refusing'][number],
  { columns, paint }: View,
): readonly string[] {
  return [
    ...indented(`${code}: ${why}`, '  ', columns),
    // Never wrapped: it is there to be copied.
    `    type: ${paint.strong(whatToType)}`,
  ]
}

/** What came of the last try, and when the next one is due. */
function failingLines(
  { action, error, hint, times, since, nextTryAt }: FlotillaStatus['failing'][number],
  { columns, nowMs }: View,
): readonly string[] {
  const inSeconds = Math.ceil((Date.parse(nextTryAt) - nowMs) / 1_000)
  const count = times === 1 ? 'once' : `${times} times`
  return [
    ...indented(failureText(action, error), '  ', columns),
    ...(hint === null ? [] : indented(hint, '    ', columns)),
    `    failed ${count}, first ${ageOf(since, nowMs)} ago; next try ${inSeconds <= 0 ? 'now' : `in ${inSeconds} s`}`,
  ]
}

function eventLines(events: readonly EventRecord[], { nowMs, columns }: View): readonly string[] {
  if (events.length === 0) return []
  const rows = events.map(record => [
    `  ${ageOf(record.time, nowMs)} ago`,
    record.level,
    record.event,
    saidBy(record),
  ])
  const head = ['  WHEN', 'LEVEL', 'EVENT', 'MESSAGE']
  return renderTable(head, rows, { columns, flexible: 3 }).split('\n')
}

function masterOf(status: FlotillaStatus): FlotillaStatus['nodes'][number] | undefined {
  return status.nodes.find(node => node.role === 'master' && node.health === 'online')
}

/** Nodes that say they are master against the record, and nodes that can't be asked, may take writes all the same. */
function noMasterWords({ nodes }: FlotillaStatus): string {
  const called = (node: FlotillaStatus['nodes'][number]): string => `${node.alias} (${node.name})`
  const strays = nodes.filter(({ health }) => health === 'stray').map(called)
  if (strays.length > 0) return `none on record; ${strays.join(', ')} takes writes`
  const unasked = nodes.find(({ role, health }) => role === 'master' && unaskable.includes(health))
  return unasked === undefined
    ? 'none that takes writes'
    : `${called(unasked)}, which is ${unasked.health} and may take writes`
}

const unaskable: readonly string[] = ['locked-out', 'detached']

/** What is as it should be is told by the phase; of users and passwords is told what is not, and what is about to change. */
function isTold(condition: Condition): boolean {
  if (condition.type === 'AuthApplied') return !['Applied', 'Off'].includes(condition.reason)
  if (condition.type === 'PersistenceApplied') return condition.reason === 'Applying'
  if (condition.type === 'WritesAccepted') return !['Accepted', 'NoMaster'].includes(condition.reason)
  return condition.status === 'True' && condition.reason !== 'NothingAsked'
}

/** Since when it is paused, as far as is known; null when it isn't. */
function pausedSince({ conditions }: FlotillaStatus): string | null {
  const paused = conditions.find(({ type }) => type === 'Paused')
  return paused?.status === 'True' ? paused.lastTransitionTime : null
}

function readyOf({ nodes }: FlotillaStatus): string {
  return `${nodes.filter(node => node.health === 'online').length}/${nodes.length}`
}

function phaseBrush(paint: Paint, phase: Phase): Brush {
  switch (phase) {
    case 'Ready':
    case 'Following':
      return paint.good
    case 'Creating':
    case 'Updating':
    case 'Degraded':
      return paint.doubtful
    case 'Unavailable':
    case 'Held':
      return paint.bad
  }
}
