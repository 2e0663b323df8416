import type { EventRecord } from '../events/journal/record.js'
import type { Condition, FlotillaStatus, Phase } from '../model/status.js'
import { failureText } from '../reconciler/plan/render-plan.js'
import type { ActiveReconciler } from './active-reconciler.js'
import { indented, renderTableWithMessage, type Column } from './columns.js'
import type { Style, Colors } from './colors.js'
import { eventText } from './render-events.js'
import { ageOf, renderNodes } from './render-nodes.js'
import { renderTable } from './table.js'
import type { RenderContext } from './render-context.js'

/** `status -o json`: the contract for scripts. */
export function statusJson(statuses: readonly FlotillaStatus[], reconciler: ActiveReconciler | null): string {
  return `${JSON.stringify(statusFacts(statuses, reconciler), null, 2)}\n`
}

/** `reconciledBy` null: no daemon runs, and what the statuses say under `doing` is done by nobody. */
export function statusFacts(
  statuses: readonly FlotillaStatus[],
  reconciler: ActiveReconciler | null,
): object {
  return { stale: false, reconciledBy: reconciler, flotillas: statuses }
}

const reasonColumn: Column<FlotillaStatus> = {
  head: 'REASON',
  cell: status => [status.reason, ...manifestWarnings(status)].join('; '),
}
const listColumns: readonly Column<FlotillaStatus>[] = [
  { head: 'NAME', cell: status => status.name },
  { head: 'PHASE', cell: ({ phase }, { colors }) => phaseStyle(colors, phase)(phase) },
  { head: 'MASTER', cell: status => masterOf(status)?.alias ?? '-' },
  { head: 'READY', cell: readyOf },
  { head: 'GEN', cell: status => `${status.observedGeneration}/${status.generation}`, dropOrder: 2 },
  { head: 'EPOCH', cell: status => String(status.epoch), dropOrder: 3 },
  { head: 'LAST-FAILOVER', cell: (status, { nowMs }) => ageOf(status.lastFailover, nowMs), dropOrder: 1 },
  { head: 'AGE', cell: (status, { nowMs }) => ageOf(status.createdAt, nowMs), dropOrder: 4 },
]
/**
 * One line per flotilla. On a narrow terminal the reason stands below it, where there is something to
 * explain.
 */
export function renderStatusList(statuses: readonly FlotillaStatus[], context: RenderContext): string {
  const showsMessage = (status: FlotillaStatus): boolean =>
    status.phase !== 'Ready' || manifestWarnings(status).length > 0
  return renderTableWithMessage(
    { columns: listColumns, message: reasonColumn, at: 2, showsMessage },
    statuses,
    context,
  )
}

/** What the phase says nothing of: that a flotilla is well by a spec which is not what is on disk. */
function manifestWarnings({ conditions }: FlotillaStatus): readonly string[] {
  return conditions.flatMap(({ type, status, message }) => {
    if (status !== 'True') return []
    if (type === 'SpecInvalid') return [`its manifest is broken: ${message}`]
    return type === 'ManifestMissing' ? [message] : []
  })
}

/** One flotilla in full: what it is, its nodes, what is not as it should be, and how to fix it. */
export function renderStatus(
  status: FlotillaStatus,
  options: {
    readonly context: RenderContext
    readonly wide: boolean
    /** Nobody carries out what it says: no daemon runs. */
    readonly noReconciler: boolean
    /** The last that happened to it, oldest first. */
    readonly events: readonly EventRecord[]
  },
): string {
  const { context, wide, noReconciler, events } = options
  const { colors, columns } = context
  const isPaused = pausedSince(status) !== null
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', colors.bold(title), ...lines]
  const bullets = (texts: readonly string[]): readonly string[] =>
    texts.flatMap(text => indented(text, '  ', columns))
  const lines = [
    ...summary(status, context),
    '',
    renderNodes(status.nodes, context, { wide }).trimEnd(),
    ...section('CONDITIONS', conditionLines(status, context, { wide })),
    ...section(
      isPaused ? 'WOULD DO, were it not paused' : noReconciler ? 'WOULD DO, if a daemon ran' : 'DOES',
      bullets(status.doing),
    ),
    ...section(
      'FAILING',
      status.failing.flatMap(one => failingLines(one, context)),
    ),
    ...section(noReconciler ? 'WOULD WAIT FOR' : 'WAITING FOR', bullets(status.waitingFor)),
    ...section(
      'REFUSES',
      status.refusing.flatMap(refusal => refusalLines(refusal, context)),
    ),
    ...section('LAST EVENTS', eventLines(events, context)),
  ]
  return `${lines.join('\n')}\n`
}

function summary(status: FlotillaStatus, { nowMs, colors, columns }: RenderContext): readonly string[] {
  const since = status.conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? null
  const master = masterOf(status)
  const paused = pausedSince(status)
  const facts: readonly (readonly [string, string])[] = [
    ['Flotilla', colors.bold(status.name)],
    [
      'Phase',
      `${phaseStyle(colors, status.phase)(status.phase)} for ${ageOf(since, nowMs)}: ${status.reason}`,
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
        ? noMasterText(status)
        : `${master.alias} (${master.name}, ${master.address ?? 'no address'})`,
    ],
    ...gatewayFacts(status),
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
  const reason = rollout.reason === 'spec' ? 'the manifest has changed' : 'a restart was asked for'
  return [
    [
      'Rollout',
      `${rollout.renewed} of ${rollout.total} nodes recreated in ${ageOf(rollout.startedAt, nowMs)}: ${reason}`,
    ],
  ]
}

/** Those that say something which is not said elsewhere on the screen; with `wide` every one. */
function conditionLines(
  { conditions, refusing }: FlotillaStatus,
  { nowMs, columns }: RenderContext,
  { wide }: { readonly wide: boolean },
): readonly string[] {
  const elsewhere: readonly string[] = [
    'Paused',
    'Hibernated',
    'ActionFailing',
    ...refusing.map(({ code }) => code),
  ]
  const shown = wide
    ? conditions
    : conditions.filter(condition => isShown(condition) && !elsewhere.includes(condition.type))
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
  { code, reason, remedy }: FlotillaStatus['refusing'][number],
  { columns, colors }: RenderContext,
): readonly string[] {
  return [
    ...indented(`${code}: ${reason}`, '  ', columns),
    // Never wrapped: it is there to be copied.
    `    fix: ${colors.bold(remedy)}`,
  ]
}

/** What came of the last try, and when the next one is due. */
function failingLines(
  { action, error, hint, times, since, nextTryAt }: FlotillaStatus['failing'][number],
  { columns, nowMs }: RenderContext,
): readonly string[] {
  const inSeconds = Math.ceil((Date.parse(nextTryAt) - nowMs) / 1_000)
  const count = times === 1 ? 'once' : `${times} times`
  return [
    ...indented(failureText(action, error), '  ', columns),
    ...(hint === null ? [] : indented(hint, '    ', columns)),
    `    failed ${count}, first ${ageOf(since, nowMs)} ago; next try ${inSeconds <= 0 ? 'now' : `in ${inSeconds} s`}`,
  ]
}

function eventLines(events: readonly EventRecord[], { nowMs, columns }: RenderContext): readonly string[] {
  if (events.length === 0) return []
  const rows = events.map(record => [
    `  ${ageOf(record.time, nowMs)} ago`,
    record.level,
    record.event,
    eventText(record),
  ])
  const head = ['  WHEN', 'LEVEL', 'EVENT', 'MESSAGE']
  return renderTable(head, rows, { columns, flexible: 3 }).split('\n')
}

function masterOf(status: FlotillaStatus): FlotillaStatus['nodes'][number] | undefined {
  return status.nodes.find(node => node.role === 'master' && node.health === 'online')
}

/**
 * Nodes that say they are master against the record, and nodes that can't be asked, may take writes all the
 * same.
 */
function noMasterText({ nodes }: FlotillaStatus): string {
  const called = (node: FlotillaStatus['nodes'][number]): string => `${node.alias} (${node.name})`
  const unexpectedMasters = nodes.filter(({ health }) => health === 'unexpected-master').map(called)
  if (unexpectedMasters.length > 0) return `none on record; ${unexpectedMasters.join(', ')} takes writes`
  const inaccessibleMaster = nodes.find(
    ({ role, health }) => role === 'master' && inaccessible.includes(health),
  )
  return inaccessibleMaster === undefined
    ? 'none that takes writes'
    : `${called(inaccessibleMaster)}, which is ${inaccessibleMaster.health} and may take writes`
}

const inaccessible: readonly string[] = ['auth-failure', 'detached']

/**
 * What is as it should be is told by the phase; of users and passwords is told what is not, and what is about
 * to change.
 */
function isShown(condition: Condition): boolean {
  if (condition.reason === 'Hibernated') return false
  if (condition.type === 'AuthApplied') return !['Applied', 'Off'].includes(condition.reason)
  if (condition.type === 'GatewayReady') return !['Serving', 'Off'].includes(condition.reason)
  if (condition.type === 'LastBackupSucceeded' || condition.type === 'BackupVerified')
    return ['Failed', 'Overdue'].includes(condition.reason)
  if (condition.type === 'PersistenceApplied') return condition.reason === 'Applying'
  if (condition.type === 'WritesAccepted') return !['Accepted', 'NoMaster'].includes(condition.reason)
  return condition.status === 'True' && condition.reason !== 'NoOptions'
}

function gatewayFacts({ gateway, nodes }: FlotillaStatus): readonly (readonly [string, string])[] {
  // A daemon of an earlier version knows of none.
  if (!gateway) return []
  const master = nodes.find(({ ordinal }) => ordinal === gateway.master)
  const leads = master === undefined ? 'leads to nobody' : `leads to ${master.alias}`
  const clients = gateway.clients === null ? '' : `, ${gateway.clients} connections`
  return [['Gateway', `${gateway.address} (${gateway.name}) ${leads}${clients}`]]
}

/** Since when it is paused, as far as is known; null when it isn't. */
function pausedSince({ conditions }: FlotillaStatus): string | null {
  const paused = conditions.find(({ type }) => type === 'Paused')
  return paused?.status === 'True' ? paused.lastTransitionTime : null
}

function readyOf({ nodes }: FlotillaStatus): string {
  return `${nodes.filter(node => node.health === 'online').length}/${nodes.length}`
}

function phaseStyle(colors: Colors, phase: Phase): Style {
  switch (phase) {
    case 'Ready':
    case 'Following':
    case 'Hibernated':
      return colors.good
    case 'Creating':
    case 'Updating':
    case 'Degraded':
      return colors.warning
    case 'Unavailable':
    case 'Held':
      return colors.bad
  }
}
