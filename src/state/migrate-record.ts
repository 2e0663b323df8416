/**
 * The version of the shape that a state file has. A newer one is refused, because a downgraded Flotilla must
 * not guess; an older one is brought up to date here, when it is read.
 */
export const recordVersion = 2

type Json = Readonly<Record<string, unknown>>

/** A state file of any version up to today's, as today's version would have written it. */
export function migrateRecord(file: unknown): unknown {
  if (!isObject(file)) return file
  return file['version'] === 1 ? { version: 2, memory: fromVersion1(file['memory']) } : file
}

/**
 * Version 1 said `why` where today's says `reason`, and had a field and a text of its own for each setting
 * that a node was given. Nothing of that is lost, or running nodes would be given all of it again.
 */
function fromVersion1(memory: unknown): unknown {
  if (!isObject(memory)) return memory
  const nodes = memory['nodes']
  return {
    ...memory,
    dataLost: withReason(memory['dataLost']),
    usersRefused: withReason(memory['usersRefused']),
    imageTrouble: withReason(memory['imageTrouble']),
    nodes: Array.isArray(nodes)
      ? nodes.map((node: unknown) => (isObject(node) ? nodeFromVersion1(node) : node))
      : nodes,
  }
}

function nodeFromVersion1(node: Json): Json {
  const { tuned, filed, limited, given, keeps = null, filing = null, snapshotAsked = null, ...rest } = node
  const { files, process, listed } = isObject(given) ? given : {}
  const users = appliedFrom(process, 2)
  return {
    ...rest,
    endedRun: shortRun(node['endedRun']),
    divergence: withReason(node['divergence']),
    applied: {
      ...named('options', appliedFrom(tuned, 1)),
      ...named('config-file', shortened(appliedFrom(filed, 1))),
      ...named('resource-limits', shortened(appliedFrom(limited, 1))),
      ...named('auth-files', appliedFrom(files, 1)),
      ...named('users', users),
      ...(users !== null && typeof listed === 'string'
        ? named('listed-users', { ...users, digest: listed })
        : {}),
    },
    persistence: { current: keeps, pending: filing, snapshotAsked },
  }
}

interface Applied {
  readonly incarnation: string
  readonly digest: string
}

/** It was one text: who has it, in so many words, and then of what. */
function appliedFrom(text: unknown, words: number): Applied | null {
  if (typeof text !== 'string') return null
  const parts = text.split(' ')
  const digest = parts.slice(words).join(' ')
  return digest === '' ? null : { incarnation: parts.slice(0, words).join(' '), digest }
}

/** Of some containers it had the whole id, of others as much as today. */
function shortened(applied: Applied | null): Applied | null {
  return applied === null ? null : { ...applied, incarnation: applied.incarnation.slice(0, 12) }
}

function shortRun(run: unknown): unknown {
  if (typeof run !== 'string') return run
  const [containerId = '', ...started] = run.split(' ')
  return [containerId.slice(0, 12), ...started].join(' ')
}

function named(name: string, applied: Applied | null): Json {
  return applied === null ? {} : { [name]: applied }
}

function withReason(value: unknown): unknown {
  if (!isObject(value) || !('why' in value)) return value
  const { why, ...rest } = value
  return { ...rest, reason: why }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
