/**
 * What redis-cli and a server's log say to the questions of a probe. Text in, facts out: nothing here knows
 * how they were asked.
 */

export interface ServerIdentity {
  readonly product: 'redis' | 'valkey'
  readonly version: string
}

/**
 * From INFO server; null when it is not such a text. Valkey freezes `redis_version` and tells its own beside
 * it.
 */
export function readIdentity(info: string): ServerIdentity | null {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
  if (valkey !== undefined) return { product: 'valkey', version: valkey }
  const redis = /^redis_version:(\S+)/m.exec(info)?.[1]
  return redis === undefined ? null : { product: 'redis', version: redis }
}

/** From INFO: whether it still reads its data from disk, and answers nothing else. */
export function isLoading(info: string): boolean {
  return /^loading:1/m.test(info)
}

/** From INFO: how far it has come with that; null when it does not load, or does not tell. */
export function readLoading(
  info: string,
): { readonly doneBytes: number; readonly totalBytes: number } | null {
  const doneBytes = Number(/^loading_loaded_bytes:(\d+)/m.exec(info)?.[1] ?? Number.NaN)
  const totalBytes = Number(/^loading_total_bytes:(\d+)/m.exec(info)?.[1] ?? Number.NaN)
  return isLoading(info) && doneBytes >= 0 && totalBytes >= 0 ? { doneBytes, totalBytes } : null
}

/**
 * From INFO: the keys of each database, and how many keys of the file that it read have expired, then (told
 * from 7.0 on) and since.
 */
export function readKeyCounts(info: string): {
  readonly keys: Readonly<Record<string, number>>
  readonly expired: number
} {
  const keys = [...info.matchAll(/^db(\d+):keys=(\d+)/gm)].map(([, database = '', count]) => [
    database,
    Number(count),
  ])
  const atLoad = Number(/^rdb_last_load_keys_expired:(\d+)/m.exec(info)?.[1] ?? 0)
  const since = Number(/^expired_keys:(\d+)/m.exec(info)?.[1] ?? 0)
  return { keys: Object.fromEntries(keys) as Record<string, number>, expired: atLoad + since }
}

/**
 * Why a server has ended, from its log: its last two warnings (`1:M 28 Nov 2026 12:00:00.000 # Can't handle
 * RDB format version 12`), because the last one alone tells but that it ends. Where it has logged none, its
 * last line. Null when it said nothing.
 */
export function lastWarnings(log: readonly string[]): string | null {
  const warnings = log.flatMap(line => {
    const warning = /^\d+:[A-Z] [^#]*# (.*)$/.exec(line.trimEnd())?.[1] ?? ''
    return warning === '' || isStartupNoise(warning) ? [] : [warning]
  })
  const last = warnings.slice(-2).join('; ')
  return last === '' ? (log.findLast(line => line.trim() !== '') ?? null) : last
}

/** Of the same level until 7.0, at each start. */
function isStartupNoise(warning: string): boolean {
  return /^(WARNING|Warning:|Server initialized|oO0OoO0|Redis version=|Valkey version=|Configuration loaded)/.test(
    warning,
  )
}

/** From `CONFIG GET *`, whose names and values come in turns, one a line. */
export function readConfigLines(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map(line => line.replace(/\r$/, ''))
  const values = new Map<string, string>()
  for (let index = 0; index + 1 < lines.length; index += 2)
    values.set((lines[index] ?? '').toLowerCase(), lines[index + 1] ?? '')
  return values
}

/**
 * The version of the snapshot format, from its two bytes, low byte first, one a line. Null for anything else.
 */
export function readRdbVersion(bytes: string): number | null {
  const [, low, high] = /^(\d{1,3})\r?\n(\d{1,3})$/.exec(bytes.trim()) ?? []
  return low === undefined || high === undefined ? null : Number(low) + 256 * Number(high)
}

/**
 * What CONFIG SET answered. `fixed`: not while it runs, or not by this command at all; whether a file may
 * have it only a start tells.
 */
export type ConfigSetReply =
  { readonly kind: 'set' } | { readonly kind: 'immutable' | 'unknown' | 'invalid'; readonly message: string }

/**
 * 7.0: `… can't set immutable config`, `Unknown option or number of arguments …`; 6.2 says `Unsupported
 * CONFIG parameter` of both.
 */
export function parseConfigSetReply(reply: string): ConfigSetReply {
  const text = reply.trim()
  if (text === 'OK') return { kind: 'set' }
  const message = withoutPrefix(text)
  if (/immutable|protected config/i.test(text)) return { kind: 'immutable', message }
  if (/unknown option|unsupported config parameter/i.test(text)) return { kind: 'unknown', message }
  return { kind: 'invalid', message }
}

/**
 * `ERR CONFIG SET failed (possibly related to argument 'hz') - argument must be …` → `argument must be …`.
 */
function withoutPrefix(text: string): string {
  return text
    .replace(/^(\(error\) )?ERR /, '')
    .replace(/^CONFIG SET failed( \(possibly related to argument '.*?'\))?( - )?/i, '')
    .replace(/^Invalid argument .*? for CONFIG SET '.*?'( - )?/i, '')
    .trim()
}

/**
 * The line of redis.conf that a server ended over, and what it said of it; null where its last words are
 * about something else.
 */
export function readConfigError(
  log: readonly string[],
): { readonly option: string; readonly message: string } | null {
  const at = log.findIndex(line => line.startsWith(">>> '"))
  if (at < 0) return null
  const option = /^>>> '"?([^\s"']+)/.exec(log[at] ?? '')?.[1]?.toLowerCase()
  return option === undefined ? null : { option, message: (log[at + 1] ?? '').trim() }
}
