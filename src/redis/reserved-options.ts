/**
 * Options that a manifest can't set, by name or by the beginning of a name (`tls-*`), and what to do instead.
 */
const reservedOptions: readonly (readonly [names: string, instead: string])[] = [
  [
    'bind port protected-mode unixsocket unixsocketperm unixsocketgroup',
    'Flotilla decides where a node listens, so that it and the other nodes find it',
  ],
  [
    'replicaof slaveof masterauth masteruser primaryauth primaryuser replica-announced',
    'Flotilla decides who follows whom, and how they log in',
  ],
  [
    'replica-announce-* slave-announce-*',
    'each node announces the name by which Flotilla knows it, and no other',
  ],
  [
    'replica-priority slave-priority',
    'it is of one node, and options are of all; write spec.failover: { priority: { 2: 0 } }',
  ],
  ['replica-read-only slave-read-only', 'a replica that takes writes loses them at its next synchronisation'],
  [
    'replica-ignore-maxmemory slave-ignore-maxmemory',
    'a replica that removes keys by itself is no copy of its master; what the master evicts goes on the replicas too',
  ],
  [
    'repl-ping-replica-period repl-ping-slave-period repl-backlog-ttl',
    'Flotilla judges a silent master by its pings, and a promotion by the history that the backlog keeps',
  ],
  ['requirepass aclfile user acl-pubsub-default', 'who may log in is what spec.auth says'],
  ['rename-command enable-protected-configs', 'Flotilla needs the commands by their own names'],
  ['tls-*', 'certificates and encryption are what spec.tls is for'],
  ['appendonly appendfsync save', 'what a node writes to its disk is what spec.persistence says'],
  [
    'dir dbfilename appendfilename appenddirname rdb-del-sync-files',
    'where a node keeps its data is what its volume is mounted for',
  ],
  ['min-replicas-* min-slaves-*', 'how many replicas a write needs is what spec.durability says'],
  ['daemonize supervised pidfile logfile', 'the container engine runs the process and keeps its log'],
  ['cluster-*', 'a flotilla is a master and its replicas, not a cluster'],
  ['include', 'a node reads one file, which Flotilla writes'],
]

/** Why this option can't be set in a manifest; null when it can. */
export function whyNotSettable(option: string): string | null {
  const entry = reservedOptions.find(([names]) => names.split(' ').some(name => matches(name, option)))
  return entry?.[1] ?? null
}

function matches(name: string, option: string): boolean {
  return name.endsWith('*') ? option.startsWith(name.slice(0, -1)) : option === name
}
