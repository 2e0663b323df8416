import type { EventDefinition } from './definition.js'

/** What can happen to a node, whatever its role. */
export const nodeEvents = {
  'node.died': {
    level: 'warn',
    message: 'node exited',
    fields: ['node', 'name', 'exitCode', 'oomKilled'],
    alert: 'when one node ends more than three times in an hour, or when oomKilled is true',
  },
  'node.oom-killed': {
    level: 'error',
    message: 'node was OOM-killed',
    fields: ['node', 'name', 'limitBytes'],
    alert:
      'always: raise spec.resources.memory, or find out what filled it; without a limit the host itself is full',
  },
  'node.drifted': {
    level: 'warn',
    message: 'a node was changed by hand; restoring what the manifest declares',
    fields: ['node', 'name', 'changed'],
    alert: 'within a day: whoever does that has a way in, or a program that works against the manifest',
  },
  'memory.overcommitted': {
    level: 'warn',
    message: 'memory limits of all flotillas exceed the memory of the host',
    fields: ['limitsBytes', 'hostBytes'],
    alert: 'not by night; when all nodes fill up, the kernel ends some of them',
  },
  'node.online': { level: 'info', message: 'node is online', fields: ['node', 'name', 'role', 'afterMs'] },
  'node.offline': {
    level: 'warn',
    message: 'node is no longer online',
    fields: ['node', 'name', 'health'],
    alert: 'when no node.online follows for the same node within a minute',
  },
  'node.removed': { level: 'info', message: 'node removed', fields: ['node', 'name'] },
  'node.dead-container-removed': {
    level: 'warn',
    message: 'removed a container that Docker had left dead; the node is recreated on its volume',
    fields: ['node', 'name'],
    alert: 'not by night; when it keeps coming, something holds mounts of containers (lsof, an antivirus)',
  },
  'network.endpoint-dropped': {
    level: 'warn',
    message: 'removed an endpoint that the engine had kept on the network of a container that is gone',
    fields: ['network', 'endpoint'],
    alert: "not by night; when it keeps coming, the engine's disk fails or it is killed while containers end",
  },
  'node.address-changed': {
    level: 'info',
    message: 'node has a new address',
    fields: ['node', 'name', 'from', 'to'],
  },
} as const satisfies Readonly<Record<string, EventDefinition>>
