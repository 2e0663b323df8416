import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import { desiredPersistence } from '../../../../src/reconciler/desired/persistence.js'
import {
  withPersistence,
  type FlotillaMemory,
  type PersistenceRecord,
  type SnapshotRequest,
} from '../../../../src/model/record.js'
import type { Action } from '../../../../src/model/plan.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import {
  follower,
  master,
  planInput,
  planIs,
  planText,
  redisFacts,
  replica,
  spec,
  witnessed,
} from '../../support/world.js'

const aof = spec({ persistence: defaultPersistence('aof') })
const rdb = spec({ persistence: defaultPersistence('rdb') })

type Persistence = ReturnType<typeof redisFacts>['persistence']

/** A master and two replicas, each with what it says of its persistence. */
function nodes(says: (ordinal: number) => Partial<Persistence>): ObservedNode[] {
  const facts = (ordinal: number) => ({
    persistence: { ...redisFacts().persistence, ...says(ordinal) },
  })
  return [
    master(0, { ...facts(0), followers: [follower(1), follower(2)] }),
    replica(1, facts(1)),
    replica(2, facts(2)),
  ]
}

function keeping(mode: 'aof' | 'rdb', ordinals: readonly number[] = [0, 1, 2], before = witnessed([1, 2])) {
  const current = desiredPersistence(mode === 'aof' ? aof : rdb)
  return ordinals.reduce<FlotillaMemory>(
    (memory, ordinal) => withPersistence(memory, ordinal, { current }),
    before,
  )
}

const off = { aofEnabled: false }

describe('from snapshots to an append-only file', () => {
  test('a replica begins to write one, and nobody else: each forks a child', () => {
    planIs(
      { spec: aof, memory: keeping('rdb'), nodes: nodes(() => off) },
      '1 set-append-only 1 on',
      'persistence/a replica begins to write one and nobody else each forks a',
    )
  })

  test('while it is written, redis.conf stays: a node that is started with one that holds nothing comes up empty', () => {
    const writing = nodes(ordinal => (ordinal === 1 ? { aofEnabled: true, aofRewriteInProgress: true } : off))
    planIs(
      { spec: aof, memory: keeping('rdb'), nodes: writing },
      'wait 1 250ms',
      'persistence/while it is written redis.conf stays a node that is started with',
    )
    const failed = nodes(ordinal => (ordinal === 1 ? { aofEnabled: true, aofLastRewriteOk: false } : off))
    planIs(
      { spec: aof, memory: keeping('rdb'), nodes: failed },
      'wait 1 250ms',
      'persistence/while it is written redis.conf stays a node that is started with (2)',
    )
  })

  test('when it is written, redis.conf names it; the master comes last', () => {
    const done = nodes(ordinal => (ordinal === 0 ? off : { aofEnabled: true }))
    planIs(
      { spec: aof, memory: keeping('aof', [1], keeping('rdb')), nodes: done },
      '1 write-config 2 shop-replica-2 persistence=mode:aof,appendfsync:everysec',
    )
    assert.match(
      planText({ spec: aof, memory: keeping('aof', [1, 2], keeping('rdb')), nodes: done }),
      /switch the append-only file of node 0 on/,
    )
  })

  test('save points stay until redis.conf names the append-only file', () => {
    const tuned = (memory: FlotillaMemory): unknown => {
      const { stages } = planFlotilla(
        planInput({ spec: aof, memory, nodes: nodes(() => ({ aofEnabled: true })), configPending: [1] }),
      )
      const applyConfig = stages.flat().find(action => action.kind === 'apply-config')
      return applyConfig?.kind === 'apply-config' ? applyConfig.options['save'] : null
    }
    assert.equal(tuned(keeping('rdb')), '3600 1 300 100 60 10000')
    assert.equal(tuned(keeping('aof')), '')
  })
})

describe('from an append-only file to snapshots', () => {
  test('a snapshot is written first', () => {
    planIs(
      { spec: rdb, memory: keeping('aof'), nodes: nodes(() => ({ rdbLastSaveAtMs: 5_000 })) },
      '1 save-snapshot 1',
      'persistence/a snapshot is written first',
    )
  })

  test('one of before it was asked for is none, and one of another process neither', () => {
    const asked = (snapshotAsked: SnapshotRequest): string =>
      planText({
        spec: rdb,
        memory: withPersistence(keeping('aof'), 1, { snapshotAsked }),
        nodes: nodes(() => ({ rdbLastSaveAtMs: 5_000 })),
      })
    assert.match(asked({ runId: 'run-1', lastSaveAtMs: 5_000 }), /have node 1 write a snapshot/)
    assert.match(asked({ runId: 'run-before', lastSaveAtMs: 4_000 }), /have node 1 write a snapshot/)
    assert.match(
      asked({ runId: 'run-1', lastSaveAtMs: 4_000 }),
      /write redis.conf into shop-replica-1 \(rdb, 3600 1/,
    )
  })

  test('the append-only file goes when redis.conf names the snapshots, after the save points are set', () => {
    const text = planText({
      spec: rdb,
      memory: keeping('rdb', [1], keeping('aof')),
      nodes: nodes(() => ({})),
      configPending: [1],
    })
    assert.match(text, /apply config to node 1[^]*stage 2\n {2}switch the append-only file of node 1 off/)
  })
})

test('other save points need no snapshot, just another redis.conf', () => {
  const asked = spec({ persistence: { ...rdb.persistence, save: ['900 1'] } })
  planIs(
    { spec: asked, memory: keeping('rdb'), nodes: nodes(() => off) },
    '1 write-config 1 shop-replica-1 persistence=mode:rdb,save:900 1,appendfsync:everysec',
    'persistence/other save points need no snapshot just another redis.conf',
  )
})

test('nothing is done where everything is as it is asked for, also for nodes of an earlier version', () => {
  planIs({ spec: rdb, memory: keeping('rdb'), nodes: nodes(() => off) }, 'nothing')
  planIs({ spec: rdb, memory: witnessed([1, 2]), nodes: nodes(() => off) }, 'nothing')
  planIs({ spec: aof, memory: witnessed([1, 2]), nodes: nodes(() => ({})) }, 'nothing')
})

/** One node of its own, with what is on its volume: whether each of the two holds everything. */
interface Kept {
  file: 'aof' | 'rdb'
  isOn: boolean
  rewriting: boolean
  aofHolds: boolean
  dumpHolds: boolean
  lastSaveAtMs: number
  runs: number
  memory: FlotillaMemory
}

/** What a start would read holds everything that was there when the mode was changed. */
function isSafe({ file, aofHolds, dumpHolds }: Kept): boolean {
  return file === 'aof' ? aofHolds : dumpHolds
}

/** `isNoted`: false when Flotilla is killed between the deed and the note of it. */
function executePlan(kept: Kept, action: Action, isNoted: boolean): void {
  const note = (known: Partial<PersistenceRecord>): void => {
    if (isNoted) kept.memory = withPersistence(kept.memory, 0, known)
  }
  switch (action.kind) {
    case 'set-append-only':
      // What is written from now on is not in the old file, which stays until the new one is done.
      Object.assign(kept, action.on ? { isOn: true, rewriting: true } : { isOn: false, aofHolds: false })
      return
    case 'save-snapshot':
      kept.dumpHolds = true
      kept.lastSaveAtMs += 1_000
      return note({ snapshotAsked: action.asked })
    case 'write-config': {
      const { persistence } = action
      if (persistence === undefined || persistence.mode === 'none') return
      // Written down before in any case.
      kept.memory = withPersistence(kept.memory, 0, { pending: persistence })
      kept.file = persistence.mode
      return note({ current: persistence, pending: null })
    }
    default:
      assert.equal(action.kind, 'apply-config')
  }
}

/** kill -9, and started again on what its file names: what is written then is not in the other one. */
function startAgain(kept: Kept): void {
  const isOn = kept.file === 'aof'
  Object.assign(kept, { isOn, rewriting: false, runs: kept.runs + 1, aofHolds: isOn })
}

function step(kept: Kept, wanted: typeof aof): readonly Action[] {
  const persistence = {
    ...redisFacts().persistence,
    ...{ aofEnabled: kept.isOn, aofRewriteInProgress: kept.rewriting, rdbLastSaveAtMs: kept.lastSaveAtMs },
  }
  if (kept.rewriting) Object.assign(kept, { rewriting: false, aofHolds: true })
  const input = planInput({
    spec: { ...wanted, replicas: 0 },
    memory: kept.memory,
    nodes: [master(0, { persistence, runId: `run-${kept.runs}` })],
  })
  return planFlotilla(input).stages.flat()
}

/** To the other mode, back again after some steps, and after some step something ends. */
function exchange(
  from: 'aof' | 'rdb',
  { backAfter, endsAfter, who }: { backAfter: number; endsAfter: number; who: 'node' | 'flotilla' | 'both' },
): void {
  const kept: Kept = {
    ...{ file: from, isOn: from === 'aof', rewriting: false, lastSaveAtMs: 1_000, runs: 0 },
    ...{ aofHolds: from === 'aof', dumpHolds: from === 'rdb' },
    memory: keeping(from, [0], witnessed([])),
  }
  const [there, back] = from === 'aof' ? [rdb, aof] : [aof, rdb]
  for (let count = 0; count < 24; count += 1) {
    for (const action of step(kept, count < backAfter ? there : back)) {
      executePlan(kept, action, who === 'node' || count !== endsAfter)
      const where = `${from}, back after ${backAfter}, the ${who} ends after ${endsAfter}`
      assert.ok(isSafe(kept), `${where}: ${action.kind} in step ${count}`)
    }
    if (who !== 'flotilla' && count === endsAfter) startAgain(kept)
  }
  assert.deepEqual([kept.file, kept.isOn], [from, from === 'aof'])
}

test('after every step, wherever the wish changes back, and whoever is killed when, a start would find everything', () => {
  for (const from of ['aof', 'rdb'] as const)
    for (const who of ['node', 'flotilla', 'both'] as const)
      for (let backAfter = 0; backAfter < 10; backAfter += 1)
        for (let endsAfter = 0; endsAfter < 12; endsAfter += 1) exchange(from, { backAfter, endsAfter, who })
})
