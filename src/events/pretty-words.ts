export interface Paint {
  readonly code: (text: string) => string
  readonly values: (text: string) => string
}

/** What a line says beside its time and level: `shop  node.online  a node is online  node=1 name=shop-replica-1`. On one line, whatever its values hold. */
export function prettyWords(
  line: Readonly<Record<string, unknown>>,
  messageKey: string,
  paint: Paint,
): string {
  const { flotilla, event, [messageKey]: message, ...fields } = line
  const values = Object.entries(fields)
    .filter(([key, value]) => !unsaid.has(key) && value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${wordOf(value)}`)
    .join(' ')
  return [flotilla, paint.code(String(event)), message, values === '' ? '' : paint.values(values)]
    .filter(part => part !== undefined && part !== '')
    .join('  ')
}

/** Told before the words, or of use to machines only. */
const unsaid: ReadonlySet<string> = new Set(['level', 'time', 'pass'])

/** More of a list is not read on a terminal while it scrolls by; `--log-format json` has all of it. */
const listedAtMost = 3

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return wordOf(listOf(value.map(String)))
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
}

function listOf(items: readonly string[]): string {
  const more = items.length - listedAtMost
  return [...items.slice(0, listedAtMost), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
