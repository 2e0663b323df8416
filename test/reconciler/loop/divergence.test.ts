import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyDiverged } from '../../../src/reconciler/record/divergence.js'
import { foldObservation } from '../../../src/reconciler/record/fold-observation.js'
import type { ObservedNode } from '../../../src/model/observation.js'
import {
  master,
  memory,
  nodeRecord,
  nowMs,
  observation,
  planIs,
  planText,
  redisFacts,
  replica,
  upstream,
  witnessed,
  stopped,
} from '../support/world.js'
import type { RedisFacts } from '../../../src/model/redis.js'

const leading = redisFacts()
const following = (overrides: Partial<RedisFacts> = {}): RedisFacts =>
  redisFacts({ runId: 'run-1', role: 'replica', upstream: upstream(), ...overrides })

test('a replica in sync with the same keys in every database is a copy', () => {
  assert.equal(whyDiverged(following(), leading, null), null)
  assert.equal(whyDiverged(following(), null, null), null)
})

test('a replica that lets clients write is no copy, linked or not', () => {
  const reason = 'it takes writes of its own (replica-read-only no)'
  assert.equal(whyDiverged(following({ upstream: upstream({ readOnly: false }) }), leading, null), reason)
  assert.equal(
    whyDiverged(following({ upstream: upstream({ readOnly: false, link: 'down' }) }), null, null),
    reason,
  )
})

test('a replica that has refused commands of its master is no copy, until it has copied everything since', () => {
  const refusing = following({ unexpectedErrors: 3 })
  assert.match(whyDiverged(refusing, leading, null) ?? '', /refused 3 commands of its master/)
  const copied = { runId: 'run-1', errors: 3, atMs: 0 }
  assert.equal(whyDiverged(refusing, leading, copied), null)
  assert.match(whyDiverged(refusing, leading, { ...copied, errors: 2 }) ?? '', /refused 1 command of/)
  assert.match(whyDiverged(refusing, leading, { ...copied, runId: 'run-before' }) ?? '', /refused 3 commands/)
})

test('keys are compared database by database, and only at the same offset of the same history', () => {
  const elsewhere = following({ keysByDatabase: { 0: 3, 1: 7 } })
  assert.equal(
    whyDiverged(elsewhere, leading, null),
    'at the same offset 1000 it has 3 keys in database 0, and its master 10',
  )
  assert.match(whyDiverged(following({ keysByDatabase: {} }), leading, null) ?? '', /0 keys in database 0/)
  assert.equal(whyDiverged(elsewhere, { ...leading, offset: 1_001 }, null), null)
  assert.equal(whyDiverged(elsewhere, { ...leading, replid: 'replid-b' }, null), null)
  for (const link of [{ link: 'down' }, { syncing: true }] as const)
    assert.equal(whyDiverged({ ...elsewhere, upstream: upstream(link) }, leading, null), null)
})

test('what was found stays with the process, also when nothing can be compared any more, and goes with it', () => {
  const look = (nodes: readonly ObservedNode[], before = memory()) =>
    foldObservation(before, observation(nodes))
  const found = look([master(0), replica(1, { keys: 9 })])
  const reason = 'at the same offset 1000 it has 9 keys in database 0, and its master 10'
  assert.deepEqual(found.nodes[1]?.divergence, { runId: 'run-1', reason, atMs: nowMs })
  const alone = look([stopped(0), replica(1, { keys: 9, upstream: { link: 'down' } })], found)
  assert.deepEqual(alone.nodes[1]?.divergence, found.nodes[1]?.divergence)
  assert.equal(look([master(0), replica(1, { runId: 'run-after' })], found).nodes[1]?.divergence, null)
})

const diverged = { divergence: { runId: 'run-1', reason: 'it takes writes of its own', atMs: nowMs } }
const nodes = [master(0), replica(1), replica(2)]

test('a replica that is no copy copies everything, and no other is touched', () => {
  planIs(
    { memory: memory(0, { nodes: [nodeRecord(1, diverged)] }), nodes },
    `
      1 follow 1 master=0
      2 apply-config 1
    `,
    'divergence/a replica that is no copy copies everything and no other is',
  )
})

test('what is no copy again soon after it has copied everything waits, and says for what', () => {
  const fullCopy = { runId: 'run-1', errors: 0, atMs: nowMs - 60_000 }
  const record = nodeRecord(1, { ...diverged, fullCopy })
  assert.match(
    planText({ memory: memory(0, { nodes: [record] }), nodes }),
    /^waiting for: node 1 may copy everything again, in 540 s: .*\(it takes writes of its own\)\n$/,
  )
  const later = { ...record, fullCopy: { ...fullCopy, atMs: nowMs - 600_000 } }
  assert.match(planText({ memory: memory(0, { nodes: [later] }), nodes }), /copies everything/)
  const ahead = { ...record, fullCopy: { ...fullCopy, atMs: nowMs + 3_600_000 } }
  assert.match(planText({ memory: memory(0, { nodes: [ahead] }), nodes }), /copies everything/)
})

test('who is no copy is not promoted: another one is, or nobody', () => {
  const known = witnessed([1, 2])
  const [first, second] = known.nodes
  assert.ok(first !== undefined && second !== undefined)
  const lost = { upstream: { link: 'down', lastIoSeconds: null } } as const
  const dead = [stopped(0, { name: 'shop-master' }), replica(1, lost), replica(2, lost)]
  const text = planText({ memory: { ...known, nodes: [{ ...first, ...diverged }, second] }, nodes: dead })
  assert.match(text, /promote node 2/)
  assert.match(text, /node 1 .*: it is no copy of the master: it takes writes of its own/)
  const alone = planText({
    spec: { replicas: 1 },
    memory: { ...known, nodes: [{ ...first, ...diverged }] },
    nodes: dead.slice(0, 2),
  })
  assert.doesNotMatch(alone, /promote/)
  assert.match(alone, /refuses \(NoSafeCandidate\)/)
})
