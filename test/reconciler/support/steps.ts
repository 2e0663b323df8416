import type { Action, Plan, Refusal, Wait } from '../../../src/model/plan.js'

/**
 * A plan as its facts, without a word of prose: `1 follow 2 master=0` is an action of stage 1 on node 2;
 * `wait 2 100ms` waits for node 2 and looks again after 100 ms at the latest; `hold NameConflict` is followed
 * by the commands and manifest fields of its remedy. The words are kept in golden plans (golden-plans.ts).
 */
export function stepsOf(plan: Plan): string {
  const lines = [
    ...plan.stages.flatMap((stage, index) => stage.map(action => `${index + 1} ${stepOf(action)}`)),
    ...plan.failing.map(
      ({ action, error, times, retryInMs }) =>
        `failing ${stepOf(action)}: ${error} (${times}x, retry in ${retryInMs}ms)`,
    ),
    ...plan.waits.map(waitOf),
    ...plan.refusals.map(holdOf),
  ]
  return lines.length === 0 ? 'nothing\n' : lines.map(line => `${line}\n`).join('')
}

/** `follow 2 master=0`: kind, node, container, and what else tells it from another action. */
function stepOf(action: Action): string {
  const { kind, ...fields } = action
  return [
    kind,
    ...Object.entries(fields)
      .filter(([field]) => !isImplied(action, field))
      .flatMap(([field, value]) => factOf(field, value)),
  ].join(' ')
}

/**
 * A container has one volume; which options a version is given, and what a promotion's end writes down of the
 * new master, have tests of their own.
 */
function isImplied(action: Action, field: string): boolean {
  if (field === 'volume') return 'name' in action
  return field === 'lineage' || (field === 'options' && action.kind === 'apply-config')
}

/** The node, the container, and what an operation or a request is stand without the field's name. */
function factOf(field: string, value: unknown): readonly string[] {
  const text = isFact(field) ? textOf(value) : ''
  if (text === '') return []
  if (['ordinal', 'name', 'kind'].includes(field)) return [text]
  if ((field === 'operation' || field === 'request') && typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([inner, one]) => factOf(inner, one))
  return [text === 'true' ? field : `${field}=${text}`]
}

/** Neither words for people nor the clock of the test. */
function isFact(field: string): boolean {
  const others = ['cause', 'detail', 'reason', 'requestId', 'asked', 'fullCopy', 'phase', 'timeoutMs']
  return !others.includes(field) && !/atMs$/i.test(field)
}

/** Empty for what says nothing. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map(textOf).join(',')
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return JSON.stringify(value)
  return Object.entries(value)
    .filter(([field, inner]) => isFact(field) && textOf(inner) !== '')
    .map(([field, inner]) => `${field}:${textOf(inner)}`)
    .join(',')
}

function waitOf({ ordinal, recheckInMs }: Wait): string {
  return `wait ${ordinal ?? '-'} ${recheckInMs}ms`
}

/** What stands behind three spaces explains the remedy. */
function holdOf({ code, remedy }: Refusal): string {
  const [toType = ''] = remedy.split('   (')
  const facts = toType.match(/(?<!the )\b(?:flotilla|docker) [^,;(]*[^,;( ]|\bspec\.[\w.-]*\w/g) ?? []
  return [`hold ${code}`, ...facts.map(fact => `  ${fact}`)].join('\n')
}
