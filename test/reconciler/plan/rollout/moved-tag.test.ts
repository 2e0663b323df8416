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
  planIs,
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
  planIs(
    withoutNode2({ resources: moved }),
    `
      1 create-container 2 shop-replica-2 image=sha256:8
      2 start-container 2 shop-replica-2
      3 follow 2 master=0
      4 apply-config 2
    `,
    'moved-tag/a node that is missing is made of the image that the others',
  )
  planIs(
    withoutNode2({ resources: resources() }),
    `
      1 create-container 2 shop-replica-2
      2 start-container 2 shop-replica-2
      3 follow 2 master=0
      4 apply-config 2
    `,
    'moved-tag/a node that is missing is made of the image that the others (2)',
  )
})

test('a tag that is gone is not pulled while the image that it meant is still there', () => {
  planIs(
    withoutNode2({ resources: resources({ image: null }) }),
    `
      1 create-container 2 shop-replica-2 image=sha256:8
      2 start-container 2 shop-replica-2
      3 follow 2 master=0
      4 apply-config 2
    `,
    'moved-tag/a tag that is gone is not pulled while the image that it',
  )
})

test('a restart of all nodes rolls to the other image, which is tried before a node is touched', () => {
  const asked = [0, 1, 2].map(ordinal => nodeRecord(ordinal, { restartAskedAtMs: nowMs }))
  planIs(
    {
      memory: memory(0, { nodes: asked }),
      nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)],
      seen: { resources: moved },
    },
    '1 probe-image image=redis:8',
    'moved-tag/a restart of all nodes rolls to the other image which is',
  )
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
  planIs(
    followed(seen, []),
    '1 probe-image image=redis:8',
    'moved-tag/where the manifest says so a tag that moves is rolled out',
  )
  const untried = { ...told('sha256:9'), data: { atMs: 0, from: 'sha256:8', refusal: null } }
  planIs(
    followed(seen, [told('sha256:8'), untried]),
    '1 probe-data image=redis:8 1 from=sha256:8',
    'moved-tag/where the manifest says so a tag that moves is rolled out (2)',
  )
  planIs(
    followed(seen, [told('sha256:8'), told('sha256:9')]),
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'moved-tag/where the manifest says so a tag that moves is rolled out (3)',
  )
})

test('where it says so, an image that can not load the data is held at, and nodes stay what they are', () => {
  const refusal = 'it ended with exit code 1'
  const refused = { ...told('sha256:9'), data: { atMs: nowMs, from: 'sha256:8', refusal } }
  planIs(
    followed({ resources: moved }, [told('sha256:8'), refused]),
    `
      hold RolloutBlocked
        spec.image
    `,
    'moved-tag/where it says so an image that can not load the data is held',
  )
})

test('a tag that nobody has looked up yet, that means the same, or that is gone rolls nothing', () => {
  for (const taggedImageId of [null, 'sha256:8'])
    assert.equal(planText(followed({ taggedImageId }, [])), 'nothing to do\n')
  const gone = followed({ resources: resources({ image: null }) }, [])
  planIs(gone, 'nothing')
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
