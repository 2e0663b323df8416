import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredContainer } from '../../../../src/reconciler/desired/desired-node.js'
import { emptyConfig } from '../../../../src/reconciler/desired/accepted-config.js'
import {
  conditionsOf,
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
} from '../../support/world.js'
import type { ImageProbe } from '../../../../src/model/image-probe.js'

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

test('a tag that has moved is a condition with the remedy, and one that has not is none', () => {
  const of = (taggedImageId: string | null) =>
    conditionsOf(
      planInput({
        nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)],
        seen: { resources: null, taggedImageId },
      }),
    ).ImageMoved
  assert.equal(of('sha256:9').status, 'True')
  assert.match(of('sha256:9').message, /redis:8 means another image \(9\).*flotilla restart shop/)
  for (const same of ['sha256:8', null]) assert.equal(of(same).status, 'False')
})

const following = { ...spec().update, whenTagMoves: 'roll' } as const
const told = (imageId: string): ImageProbe => ({
  image: 'redis:8',
  imageId,
  atMs: nowMs,
  outcome: { kind: 'answered', product: 'redis', version: '8.0.2', rdbVersion: 12, options: {} },
  ...(imageId === 'sha256:9' ? { data: { atMs: nowMs, from: 'sha256:8', refusal: null } } : {}),
})

/** Nodes run sha256:8, and the manifest has them follow their tag. */
const followed = (seen: Case['seen'], trials: readonly ImageProbe[]): Case => ({
  spec: { update: following },
  memory: memory(0, { trials }),
  nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)],
  seen: { resources: null, ...seen },
})

test('where the manifest says so, a tag that moves is rolled out like a new image: tried, given the data, one replica first', () => {
  const seen = { resources: moved }
  assert.match(planText(followed(seen, [])), /^stage 1\n {2}try image redis:8 on a throwaway container/)
  const untried = { ...told('sha256:9'), data: { atMs: 0, from: 'sha256:8', refusal: null } }
  assert.match(planText(followed(seen, [told('sha256:8'), untried])), /^stage 1\n {2}load the data of node 1/)
  const text = planText(followed(seen, [told('sha256:8'), told('sha256:9')]))
  assert.match(text, /^stage 1\n {2}stop shop-replica-1 {2}# redis:8 means another image by now\n/)
  assert.match(text, /create container shop-replica-1 \(node 1\) {2}#/)
  assert.doesNotMatch(text, /shop-replica-2/)
})

test('where it says so, an image that can not load the data is held at, and nodes stay what they are', () => {
  const refusal = 'it ended with exit code 1'
  const refused = { ...told('sha256:9'), data: { atMs: nowMs, from: 'sha256:8', refusal } }
  const text = planText(followed({ resources: moved }, [told('sha256:8'), refused]))
  assert.match(text, /refuses \(RolloutBlocked\): .*can't load the data/)
  assert.doesNotMatch(text, /stage/)
})

test('a tag that nobody has looked up yet, that means the same, or that is gone rolls nothing', () => {
  for (const taggedImageId of [null, 'sha256:8'])
    assert.equal(planText(followed({ taggedImageId }, [])), 'nothing to do\n')
  const gone = followed({ resources: resources({ image: null }) }, [])
  assert.doesNotMatch(planText(gone), /pull|stop|remove/)
})

test('while a tag is followed no condition asks a person for anything', () => {
  const { status, reason } = conditionsOf(planInput(followed({ taggedImageId: 'sha256:9' }, []))).ImageMoved
  assert.deepEqual([status, reason], ['False', 'RollingOut'])
})

test('a container that is made of an image by its id says for which tag, and has the same spec hash', () => {
  const template = { spec: spec(), config: emptyConfig, publish: false, flotillaVersion: '0.1.0' }
  const called = { name: 'shop-replica-1', volume: 'shop-1', image: imageFacts() }
  const [usual, byId] = [false, true].map(how => desiredContainer(template, 1, { ...called, byId: how }))
  assert.deepEqual([usual?.image, byId?.image], ['redis:8', 'sha256:8'])
  assert.equal(byId?.labels['io.flotilla.image'], 'redis:8')
  assert.equal(byId.labels['io.flotilla.spec-hash'], usual?.labels['io.flotilla.spec-hash'])
})
