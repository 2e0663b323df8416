import { z } from 'zod'
import type { PersistenceSpec, VolumeSettings } from '../../model/spec.js'
import {
  locationsOverlap,
  locatingOption,
  nodeLocation,
  type VolumeDriver,
} from '../../model/volume-location.js'
import { field, inQuotes } from '../field-docs.js'
import { labelsField } from './labels.js'

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

const savePointShape = /^[1-9]\d{0,9} [1-9]\d{0,9}$/

const savePoint = field(
  z
    .string()
    .meta({ pattern: savePointShape.source })
    .refine(isSavePoint, {
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
  if (!savePointShape.test(text)) return false
  const [seconds = 0, changes = 0] = text.split(' ').map(Number)
  return seconds <= secondsMax && changes <= changesMax
}

const fsyncs = ['everysec', 'always', 'no'] as const

const scalings = ['Retain', 'Delete'] as const

const driverOption = field(z.string().min(1).max(1_024), {
  describe:
    'What the driver is told; {flotilla} and {ordinal} stand for the name of the flotilla and the number of the node. It shows in docker volume inspect, so no password belongs here.',
  wants: 'text, in quotes where YAML would make something else of it',
  example: '"nfs"',
  repair: inQuotes,
})

const defaultVolumeSettings: VolumeSettings = {
  name: '{flotilla}-{ordinal}',
  driver: 'local',
  options: {},
  labels: {},
}

/**
 * What a template may put between the names of flotilla and node, so that a volume can be called so on any
 * engine.
 */
const volumeNameShape =
  /^(?:[a-zA-Z0-9]|\{flotilla\}|\{ordinal\})(?:[a-zA-Z0-9_.-]|\{flotilla\}|\{ordinal\})*$/

const volumeName = field(
  z
    .string()
    .max(100)
    .regex(volumeNameShape)
    .meta({
      allOf: ['{flotilla}', '{ordinal}'].map(part => ({ pattern: part.replace(/[{}]/g, String.raw`\$&`) })),
    })
    .refine(name => ['{flotilla}', '{ordinal}'].every(part => name.includes(part)), {
      error: issue =>
        `can't be ${JSON.stringify(issue.input)}: every node of every flotilla needs a name of its own, so {flotilla} and {ordinal} are both in it`,
    }),
  {
    describe:
      'What new volumes are called: {flotilla} and {ordinal} stand for the names of the flotilla and the number of the node. A volume that exists keeps its name, and its node.',
    wants: 'letters, digits, dots, dashes and underscores with {flotilla} and {ordinal} among them',
    example: '"{flotilla}-{ordinal}"',
    repair: inQuotes,
  },
)

const volume = field(
  z
    .strictObject({
      name: volumeName.prefault(defaultVolumeSettings.name),
      driver: field(
        z
          .string()
          .max(255)
          .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*$/),
        {
          describe: 'The volume driver of the engine: local, or the name of a plugin.',
          wants: 'the name of a volume driver, such as local',
          example: 'local',
        },
      ).prefault(defaultVolumeSettings.driver),
      options: field(z.record(z.string().min(1), driverOption), {
        describe:
          'For the driver, as after docker volume create --opt. What says where the data is (device, a share, a path) has {ordinal} in it: no two nodes may have one place.',
        wants: 'a mapping of option names to text',
        example: '{ type: nfs, o: "addr=10.0.0.5,rw", device: ":/redis/{flotilla}-{ordinal}" }',
      }).prefault(defaultVolumeSettings.options),
      labels: labelsField(
        'Labels for the volumes alone, beside spec.labels; {flotilla} and {ordinal} stand for what they do in options.',
      ).prefault(defaultVolumeSettings.labels),
    })
    .superRefine(refuseSharedLocation),
  {
    describe:
      'How the volume of a node is made. One that exists stays as it is: give a node a volume of another kind by removing the node and its volume, one node after the other.',
    wants: 'a mapping',
    example: '{ driver: local }',
  },
)

/** Every node is made from the one text: where two of them would get one place, all would. */
function refuseSharedLocation(made: VolumeDriver, context: z.RefinementCtx): void {
  const [first, second] = [0, 1].map(ordinal => nodeLocation(made, { flotilla: 'x', ordinal }))
  if (!first || !second || !locationsOverlap(first, second)) return
  const key = locatingOption(made)
  const value = made.options[key] ?? ''
  const own = value.startsWith('/dev/') || key === 'o' ? '' : ownLocationIn(value)
  context.addIssue({
    code: 'custom',
    path: ['options', key],
    message: `can't be ${JSON.stringify(value)}: that is one place for all nodes, and servers that share a folder destroy each other's data; ${own === '' ? 'let {ordinal} name one for each' : `write ${key}: ${JSON.stringify(own)}`}`,
  })
}

function ownLocationIn(folder: string): string {
  const stem = folder.endsWith('/') ? folder.slice(0, -1) : folder
  return `${stem}/${folder.includes('{flotilla}') ? '' : '{flotilla}-'}{ordinal}`
}

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
  volume: volume.prefault(defaultVolumeSettings),
})

/** What Redis itself would do where nobody says anything. */
const defaultSave = ['3600 1', '300 100', '60 10000']

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
      save: asked.mode === 'rdb' ? (asked.save ?? defaultSave) : [],
      appendfsync: asked.appendfsync ?? 'everysec',
      whenScaled: asked.whenScaled,
      volume: asked.volume,
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
export function defaultPersistence(of: PersistenceSpec['mode']): PersistenceSpec {
  return persistenceSection.parse(of)
}
