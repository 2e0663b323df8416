import { createHash } from 'node:crypto'
import type { FlotillaSpec } from './spec.js'

/** Specs are never changed, and each pass asks for the digest of the same one again. */
const known = new WeakMap<FlotillaSpec, string>()

/** 16 hex characters over a spec with its defaults filled in: texts that mean the same have the same digest. */
export function digestOf(spec: FlotillaSpec): string {
  const digest =
    known.get(spec) ?? createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16)
  known.set(spec, digest)
  return digest
}

/** JSON with sorted keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}
