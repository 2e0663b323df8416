import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyPull } from '../../../../src/reconciler/plan/rollout/pull.js'
import {
  imageFacts,
  memory,
  nodeRecord,
  nothingThere,
  nowMs,
  planInput,
  planText,
  settledNodes,
  spec,
  type Case,
} from '../../support/world.js'

const always = { imagePull: { policy: 'Always', secretFile: null } } as const
const present = { resources: { ...nothingThere, image: imageFacts() } }
const pulled = { image: 'redis:8', generation: 1, atMs: nowMs - 1_000 }
const why = (facts: Case): string | null =>
  whyPull(planInput({ nodes: settledNodes(), seen: present, ...facts }))

test('an image that is there is not pulled, unless the policy is Always', () => {
  assert.equal(why({}), null)
  assert.match(why({ spec: always }) ?? '', /it was not pulled for this spec yet/)
  assert.equal(why({ spec: { ...always, image: `redis@sha256:${'0'.repeat(64)}` } }), null)
})

test('with Always it is pulled once for a spec, and once for a restart', () => {
  assert.equal(why({ spec: always, memory: memory(0, { imagePulled: pulled }) }), null)
  const newSpec = memory(0, { imagePulled: pulled, generation: 2 })
  assert.match(why({ spec: always, memory: newSpec }) ?? '', /for this spec/)
  const asked = memory(0, {
    imagePulled: pulled,
    nodes: [nodeRecord(1, { restartAskedAtMs: nowMs - 500 })],
  })
  assert.match(why({ spec: always, memory: asked }) ?? '', /asked for a restart since/)
})

test('a new flotilla begins with a pull where the policy is Always', () => {
  const facts: Case = { memory: memory(null), spec: always, seen: present }
  assert.match(planText(facts), /pull image redis:8/)
  assert.doesNotMatch(planText({ ...facts, spec: spec() }), /pull image redis:8/)
})

test('a node that comes back is not kept waiting for a registry', () => {
  const nodes = settledNodes().filter(({ ordinal }) => ordinal !== 2)
  const text = planText({ spec: always, nodes, seen: present })
  assert.match(text, /create container shop-replica-2/)
  assert.doesNotMatch(text, /pull/)
})
