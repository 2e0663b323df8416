import assert from 'node:assert/strict'
import { test } from 'node:test'
import { specHashLabel } from '../../../../src/runtime/labels.js'
import {
  container,
  follower,
  master,
  memory,
  nowMs,
  planText,
  replica,
  resources,
  type Case,
  planIs,
} from '../../support/world.js'
import type { DataProbe, ImageProbe } from '../../../../src/model/image-probe.js'

const told = (imageId: string, data?: Partial<DataProbe>): ImageProbe => ({
  image: 'redis',
  imageId,
  atMs: nowMs,
  outcome: { kind: 'answered', product: 'redis', version: '8.0.2', rdbVersion: 12, options: {} },
  ...(data === undefined ? {} : { data: { atMs: nowMs, from: 'sha256:old', refusal: null, ...data } }),
})

const older = { image: 'redis:7.4', imageId: 'sha256:old' }

const oldContainer = (ordinal: number) => ({
  ...older,
  labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' },
})

/**
 * All nodes run sha256:old; the manifest asks for redis:8, which is sha256:8, and both images have told what
 * they are.
 */
const roll = (data?: Partial<DataProbe>, { replicas = 2, usedBytes = 1_000_000 } = {}): Case => ({
  spec: { replicas },
  memory: memory(0, { trials: [told('sha256:old'), told('sha256:8', data)] }),
  nodes: [
    master(
      0,
      {
        followers: Array.from({ length: replicas }, (_, index) => follower(index + 1)),
        memory: { usedBytes, rssBytes: usedBytes, maxBytes: 0 },
      },
      { container: { ...oldContainer(0), name: 'shop-master' } },
    ),
    ...Array.from({ length: replicas }, (_, index) =>
      replica(
        index + 1,
        { memory: { usedBytes, rssBytes: usedBytes, maxBytes: 0 } },
        { container: oldContainer(index + 1) },
      ),
    ),
  ],
  seen: { resources: resources() },
})

test('a new image is asked to load the data of a replica before a node is touched, and a lone master gives its own', () => {
  planIs(
    roll(),
    '1 probe-data image=redis:8 1 from=sha256:old',
    'data-probe/a new image is asked to load the data of a replica before a',
  )
  planIs(
    roll(undefined, { replicas: 0 }),
    '1 probe-data image=redis:8 0 from=sha256:old',
    'data-probe/a new image is asked to load the data of a replica before a (2)',
  )
})

test('an image that has loaded the data is rolled out', () => {
  planIs(
    roll({}),
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'data-probe/an image that has loaded the data is rolled out',
  )
  planIs(
    roll({}, { replicas: 0 }),
    `
      1 create-container 1 shop-replica-1
      2 start-container 1 shop-replica-1
      3 follow 1 master=0
      4 apply-config 1
    `,
    'data-probe/an image that has loaded the data is rolled out (2)',
  )
})

test('an image that can not load the data reaches no node, and the hold says what its server said', () => {
  const refusal = "it ended with exit code 1: Can't load vector sets"
  for (const replicas of [0, 2]) {
    const text = planText(roll({ refusal }, { replicas }))
    assert.match(
      text,
      /refuses \(RolloutBlocked\): .* can't load the data .* Can't load vector sets; no node/,
    )
    assert.match(text, /fix: put spec\.image in the manifest of shop back to redis:7\.4/)
    assert.doesNotMatch(text, /stage/)
  }
})

test('what was found is asked again after a minute where it was refused, after ten where it was loaded, and when the master runs another image', () => {
  const refusal = 'it ended with exit code 1'
  for (const data of [
    { refusal, atMs: nowMs - 60_000 },
    { atMs: nowMs - 600_000 },
    { atMs: nowMs + 1 },
    { from: 'sha256:older' },
  ])
    assert.match(planText(roll(data)), /^stage 1\n {2}load the data of node 1/)
})

test('data that is too large to be tried is said to be untried with the first node that is replaced', () => {
  planIs(
    roll(undefined, { usedBytes: 3 * 1024 ** 3 }),
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'data-probe/data that is too large to be tried is said to be untried',
  )
})

test('once a node runs the new image, what it makes of the data is seen on it, and nothing is tried any more', () => {
  const { nodes = [], ...rest } = roll()
  planIs(
    { ...rest, nodes: [...nodes.slice(0, 2), replica(2, {})] },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'data-probe/once a node runs the new image what it makes of the data is',
  )
})
