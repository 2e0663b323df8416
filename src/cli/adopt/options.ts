import { whyNotSettable } from '../../redis/reserved-options.js'
import { renderRedisConfig, versionSpecificOptionNames } from '../../redis/config.js'
import { defaultPersistence } from '../../manifest/sections/persistence.js'
import { Secret } from '../../secret.js'

/** `CONFIG GET *`, by name. */
export type ServerConfig = ReadonlyMap<string, string>

/** What a manifest says of options. */
export interface CarriedOptions {
  readonly persistence: CarriedPersistence
  readonly durability: { readonly minReplicasToWrite: number; readonly maxLag: string } | null
  /** For `spec.config`. */
  readonly config: Readonly<Record<string, string | readonly string[]>>
}

export interface CarriedPersistence {
  readonly mode: 'aof' | 'rdb' | 'none'
  readonly save?: readonly string[]
  readonly appendfsync?: string
}

/** Something that the manifest does not take over, and why. */
export interface Skipped {
  readonly what: string
  readonly reason: string
}

/**
 * What a server does otherwise than its image would by itself, as a manifest says it, and what no manifest
 * says. `defaults` are those of a server of the same image that was told nothing. Values of options that a
 * manifest can't have are not repeated: some are passwords.
 */
export function carriedOptions(
  config: ServerConfig,
  defaults: ServerConfig,
): { readonly carried: CarriedOptions; readonly skipped: readonly Skipped[] } {
  const own = ownOptions()
  const changed = [...config].filter(
    ([name, value]) =>
      ![defaults.get(name), own.get(name)].includes(value) &&
      !isOldName(name, config) &&
      !isDeclaredElsewhere(name),
  )
  const skipReasons = changed.map(([name]) => [name, whySkipped(name, config, own)] as const)
  const isSkipped = new Map(skipReasons.filter(([, reason]) => reason !== null))
  const kept = changed.filter(([name]) => !isSkipped.has(name))
  return {
    carried: {
      persistence: persistenceOf(config, defaults),
      durability: durabilityOf(config),
      config: Object.fromEntries(kept.map(([name, value]) => [name, textOf(name, value, defaults)])),
    },
    skipped: byReason(skipReasons),
  }
}

/**
 * Options that other fields of the manifest say, or that stand for where the old server is; nobody misses
 * them.
 */
const declaredElsewhere = [
  ...['bind', 'bind-source-addr', 'protected-mode', 'dir', 'dbfilename', 'appendfilename', 'appenddirname'],
  ...['pidfile', 'logfile', 'daemonize', 'supervised', 'set-proc-title', 'proc-title-template'],
  ...['masterauth', 'masteruser', 'primaryauth', 'primaryuser', 'requirepass', 'aclfile'],
  ...['acl-pubsub-default', 'replicaof', 'slaveof', 'appendonly', 'appendfsync', 'save'],
]

function isDeclaredElsewhere(name: string): boolean {
  return declaredElsewhere.includes(name) || /^(min-(replicas|slaves)|(replica|slave)-announce)-/.test(name)
}

/** Redis answers with both names of an option that it has renamed. */
function isOldName(name: string, config: ServerConfig): boolean {
  return name.includes('slave') && config.has(name.replace('slave', 'replica'))
}

function whySkipped(name: string, config: ServerConfig, own: ReadonlyMap<string, string>): string | null {
  if (name === 'port') return `its clients use port ${config.get(name)}; they use 6379 of the new master`
  const forbidden = whyNotSettable(name)
  if (forbidden !== null) return forbidden
  return own.has(name) ? 'Flotilla sets this itself; to have another value, write it under spec.config' : null
}

/** What is in every node's redis.conf anyway. */
function ownOptions(): ReadonlyMap<string, string> {
  const { textWithoutSecrets } = renderRedisConfig({
    ...{ nodeAlias: 'any', persistence: defaultPersistence('rdb'), replication: new Secret('any') },
    ...{ isPasswordless: true, options: {}, tls: null },
  })
  const lines = textWithoutSecrets.split('\n').map(line => /^(\S+) (.*)$/.exec(line) ?? [])
  const rendered = lines.flatMap(([, name, value]) =>
    name === undefined || name === 'client-output-buffer-limit' ? [] : [[name, value ?? ''] as const],
  )
  return new Map([...rendered, ...versionSpecificOptionNames.map(name => [name, ''] as const)])
}

function persistenceOf(config: ServerConfig, defaults: ServerConfig): CarriedPersistence {
  const differs = (name: string): boolean => config.get(name) !== defaults.get(name)
  const save = config.get('save') ?? ''
  if (config.get('appendonly') === 'yes') {
    const appendfsync = config.get('appendfsync')
    return {
      mode: 'aof',
      ...(appendfsync !== undefined && differs('appendfsync') ? { appendfsync } : {}),
    }
  }
  if (save === '') return { mode: 'none' }
  return { mode: 'rdb', ...(differs('save') ? { save: inGroups(save, 2) } : {}) }
}

function durabilityOf(config: ServerConfig): CarriedOptions['durability'] {
  const number = (name: string): number => Number(config.get(name) ?? 0)
  const minReplicasToWrite = number('min-replicas-to-write')
  return minReplicasToWrite === 0
    ? null
    : { minReplicasToWrite, maxLag: `${number('min-replicas-max-lag') || 10}s` }
}

/**
 * Of an option that has a line for each class of clients those lines that differ; how much of a stream a
 * replica may be behind is for Flotilla to say.
 */
function textOf(name: string, value: string, defaults: ServerConfig): string | readonly string[] {
  if (name !== 'client-output-buffer-limit') return value
  const usual = inGroups(defaults.get(name) ?? '', 4)
  return inGroups(value, 4).filter(line => !usual.includes(line) && !/^(slave|replica) /.test(line))
}

function inGroups(value: string, size: number): readonly string[] {
  const parts = value.split(/\s+/).filter(part => part !== '')
  return Array.from({ length: Math.ceil(parts.length / size) }, (_, index) =>
    parts.slice(index * size, (index + 1) * size).join(' '),
  )
}

function byReason(skipReasons: readonly (readonly [string, string | null])[]): readonly Skipped[] {
  const reasons = new Set(skipReasons.flatMap(([, reason]) => reason ?? []))
  return [...reasons].map(reason => ({
    what: skipReasons
      .filter(([, other]) => other === reason)
      .map(([name]) => name)
      .join(', '),
    reason,
  }))
}
