export interface PrettyStyle {
  readonly code: (text: string) => string
  readonly values: (text: string) => string
}

/**
 * What a line says beside its time and level: `shop node.online node is online node=1 name=shop-replica-1`.
 * On one line, whatever its values hold.
 */
export function formatPrettyLine(
  line: Readonly<Record<string, unknown>>,
  messageKey: string,
  style: PrettyStyle,
): string {
  const { flotilla, event, [messageKey]: message, ...fields } = line
  const values = Object.entries(fields)
    .filter(([key, value]) => !hiddenKeys.has(key) && value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${formatValue(value)}`)
    .join(' ')
  return [flotilla, style.code(String(event)), message, values === '' ? '' : style.values(values)]
    .filter(part => part !== undefined && part !== '')
    .join('  ')
}

/** Told before the words, or of use to machines only. */
const hiddenKeys: ReadonlySet<string> = new Set(['level', 'time', 'pass'])

/** More of a list is not read on a terminal while it scrolls by; `--log-format json` has all of it. */
const listItemsMax = 3

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return formatValue(shortList(value.map(String)))
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
}

function shortList(items: readonly string[]): string {
  const more = items.length - listItemsMax
  return [...items.slice(0, listItemsMax), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
