/** A folder of src/, of src/reconciler/, or cmd/: what is inside it is its own affair. */
export interface Room {
  readonly name: string
  /** Rooms further up in the table; besides, everybody may import itself. */
  readonly mayImport: readonly string[]
}

/**
 * The law of rooms, bottom to top: a room imports rooms above it in this table and no others, so there is no
 * circle between any two. A row that has to grow is a question about design before it is an edit here.
 */
export const rooms: readonly Room[] = [
  { name: 'base', mayImport: [] },
  { name: 'model', mayImport: ['base'] },
  { name: 'runtime', mayImport: ['base', 'model'] },
  { name: 'redis', mayImport: ['base', 'model'] },
  { name: 'gateway', mayImport: ['base', 'model'] },
  { name: 'backup', mayImport: ['base', 'model', 'redis'] },
  { name: 'manifest', mayImport: ['base', 'model', 'redis'] },
  { name: 'tls', mayImport: ['base', 'model'] },
  { name: 'events', mayImport: ['base', 'model'] },
  { name: 'ownership', mayImport: ['base', 'model', 'runtime'] },
  { name: 'state', mayImport: ['base', 'model', 'redis', 'manifest', 'tls'] },
  { name: 'reconciler/auth', mayImport: ['base', 'model', 'redis', 'manifest', 'events', 'state'] },
  {
    name: 'reconciler/desired',
    mayImport: ['base', 'model', 'runtime', 'redis', 'gateway', 'manifest', 'tls', 'reconciler/auth'],
  },
  { name: 'reconciler/record', mayImport: ['base', 'model', 'tls', 'reconciler/desired'] },
  {
    name: 'reconciler/observe',
    mayImport: ['base', 'model', 'runtime', 'redis', 'gateway', 'reconciler/auth'],
  },
  {
    name: 'reconciler/plan',
    mayImport: ['base', 'model', 'runtime', 'redis', 'tls', 'reconciler/desired', 'reconciler/record'],
  },
  // Worth what it does not share with the planner: it knows the data and nothing else.
  { name: 'reconciler/judge', mayImport: ['model'] },
  {
    name: 'reconciler/execute',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'gateway', 'manifest', 'tls', 'events', 'state'],
      ...['reconciler/auth', 'reconciler/desired', 'reconciler/record', 'reconciler/observe'],
      'reconciler/plan',
    ],
  },
  {
    name: 'reconciler/report',
    mayImport: [
      ...['base', 'model', 'redis', 'tls', 'events', 'reconciler/desired', 'reconciler/record'],
      'reconciler/plan',
    ],
  },
  {
    name: 'reconciler/loop',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'manifest', 'tls', 'events', 'state'],
      ...['reconciler/auth', 'reconciler/desired', 'reconciler/record', 'reconciler/observe'],
      ...['reconciler/plan', 'reconciler/judge', 'reconciler/execute', 'reconciler/report'],
    ],
  },
  { name: 'sentinel', mayImport: ['base', 'model', 'redis'] },
  { name: 'timeseries', mayImport: ['base', 'model'] },
  { name: 'metrics', mayImport: ['base', 'model', 'events', 'reconciler/loop'] },
  { name: 'notify', mayImport: ['base', 'manifest', 'events'] },
  {
    name: 'http',
    mayImport: [
      ...['base', 'model', 'manifest', 'events', 'state', 'timeseries'],
      ...['reconciler/plan', 'reconciler/report', 'reconciler/loop'],
    ],
  },
  // Runs in a browser; what it takes of the others is types and arithmetic.
  { name: 'dashboard', mayImport: ['base', 'events', 'timeseries', 'http'] },
  {
    name: 'session',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'gateway', 'manifest', 'events', 'ownership', 'state'],
      ...['reconciler/auth', 'reconciler/record', 'reconciler/observe', 'reconciler/loop'],
    ],
  },
  {
    name: 'backup-jobs',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'backup', 'manifest', 'events', 'state'],
      ...['reconciler/desired', 'reconciler/observe', 'reconciler/execute', 'session'],
    ],
  },
  {
    name: 'daemon',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'gateway', 'manifest', 'events', 'state', 'timeseries'],
      ...['metrics', 'notify', 'http', 'sentinel', 'session', 'reconciler/loop', 'backup-jobs'],
    ],
  },
  {
    name: 'cli',
    mayImport: [
      ...['base', 'model', 'runtime', 'redis', 'manifest', 'tls', 'events', 'ownership', 'state'],
      ...['reconciler/auth', 'reconciler/desired', 'reconciler/record', 'reconciler/observe'],
      ...['reconciler/plan', 'reconciler/execute', 'reconciler/report', 'reconciler/loop', 'session'],
      ...['backup', 'backup-jobs'],
    ],
  },
  { name: 'cmd', mayImport: ['base', 'model', 'manifest', 'events', 'http', 'session', 'daemon', 'cli'] },
]

/** Files right in src/ are the base; null for what is no part of the program, such as a test. */
export function roomOf(path: string): string | null {
  const [top, folder = '', inner = '', ...rest] = path.split('/')
  if (top === 'cmd') return 'cmd'
  if (top !== 'src') return null
  if (inner === '') return 'base'
  return folder === 'reconciler' && rest.length > 0 ? `${folder}/${inner}` : folder
}

/** Where its files lie. */
export function folderOf(room: string): string {
  if (room === 'cmd') return 'cmd'
  return room === 'base' ? 'src' : `src/${room}`
}

/** Why a file may not import another one of the project; null when it may. */
export function whyNotImport({ from, to }: { readonly from: string; readonly to: string }): string | null {
  const [room, target] = [roomOf(from), roomOf(to)]
  if (room === null || room === target) return null
  const row = rooms.find(({ name }) => name === room)
  if (row === undefined) return `${room} is no room of the table`
  return target !== null && row.mayImport.includes(target) ? null : `${room} may not import ${target ?? to}`
}
