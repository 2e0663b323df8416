import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import type { PlanInput } from '../../../../src/model/plan-input.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { renderPlan } from '../../../../src/reconciler/plan/render-plan.js'
import {
  lineage,
  master,
  memory,
  newborn,
  node,
  nowMs,
  operation,
  planInput,
  planIs,
  planText,
  replica,
  request,
  stopped,
  type Case,
  witnessed,
} from '../../support/world.js'

/** What a node holds that was promoted from the recorded history at offset 1000, and has gone on. */
const promoted = {
  runId: 'run-1',
  replid: 'replid-b',
  previous: { replid: 'replid-a', untilOffset: 1_001 },
  offset: 1_200,
}
const copy = { replid: 'replid-b', offset: 1_200, upstream: { host: 'shop-1', appliedOffset: 1_200 } }
const former = { container: { name: 'shop-master' } }
const byHand = { container: { name: 'shop-replica-1' } }
const byForce = witnessed([1], { request: request({ to: 1, force: true }) })

/**
 * Node 0 is recorded; node 1 is master, node 2 follows it, and so does node 0. The names are as they were.
 */
const handedOver: Case = {
  nodes: [replica(0, copy, former), master(1, promoted, byHand), replica(2, copy)],
}

test('a change of master that somebody else has completed is written down, and names and clients follow it', () => {
  planIs(
    handedOver,
    `
      1 begin-operation external epoch=2 from=0 to=1
      2 rename-container 0 shop-master to=shop-replica-0
      3 rename-container 1 shop-replica-1 to=shop-master
      4 disconnect-clients 0
      5 resume-writes 0
      6 end-operation external epoch=2 from=0 to=1 result=done lostKeys=0
    `,
    'external-change/a change of master that somebody else has completed is written down',
  )
})

test('a master that holds the name already was there before the record, which is older: nothing but the record changes', () => {
  planIs(
    { nodes: [replica(0, copy), master(1, promoted), replica(2, copy)] },
    `
      1 begin-operation restored epoch=2 from=0 to=1
      2 end-operation restored epoch=2 from=0 to=1 result=done lostKeys=0
    `,
    'external-change/a master that holds the name already was there before the record',
  )
})

test('a record that is several changes older is fixed where every node is a copy of the only master', () => {
  const later = { ...promoted, previous: { replid: 'replid-x', untilOffset: 5_000 } }
  planIs(
    { nodes: [replica(0, copy), master(1, later), replica(2, copy)] },
    `
      1 begin-operation restored epoch=2 from=0 to=1
      2 end-operation restored epoch=2 from=0 to=1 result=done lostKeys=0
    `,
    'external-change/a record that is several changes older is fixed where every',
  )
})

test('of another history than the recorded one, a master waits for the word of every node that may hold what it lacks', () => {
  const later = { ...promoted, previous: null }
  planIs(
    { nodes: [replica(0, copy), master(1, later), stopped(2)] },
    `
      1 start-container 2 shop-replica-2
      wait 2 250ms
    `,
    'external-change/of another history than the recorded one a master waits for',
  )
  const apart = replica(2, { replid: 'replid-c', keys: 7, upstream: { host: 'shop-0', link: 'down' } })
  planIs(
    { nodes: [replica(0, copy), master(1, later), apart] },
    `
      hold DataLossGuard
        flotilla failover shop --to 1 --force
    `,
    'external-change/of another history than the recorded one a master waits for (2)',
  )
})

test('a recorded master that is down does not keep the holder of its name from being master, and what it held is set aside', () => {
  const input = planInput({ nodes: [stopped(0), master(1, promoted), replica(2, copy)] })
  const plan = planFlotilla(input)
  assert.deepEqual(violationsOf(plan, input), [])
  assert.match(renderPlan(plan), /record restored: node 1 .* node 0 is down/)
})

test('a recorded master that is down is replaced by whom a person has made master of all that was recorded, and what it held is set aside', () => {
  const at = (untilOffset: number): Case => ({
    nodes: [
      stopped(0),
      master(1, { ...promoted, previous: { replid: 'replid-a', untilOffset } }, byHand),
      replica(2, copy),
    ],
  })
  const input = planInput(at(1_001))
  const plan = planFlotilla(input)
  assert.deepEqual(violationsOf(plan, input), [])
  assert.match(
    renderPlan(plan),
    /record external: node 1 .* somebody else made it master, and node 0 is down/,
  )
  planIs(
    at(1_000),
    `
      1 start-container 0 shop-replica-0
      hold NoSafeCandidate
        flotilla failover shop --to 2 --force
    `,
    'external-change/a recorded master that is down is replaced by whom a person',
  )
})

test('a recorded master that has been told to follow, and is not beyond it, is not waited for', () => {
  const told = { host: 'shop-1', link: 'down', appliedOffset: 1_000 } as const
  const nodes = (offset: number) => [
    replica(0, { offset, upstream: told }, former),
    master(1, promoted, byHand),
    replica(2, copy),
  ]
  planIs(
    { nodes: nodes(1_000) },
    `
      1 begin-operation external epoch=2 from=0 to=1
      2 rename-container 0 shop-master to=shop-replica-0
      3 rename-container 1 shop-replica-1 to=shop-master
      4 disconnect-clients 0
      5 resume-writes 0
      6 end-operation external epoch=2 from=0 to=1 result=done lostKeys=0
    `,
    'external-change/a recorded master that has been told to follow and is not',
  )
  planIs(
    { nodes: nodes(1_050) },
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
    'external-change/a recorded master that has been told to follow and is not (2)',
  )
})

test('who was restarted and follows nobody has not handed over', () => {
  planIs(
    { nodes: [newborn(0, {}, former), master(1, promoted, byHand)] },
    `
      1 create-container 2 shop-replica-2
      2 start-container 2 shop-replica-2
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
    'external-change/who was restarted and follows nobody has not handed over',
  )
})

test('an old master that was born again follows whom Flotilla gave the name, whatever it came back with', () => {
  const named = master(1, promoted, former)
  for (const facts of [{}, { keys: 0 }, { replid: 'replid-a', offset: 2_000 }]) {
    const again = newborn(0, facts, { container: { name: 'shop-replica-0' } })
    assert.match(planText({ nodes: [again, named, replica(2, copy)] }), /record restored: node 1/)
  }
})

test('what was recorded, or is held by a replica, and the new master lacks, is a refusal', () => {
  const reason = (facts: Case): string => /refuses \((.*)/.exec(planText(facts))?.[1] ?? ''
  const nodesUnder = (facts: object, second = replica(2, copy)) => [
    replica(0, copy, former),
    master(1, { ...promoted, ...facts }, byHand),
    second,
  ]
  const short = { previous: { replid: 'replid-a', untilOffset: 901 } }
  assert.equal(
    reason({ nodes: nodesUnder(short) }),
    'DataLossGuard): node 1 was made master by somebody else, and has the recorded history up to 900, which had come to 1000',
  )
  assert.equal(
    reason({ nodes: nodesUnder({ previous: null, keys: 0 }) }),
    'DataLossGuard): node 1 was made master by somebody else, and is empty, and 10 keys were recorded',
  )
  const further = replica(2, { offset: 1_100, upstream: { host: 'shop-0', link: 'down' } })
  assert.equal(
    reason({ nodes: nodesUnder({}, further) }),
    'DataLossGuard): node 1 was made master by somebody else, and lacks what node 2 has, the recorded history up to 1100',
  )
})

test('what was emptied in the recorded history is as good as what was filled in it', () => {
  planIs(
    { nodes: [replica(0, copy, former), master(1, { ...promoted, keys: 0 }, byHand)] },
    `
      1 begin-operation external epoch=2 from=0 to=1
      2 rename-container 0 shop-master to=shop-replica-0
      3 rename-container 1 shop-replica-1 to=shop-master
      4 disconnect-clients 0
      5 resume-writes 0
      6 end-operation external epoch=2 from=0 to=1 result=done lostKeys=0
    `,
    'external-change/what was emptied in the recorded history is as good as what',
  )
})

test('the command of the refusal makes that node master', () => {
  const input = planInput({
    memory: memory(0, { request: request({ to: 1, force: true }) }),
    nodes: [replica(0, copy, former), master(1, { ...promoted, previous: null, keys: 0 }, byHand)],
  })
  const plan = planFlotilla(input)
  assert.deepEqual(violationsOf(plan, input), [])
  assert.match(renderPlan(plan), /record failover: node 1 is to be master/)
})

test('a recorded master is not promoted while a node says nothing that it or a replica follows: that one may be master', () => {
  const silent = node(1, {
    container: { name: 'shop-master' },
    probe: { kind: 'hung', reason: 'no answer', lastByteAtMs: null },
  })
  for (const recorded of [replica(0, copy), newborn(0)]) {
    const text = planText({ nodes: [recorded, silent, replica(2, copy)] })
    assert.match(
      text,
      /waiting for: node 0, the master: node 1, which is followed, answers or its container ends/,
    )
    assert.doesNotMatch(text, /promote/)
  }
})

/** Node 0 is recorded and follows node 2, which says nothing; node 1 has lost its master. */
const besideSuccessor = (successor: Partial<ObservedNode>, facts: Case = {}): PlanInput =>
  planInput({
    memory: witnessed([1]),
    nodes: [
      replica(0, { upstream: { host: 'shop-2', lastIoSeconds: 30 } }, former),
      replica(1, { upstream: { link: 'down', lastIoSeconds: null } }),
      node(2, successor),
    ],
    spec: { replicas: 2 },
    seen: { resources: null },
    ...facts,
  })

const byHandOnly = {
  replicas: 2,
  failover: { mode: 'manual', hangTimeoutMs: 5_000, restartWindowMs: 0, maxLagBytes: null, priority: {} },
} as const

const hung: Partial<ObservedNode> = {
  probe: { kind: 'hung', reason: 'no answer', lastByteAtMs: null },
  unreachableSinceMs: nowMs - 20_000,
}

test('no replica is promoted either before the node that the recorded master follows has answered or ended', () => {
  const detached = besideSuccessor({ address: null })
  assert.match(
    renderPlan(planFlotilla(detached)),
    /waiting for: node 0, the master: node 2, which is followed, answers or its container ends/,
  )
  const [lost, asked] = [besideSuccessor(hung), besideSuccessor(hung, { memory: byForce })]
  const manual = besideSuccessor(hung, { spec: byHandOnly })
  for (const input of [detached, lost, asked, manual]) {
    const text = renderPlan(planFlotilla(input))
    assert.deepEqual(violationsOf(planFlotilla(input), input), [])
    assert.doesNotMatch(text, /promote/)
    assert.equal(/kill shop-replica-2/.test(text), input !== detached, text)
  }
})

test('a person who names another one by force need not wait for the node that is followed: it is killed', () => {
  const input = besideSuccessor({ ...hung, unreachableSinceMs: nowMs - 100 }, { memory: byForce })
  assert.match(renderPlan(planFlotilla(input)), /kill shop-replica-2/)
  assert.deepEqual(violationsOf(planFlotilla(input), input), [])
})

test('while the record says to fail over by hand, nobody kills for a failover that was not asked for', () => {
  const down = {
    nodes: [
      stopped(0, { name: 'shop-master' }),
      replica(1, { upstream: { host: 'shop-2', lastIoSeconds: 30 } }),
      node(2, hung),
    ],
  }
  const input = besideSuccessor(hung, { ...down, spec: byHandOnly })
  assert.doesNotMatch(renderPlan(planFlotilla(input)), /kill|promote/)
})

test('two masters are no completed change', () => {
  planIs(
    { nodes: [replica(0, copy, former), master(1, promoted, byHand), master(2, promoted)] },
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
    'external-change/two masters are no completed change',
  )
})

test('what we have begun ourselves comes to its end first, and a change of others answers no request', () => {
  const nodes = handedOver.nodes ?? []
  const begun = operation({ kind: 'failover', from: 2, to: 0 })
  planIs(
    { memory: memory(0, { operation: begun }), nodes },
    `
      hold UnexpectedMaster
        flotilla failover shop --to 0 --force
    `,
    'external-change/what we have begun ourselves comes to its end first and a',
  )
  const asked = memory(0, { request: request({ kind: 'switchover', to: 2 }) })
  const [first] = planFlotilla(planInput({ memory: asked, nodes })).stages.flat()
  assert.equal(first?.kind === 'begin-operation' && first.operation.requestId, null)
})

test("the recorded master is not promoted again while Redis's own FAILOVER gives its role away", () => {
  planIs(
    {
      memory: memory(0, { master: { ordinal: 0, sinceMs: 0, lineage: lineage() } }),
      nodes: [
        replica(0, { failingOver: true, upstream: { host: 'shop-1', link: 'down' } }, former),
        replica(1),
      ],
      spec: { replicas: 1 },
    },
    'wait 0 50ms',
    'external-change/the recorded master is not promoted again while Rediss own FAILOVER gives',
  )
})
