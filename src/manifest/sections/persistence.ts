import { z } from 'zod'
import type { PersistenceSpec } from '../spec.js'
import { field } from '../words.js'

const modes = ['aof', 'rdb', 'none'] as const
const mode = field(z.enum(modes), {
  describe:
    'aof: an append-only file. rdb: snapshots. none: memory only, nothing survives a stop of all nodes. aof and rdb are exchanged while nodes run.',
  wants: 'aof, rdb or none',
  example: 'aof',
  choices: modes,
})

const secondsMax = 31_536_000
const changesMax = 1_000_000_000

const savePoint = field(
  z.string().refine(isSavePoint, {
    error: issue =>
      `can't be ${JSON.stringify(issue.input)}: a save point is seconds and changes, such as "900 1"`,
  }),
  {
    describe:
      'A snapshot is written when so many seconds have passed and at least so many keys have changed: "900 1".',
    wants: 'seconds and changes, such as "900 1"',
    example: '"900 1"',
  },
)

function isSavePoint(text: string): boolean {
  if (!/^[1-9]\d{0,9} [1-9]\d{0,9}$/.test(text)) return false
  const [seconds = 0, changes = 0] = text.split(' ').map(Number)
  return seconds <= secondsMax && changes <= changesMax
}

const fsyncs = ['everysec', 'always', 'no'] as const

const scalings = ['Retain', 'Delete'] as const

const mapping = z.strictObject({
  mode: mode.prefault('aof'),
  save: field(z.array(savePoint).min(1).max(10), {
    describe: 'When snapshots are written, with mode: rdb. Left out: "3600 1", "300 100" and "60 10000".',
    wants: 'a list of one to ten save points, such as ["900 1", "300 10"]',
    example: '["900 1"]',
  }).optional(),
  appendfsync: field(z.enum(fsyncs), {
    describe:
      'When the append-only file is forced to the disk, with mode: aof. everysec: a power cut costs a second at most. always: before each answer, which is slow. no: when the kernel likes.',
    wants: 'everysec, always or no',
    example: 'everysec',
    choices: fsyncs,
  }).optional(),
  whenScaled: field(z.enum(scalings), {
    describe:
      'What becomes of the volume of a node that is scaled away. Delete: it goes with its container, once every node that is left is in sync; that of a node that was ever replaced in a failover stays.',
    wants: 'Retain or Delete',
    example: 'Retain',
    choices: scalings,
  }).prefault('Retain'),
})

/** What Redis itself would do where nobody says anything. */
const usualSave = ['3600 1', '300 100', '60 10000']

export const persistenceSection = field(
  z.union([z.enum(modes), mapping]).transform((persistence, context): PersistenceSpec => {
    const asked = typeof persistence === 'string' ? mapping.parse({ mode: persistence }) : persistence
    if (asked.save !== undefined && asked.mode !== 'rdb')
      context.addIssue({
        code: 'custom',
        path: ['save'],
        message: `is for mode: rdb, and this is ${asked.mode}; remove it`,
      })
    if (asked.appendfsync !== undefined && asked.mode !== 'aof')
      context.addIssue({
        code: 'custom',
        path: ['appendfsync'],
        message: `is for mode: aof, and this is ${asked.mode}; remove it`,
      })
    return {
      mode: asked.mode,
      save: asked.mode === 'rdb' ? (asked.save ?? usualSave) : [],
      appendfsync: asked.appendfsync ?? 'everysec',
      whenScaled: asked.whenScaled,
    }
  }),
  {
    describe:
      'What each node keeps on its volume: aof, rdb or none, or a mapping with mode. aof: an append-only file, flushed once a second. rdb: snapshots. none: memory only.',
    wants: 'aof, rdb or none',
    example: 'aof',
    choices: modes,
  },
)

/** What `persistence: <mode>` means. */
export function persistenceByDefault(of: PersistenceSpec['mode']): PersistenceSpec {
  return persistenceSection.parse(of)
}
