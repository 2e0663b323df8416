import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaMemory } from '../../../src/model/record.js'
import { processIncarnation } from '../../../src/reconciler/desired/applied.js'
import { computeStatus } from '../../../src/reconciler/report/compute-status.js'
import { decide } from '../../../src/reconciler/plan/plan-flotilla.js'
import {
  master,
  memory,
  newborn,
  nodeRecord,
  nothingThere,
  nowMs,
  planInput,
  planIs,
  redisFacts,
  replica,
  stopped,
  witnessed,
  type Case,
} from '../support/world.js'

const asleep = { hibernate: true }

function hibernating(phase: 'saving' | 'saved', overrides: Partial<FlotillaMemory> = {}): FlotillaMemory {
  const hibernation = { phase, sinceMs: nowMs - 1_000, giveUpAtMs: nowMs + 299_000 }
  return { ...witnessed([1, 2]), hibernation, ...overrides }
}

/** The master has ended in the run that it was told to save and end, with this exit code. */
function ended(code: number): Case {
  const node = stopped(0, { name: 'shop-master', exitCode: code })
  const nodes = [
    nodeRecord(0, { endedRun: processIncarnation(node.container) }),
    nodeRecord(1),
    nodeRecord(2),
  ]
  return { spec: asleep, nodes: [node, replica(1), replica(2)], memory: hibernating('saving', { nodes }) }
}

test('hibernating is written down before anything ends', () => {
  planIs(
    { spec: asleep, memory: witnessed([1, 2]), nodes: [master(0), replica(1), replica(2)] },
    '1 record-hibernation withinMs=300000',
  )
})

test('the master is told to save and to end, and nothing else ends', () => {
  planIs(
    { spec: asleep, memory: hibernating('saving'), nodes: [master(0), replica(1), replica(2)] },
    '1 shut-down 0 shop-master withinMs=299000',
  )
})

test('a master without an append-only file saves a snapshot', () => {
  const { persistence } = redisFacts()
  const node = master(0, { persistence: { ...persistence, aofEnabled: false } })
  planIs(
    { spec: asleep, memory: hibernating('saving'), nodes: [node, replica(1), replica(2)] },
    '1 shut-down 0 shop-master snapshot withinMs=299000',
  )
})

test('a master that ended well in that run has saved', () => {
  planIs(ended(0), '1 record-hibernation')
})

test('one that was killed first has not: that is answered as ever', () => {
  const { plan } = decide(planInput(ended(137)))
  const [action] = plan.stages.flat()
  assert.ok(action?.kind === 'record-hibernation')
  assert.deepEqual(
    [action.phase, action.cause],
    ['ended', 'node 0, the master, ended before it had saved; that is answered first'],
  )
})

test('one that somebody has started again has not saved what it is to hold', () => {
  const { plan } = decide(
    planInput({
      spec: asleep,
      memory: hibernating('saving'),
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1), replica(2)],
    }),
  )
  assert.deepEqual(
    plan.stages.flat().map(action => (action.kind === 'record-hibernation' ? action.phase : action.kind)),
    ['ended'],
  )
})

test('once it has saved, every container goes and no volume', () => {
  planIs(
    {
      spec: asleep,
      memory: hibernating('saved'),
      nodes: [stopped(0, { name: 'shop-master' }), replica(1), replica(2)],
    },
    `
      1 stop-container 1 shop-replica-1
      1 stop-container 2 shop-replica-2
      2 remove-container 0 shop-master
      2 remove-container 1 shop-replica-1
      2 remove-container 2 shop-replica-2
    `,
  )
})

test('nothing is done for a flotilla that is hibernated, and its status says how to have it back', () => {
  const input = planInput({ spec: asleep, memory: hibernating('saved', { everReady: true }), nodes: [] })
  const decision = decide(input)
  assert.deepEqual(decision.plan.stages, [])
  const status = computeStatus(input, decision, { specProblem: null, failure: null, previous: null })
  assert.deepEqual([status.phase, status.nodes], ['Hibernated', []])
  assert.match(status.reason, /flotilla wake shop/)
  const wrong = status.conditions.filter(
    ({ type, status: value, reason }) =>
      /(Ready|Available|Accepted|Healthy|Applied)$/.test(type) &&
      value !== 'True' &&
      !['Off', 'Hibernated'].includes(reason),
  )
  assert.deepEqual(wrong, [])
})

test('a new flotilla that is to be hibernated is never created', () => {
  planIs(
    { spec: asleep, memory: memory(null), nodes: [], seen: { resources: nothingThere } },
    '1 record-hibernation',
  )
})

test('who wakes up is master again in the epoch that it went to sleep in', () => {
  const input = planInput({
    memory: hibernating('saved', { epoch: 7 }),
    nodes: [newborn(0, {}, { container: { name: 'shop-master' } })],
  })
  const begun = decide(input)
    .plan.stages.flat()
    .flatMap(action => (action.kind === 'begin-operation' ? [action.operation.epoch] : []))
  assert.deepEqual(begun, [7])
})

test('and once it is, the flotilla is not hibernated any more', () => {
  planIs({ memory: hibernating('saved'), nodes: [master(0), replica(1), replica(2)] }, '1 record-hibernation')
})
