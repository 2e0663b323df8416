import { formatAge, formatBytes } from '../../units.js'
import type { EventRecord, FlotillaNode } from './api-types.js'

/** The same amounts in the same words as on the terminal. */
export { formatAge, formatBytes }

export function bytes(count: number | null): string {
  return count === null ? '–' : formatBytes(Math.round(count))
}

export function number(count: number | null): string {
  return count === null ? '–' : Math.round(count).toLocaleString('en')
}

/** Of large numbers the leading digits: `1.2k`, `34M`. */
export function compact(count: number): string {
  if (Math.abs(count) < 10_000) return number(count)
  const power = Math.min(3, Math.floor(Math.log10(Math.abs(count)) / 3))
  const value = count / 1_000 ** power
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}${['', 'k', 'M', 'G'][power] ?? ''}`
}

export function lag({ lagBytes, lagSeconds }: Pick<FlotillaNode, 'lagBytes' | 'lagSeconds'>): string {
  const parts = [
    ...(lagBytes === null ? [] : [formatBytes(lagBytes)]),
    ...(lagSeconds === null ? [] : [`${lagSeconds}s`]),
  ]
  return parts.length === 0 ? 'lag unknown' : parts.join(' · ')
}

/** A time of day as the reader's clock shows it. */
export function clockTime(time: string | number): string {
  return new Date(time).toLocaleTimeString('en-GB')
}

export function fullTime(time: string | number): string {
  return `${new Date(time).toLocaleDateString('en-CA')} ${clockTime(time)}`
}

export function ago(time: string | null, nowMs: number): string {
  return time === null ? '–' : formatAge(nowMs - Date.parse(time))
}

/** What an event's fields add to its constant message. */
export function fieldsOf({ fields }: EventRecord): readonly (readonly [string, string])[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => [key, Array.isArray(value) ? value.join('; ') : String(value)] as const)
}
