import { FlotillaError } from './errors.js'

/** `45s`, `3m20s`, `5h12m`, `2d4h`, `31d`: what a person takes in at a glance. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's')
  if (minutes < 120) return `${minutes}m`
  if (hours < 10) return withRest(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  return days < 10 ? withRest(days, 'd', hours % 24, 'h') : `${days}d`
}

/** `1 replica`, `2 replicas`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${restUnit}`
}

/** `0B`, `512B`, `1.5KiB`, `64MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes}B`
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1_024 ** power
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)}${byteUnits[power]}`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

const millisecondsOf: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 }

/** `90s`, `15m`, `1h30m`, `2d`, to milliseconds; null for what is no duration. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+[smhd])+$/.test(text)) return null
  const parts = text.split(/(?<=[smhd])/)
  return parts.reduce((sum, part) => sum + parseInt(part) * (millisecondsOf[part.at(-1) ?? ''] ?? 0), 0)
}

/**
 * The moment that `--since` means: so long ago (`90s`, `1h30m`, `2d`) or an ISO time.
 * @throws FlotillaError usage/invalid
 */
export function parseSince(text: string, nowMs: number): number {
  const agoMs = parseDuration(text)
  if (agoMs !== null) return nowMs - agoMs
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(atMs)) return atMs
  throw new FlotillaError('usage/invalid', `--since ${text} is neither a duration nor a time`, {
    hint: 'Write how long ago (90s, 15m, 1h30m, 2d) or when (2026-11-23T06:52:58Z).',
  })
}
