import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageFact } from '../../../src/reconciler/status/image-fact.js'
import { desiredContainer } from '../../../src/reconciler/desired-node.js'
import { noConfig } from '../../../src/reconciler/config-in-force.js'
import {
  container,
  follower,
  imageFacts,
  master,
  memory,
  nodeRecord,
  nowMs,
  planInput,
  planText,
  replica,
  resources,
  spec,
  type Case,
} from '../support/world.js'

/** Nodes run sha256:8 by the tag redis:8; on the engine that means sha256:9 by now. */
const moved = resources({ image: imageFacts({ imageId: 'sha256:9' }) })

const withoutNode2 = (seen: Case['seen']): Case => ({
  memory: memory(0),
  nodes: [master(0, { followers: [follower(1)] }), replica(1)],
  seen: { ...seen },
})

test('a node that is missing is made of the image that the others run, not of what its tag has come to mean', () => {
  assert.equal(container(0).imageId, 'sha256:8')
  assert.match(
    planText(withoutNode2({ resources: moved })),
    /create container shop-replica-2 \(node 2\) of the image that the others run \(8\)/,
  )
  assert.doesNotMatch(planText(withoutNode2({ resources: resources() })), /of the image that the others run/)
})

test('a tag that is gone is not pulled while the image that it meant is still there', () => {
  const text = planText(withoutNode2({ resources: resources({ image: null }) }))
  assert.match(text, /of the image that the others run \(8\)/)
  assert.doesNotMatch(text, /pull/)
})

test('a restart of all nodes rolls to the other image, which is tried before a node is touched', () => {
  const asked = [0, 1, 2].map(ordinal => nodeRecord(ordinal, { restartAskedAtMs: nowMs }))
  const text = planText({
    memory: memory(0, { nodes: asked }),
    nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)],
    seen: { resources: moved },
  })
  assert.match(text, /try image redis:8 on a throwaway container/)
  assert.doesNotMatch(text, /remove container|create container/)
})

test('a tag that has moved is a condition with what to type, and one that has not is none', () => {
  const of = (taggedImageId: string | null) =>
    imageFact(
      planInput({
        nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)],
        seen: { resources: null, taggedImageId },
      }),
      null,
    )
  assert.equal(of('sha256:9').status, 'True')
  assert.match(of('sha256:9').message, /redis:8 means another image \(9\).*flotilla restart shop/)
  for (const same of ['sha256:8', null]) assert.equal(of(same).status, 'False')
})

test('a container that is made of an image by its id says for which tag, and has the same spec hash', () => {
  const setting = { spec: spec(), config: noConfig, publish: false, flotillaVersion: '0.1.0' }
  const called = { name: 'shop-replica-1', volume: 'shop-1', image: imageFacts() }
  const [usual, byId] = [false, true].map(how => desiredContainer(setting, 1, { ...called, byId: how }))
  assert.deepEqual([usual?.image, byId?.image], ['redis:8', 'sha256:8'])
  assert.equal(byId?.labels['io.flotilla.image'], 'redis:8')
  assert.equal(byId.labels['io.flotilla.spec-hash'], usual?.labels['io.flotilla.spec-hash'])
})
