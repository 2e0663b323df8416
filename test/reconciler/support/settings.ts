import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import type { FlotillaMemory, OperationKind, Request } from '../../../src/model/record.js'
import { masterName, replicaName } from '../../../src/model/names.js'
import { nodeStates, type NodeStateName } from './node-states.js'
import { replicate, type World } from './small-world.js'
import { lineage, memory, nodeRecord, nowMs, operation as begun, spec } from './world.js'

/** Everything that makes one small world different from another. */
export interface Setting {
  /** By ordinal. */
  readonly states: readonly NodeStateName[]
  /** By ordinal. */
  readonly names: readonly string[]
  /** Ordinal of the recorded master. */
  readonly record: number | null
  readonly recordedKeys: number
  readonly operation: { readonly kind: OperationKind; readonly to: number } | null
  readonly replicas: number
  readonly persistence: 'aof' | 'rdb' | 'none'
  /** The processes that run were seen in sync before. */
  readonly witnessed: boolean
  /** What a person asks for. */
  readonly request: Request | null
  /** No node can live with today's spec; those of an older one can. */
  readonly newSpecDies: boolean
}

export type Choices = {
  readonly [Part in Exclude<keyof Setting, Optional>]: readonly Setting[Part][]
} & { readonly [Part in Optional]?: readonly Setting[Part][] }
type Optional = 'witnessed' | 'request' | 'newSpecDies'

/** Every combination of the choices that can be found in the world. */
export function* settings(choices: Choices): Generator<Setting> {
  const { witnessed = [false], request = [null], newSpecDies = [false], ...others } = choices
  for (const template of combinations({ ...others, witnessed, request, newSpecDies })) {
    const { states, record, operation } = template
    // A creation begins without a record of a master, and ends with one; every other operation here begins
    // with one.
    if (operation !== null && (operation.kind === 'creation') !== (record === null)) continue
    // Of one that hangs nobody can know that somebody made it master by hand.
    if (states.some((state, ordinal) => state === 'frozen, a master' && ordinal !== record)) continue
    if (!isPromotedBeside(states, record, operation)) yield template
  }
}

function* combinations(choices: Required<Choices>): Generator<Setting> {
  for (const states of choices.states)
    for (const names of choices.names)
      for (const record of choices.record)
        for (const operation of choices.operation)
          for (const recordedKeys of choices.recordedKeys)
            for (const replicas of choices.replicas)
              for (const persistence of choices.persistence)
                for (const witnessed of choices.witnessed)
                  for (const request of choices.request)
                    for (const newSpecDies of choices.newSpecDies)
                      yield {
                        ...{ states, names, record, operation, recordedKeys },
                        ...{ replicas, persistence, witnessed, request, newSpecDies },
                      }
}

/** It is written down that another node is to be promoted only when the old master is known to be dead. */
function isPromotedBeside(
  states: Setting['states'],
  record: Setting['record'],
  operation: Setting['operation'],
): boolean {
  if (operation === null || record === null || operation.to === record) return false
  const state = states[record] ?? 'never made'
  return ['paused', 'frozen', 'frozen, a master', 'locked out', 'detached', 'starting, empty'].includes(state)
}

export function tuples<Item>(items: readonly Item[], length: number): (readonly Item[])[] {
  if (length === 0) return [[]]
  return tuples(items, length - 1).flatMap(rest => items.map(item => [...rest, item]))
}

/** Names as roles ask for them, when this ordinal is master; null: everybody has a replica's name. */
export function namesFor(count: number, master: number | null): readonly string[] {
  return Array.from({ length: count }, (_, ordinal) =>
    ordinal === master ? masterName('shop') : replicaName('shop', ordinal),
  )
}

export function build(template: Setting): World {
  const world: World = {
    atMs: nowMs,
    spec: spec({ replicas: template.replicas, persistence: defaultPersistence(template.persistence) }),
    memory: memoryOf(template),
    network: 1,
    networks: [],
    source: null,
    imageHere: true,
    newSpecDies: template.newSpecDies,
    volumes: {},
    setAside: [],
    boxes: [],
    keyring: null,
    counter: 10,
  }
  template.states.forEach((state, ordinal) => {
    const { box, volume } = structuredClone(nodeStates[state])
    if (volume !== undefined) world.volumes[ordinal] = volume
    if (box !== null) world.boxes.push({ ...box, ordinal, name: template.names[ordinal] ?? '' })
  })
  if (world.boxes.length === 0) world.network = null
  // No world is begun that could not be found: links that can be up are.
  replicate(world)
  return world
}

function memoryOf({ states, record, recordedKeys, operation, witnessed, request }: Setting): FlotillaMemory {
  const ordinals = witnessed && record !== null ? states.map((_, ordinal) => ordinal) : []
  const nodes = ordinals.map(ordinal =>
    nodeRecord(ordinal, { lineage: lineage({ runId: 'run-1', replid: 'A' }) }),
  )
  const base = memory(record, { nodes, request })
  return {
    ...base,
    master:
      base.master === null ? null : { ...base.master, lineage: lineage({ keys: recordedKeys, replid: 'A' }) },
    operation: operation === null ? null : begun({ ...operation, from: record, reason: 'a test began it' }),
  }
}
