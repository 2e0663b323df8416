/**
 * The version of the shape that a state file has. A newer one is refused, because a downgraded Flotilla must not
 * guess; an older one is brought up to date here, when it is read.
 */
export const recordVersion = 2

type Json = Readonly<Record<string, unknown>>

/** A state file of any version up to today's, as today's version would have written it. */
export function migrateRecord(file: unknown): unknown {
  if (!isObject(file)) return file
  return file['version'] === 1 ? { version: 2, memory: fromVersion1(file['memory']) } : file
}

/** Version 1 said `why` where today's says `reason`. */
function fromVersion1(memory: unknown): unknown {
  if (!isObject(memory)) return memory
  const nodes = memory['nodes']
  return {
    ...memory,
    dataLost: withReason(memory['dataLost']),
    usersRefused: withReason(memory['usersRefused']),
    imageTrouble: withReason(memory['imageTrouble']),
    nodes: Array.isArray(nodes)
      ? nodes.map((node: unknown) =>
          isObject(node) ? { ...node, divergence: withReason(node['divergence']) } : node,
        )
      : nodes,
  }
}

function withReason(value: unknown): unknown {
  if (!isObject(value) || !('why' in value)) return value
  const { why, ...rest } = value
  return { ...rest, reason: why }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
