import { canonicalJson, digestOfJson } from '../json-digest.js'
import { defaultOverlapMs, defaultUserAccess } from './sections/auth.js'
import { defaultContainer } from './sections/container.js'
import { defaultImagePull } from './sections/image-pull.js'
import { defaultPersistence } from './sections/persistence.js'
import { defaultTls } from './sections/tls.js'
import { defaultUpdate } from './sections/update.js'
import type { FlotillaSpec } from '../model/spec.js'

/** Specs are never changed, and each pass asks for the digest of the same one again. */
const known = new WeakMap<FlotillaSpec, string>()

/** What came into the format after its first version, as it is where a manifest says nothing of it. */
const laterSections: Partial<FlotillaSpec> = {
  imagePull: defaultImagePull,
  tls: defaultTls,
  config: {},
  labels: {},
  resources: { memoryBytes: null, cpus: null },
  container: defaultContainer,
  update: defaultUpdate,
  network: { subnet: null, external: [] },
  gateway: null,
  backup: null,
  bootstrap: null,
  hibernate: false,
}

/** And what came into a section that there was already. */
const laterFields: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  failover: { priority: {} },
  update: { master: 'automatic', window: null },
  container: { shmSizeBytes: null, stopTimeoutSeconds: null, sysctls: {}, securityOpt: [] },
}

/**
 * 16 hex characters over a spec with its defaults filled in: texts that mean the same have the same digest. A
 * later section or field that is as by default counts as one that is not there, so that a spec keeps its
 * digest when Flotilla learns something new.
 */
export function digestOf(spec: FlotillaSpec): string {
  const digest = known.get(spec) ?? digestOfJson(canonicalSpec(spec))
  known.set(spec, digest)
  return digest
}

function canonicalSpec(whole: FlotillaSpec): Readonly<Record<string, unknown>> {
  const { defaultUser, overlapMs, users, ...source } = whole.auth
  const auth = {
    ...source,
    ...(defaultUser === defaultUserAccess ? {} : { defaultUser }),
    ...(overlapMs === defaultOverlapMs ? {} : { overlapMs }),
    ...(users.length === 0 ? {} : { users }),
  }
  const { mode, volume, ...keeping } = whole.persistence
  const { mode: _mode, volume: defaultVolume, ...usual } = defaultPersistence(mode)
  const persistence = {
    mode,
    ...(canonicalJson(keeping) === canonicalJson(usual) ? {} : keeping),
    ...(canonicalJson(volume) === canonicalJson(defaultVolume) ? {} : { volume }),
  }
  const spec = { ...whole, auth, persistence }
  const defaults: Readonly<Record<string, unknown>> = laterSections
  return Object.fromEntries(
    Object.entries(spec)
      .filter(([key, value]) => !(key in defaults) || canonicalJson(value) !== canonicalJson(defaults[key]))
      .map(([key, value]) => [key, withoutLaterFields(key, value)]),
  )
}

/** What of a section counts in a digest that was there before some of its fields. */
export function withoutLaterFields(section: string, value: unknown): unknown {
  const later = laterFields[section]
  if (later === undefined || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).filter(
      ([field, set]) => !(field in later) || canonicalJson(set) !== canonicalJson(later[field]),
    ),
  )
}
