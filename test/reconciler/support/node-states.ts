import type { Box, Data, Redis } from './small-world.js'
import { currentHash } from './world.js'

/**
 * The states that a node can be found in, one for each that the planner tells apart, with and without data.
 * The flotilla's history is the lineage A, ten keys at offset 1000; twelve keys are a node's own writes on
 * top of it, and seven are a history that has nothing to do with it.
 */
const full: Data = { keys: 10, replid: 'A', offset: 1_000 }
const behind: Data = { keys: 4, replid: 'A', offset: 400 }
const other: Data = { keys: 7, replid: 'B', offset: 700 }
const empty: Data = { keys: 0, replid: 'E', offset: 0 }
const nothing: Data = { keys: 0, replid: '', offset: 0 }

export interface NodeState {
  readonly box: Omit<Box, 'ordinal' | 'name'> | null
  /** Undefined: there is no volume. */
  readonly volume: Data | undefined
}

function box(overrides: Partial<Box>): NodeState['box'] {
  return {
    state: 'running',
    hash: currentHash,
    createdAtMs: 0,
    network: 1,
    joined: [],
    startedAtMs: 0,
    exit: null,
    health: 'well',
    redis: null,
    files: null,
    process: null,
    ...overrides,
  }
}

function process(data: Data, host: string | null, overrides: Partial<Redis> = {}): Redis {
  return { run: 1, ...data, previous: null, host, synced: false, writesPaused: false, ...overrides }
}

function running(data: Data, host: string | null, overrides: Partial<Box> = {}): NodeState {
  return { box: box({ redis: process(data, host), ...overrides }), volume: data }
}

/** It was in sync, whether its master is still there or not. */
function following(host: string): NodeState {
  return { box: box({ redis: process(full, host, { synced: true }) }), volume: full }
}

function notRunning(data: Data, overrides: Partial<Box>): NodeState {
  return { box: box({ state: 'exited', exit: { code: 137, atMs: 60_000 }, ...overrides }), volume: data }
}

const left = { replid: 'A', untilOffset: 1_001 }

export const nodeStates = {
  'never made': { box: null, volume: undefined },
  'removed, data kept': { box: null, volume: full },
  'made, not started': { box: box({ state: 'created', startedAtMs: null }), volume: nothing },
  'ended, empty': notRunning(nothing, {}),
  'ended, with data': notRunning(full, {}),
  'ended, with an old snapshot': notRunning(behind, {}),
  'ended, on a network that is gone': notRunning(full, { network: 77 }),
  'being removed': { box: box({ state: 'removing', exit: { code: 0, atMs: 60_000 } }), volume: full },
  paused: running(full, 'shop-0', { state: 'paused' }),
  detached: running(full, 'shop-0', { network: null }),
  frozen: running(full, 'shop-0', { health: 'frozen' }),
  'frozen, a master': running(full, null, { health: 'frozen' }),
  'locked out': running(full, 'shop-0', { health: 'auth-failure' }),
  loading: running(full, 'master', { health: 'loading' }),
  'starting, empty': running(empty, 'master', { health: 'starting' }),
  'master, empty': running(empty, null),
  'master, with data': running(full, null),
  'master by hand, no write of its own': {
    box: box({ redis: process({ ...full, replid: 'S' }, null, { previous: left }) }),
    volume: full,
  },
  'master by hand, with writes': {
    box: box({ redis: process({ keys: 12, replid: 'S', offset: 1_200 }, null, { previous: left }) }),
    volume: full,
  },
  'replica of the link name, with data': running(full, 'master'),
  'replica of the link name, empty': running(empty, 'master'),
  'replica of the link name, other data': running(other, 'master'),
  'replica of 0': following('shop-0'),
  'replica of 1': following('shop-1'),
  'replica of 0, of an older spec': running(full, 'shop-0', { hash: 'hash-before' }),
  'master, of an older spec': running(full, null, { hash: 'hash-before' }),
  'ended, of an older spec': notRunning(full, { hash: 'hash-before' }),
} as const satisfies Readonly<Record<string, NodeState>>

export type NodeStateName = keyof typeof nodeStates
