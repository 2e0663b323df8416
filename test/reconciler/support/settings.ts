import type { FlotillaMemory, OperationKind } from '../../../src/reconciler/memory.js'
import { masterName, replicaName } from '../../../src/reconciler/names.js'
import { nodeStates, type NodeStateName } from './node-states.js'
import { replicate, type World } from './small-world.js'
import { lineage, memory, nowMs, operation as begun, spec } from './world.js'

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
}

export type Choices = { readonly [Part in keyof Setting]: readonly Setting[Part][] }

/** Every combination of the choices. */
export function* settings(choices: Choices): Generator<Setting> {
  for (const states of choices.states)
    for (const names of choices.names)
      for (const record of choices.record)
        for (const operation of choices.operation)
          for (const recordedKeys of choices.recordedKeys)
            for (const replicas of choices.replicas)
              for (const persistence of choices.persistence)
                // A creation begins without a record of a master, and ends with one; every other operation here begins with one.
                if (operation === null || (operation.kind === 'creation') === (record === null))
                  if (!isPromotedBeside(states, record, operation))
                    yield { states, names, record, recordedKeys, operation, replicas, persistence }
}

/** It is written down that another node is to be promoted only when the old master is known to be dead. */
function isPromotedBeside(
  states: Setting['states'],
  record: Setting['record'],
  operation: Setting['operation'],
): boolean {
  if (operation === null || record === null || operation.to === record) return false
  const state = states[record] ?? 'never made'
  return ['paused', 'frozen', 'locked out', 'detached', 'starting, empty'].includes(state)
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

export function build(setting: Setting): World {
  const world: World = {
    atMs: nowMs,
    spec: spec({ replicas: setting.replicas, persistence: { mode: setting.persistence } }),
    memory: memoryOf(setting),
    network: 1,
    imageHere: true,
    volumes: {},
    setAside: [],
    boxes: [],
    counter: 10,
  }
  setting.states.forEach((state, ordinal) => {
    const { box, volume } = structuredClone(nodeStates[state])
    if (volume !== undefined) world.volumes[ordinal] = volume
    if (box !== null) world.boxes.push({ ...box, ordinal, name: setting.names[ordinal] ?? '' })
  })
  if (world.boxes.length === 0) world.network = null
  // No world is begun that could not be found: links that can be up are.
  replicate(world)
  return world
}

function memoryOf({ record, recordedKeys, operation }: Setting): FlotillaMemory {
  const base = memory(record)
  return {
    ...base,
    master:
      base.master === null ? null : { ...base.master, lineage: lineage({ keys: recordedKeys, replid: 'A' }) },
    operation: operation === null ? null : begun({ ...operation, from: record, reason: 'a test began it' }),
  }
}
