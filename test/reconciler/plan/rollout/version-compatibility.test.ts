import assert from 'node:assert/strict'
import { test } from 'node:test'
import { specHashLabel } from '../../../../src/runtime/labels.js'
import {
  container,
  follower,
  imageFacts,
  master,
  memory,
  nothingThere,
  nowMs,
  planText,
  replica,
  resources,
  type Case,
  planIs,
} from '../../support/world.js'
import type { ImageProbe } from '../../../../src/model/image-probe.js'

const imageProbe = (
  imageId: string,
  version: string,
  rdbVersion: number | null,
  product: 'redis' | 'valkey' = 'redis',
): ImageProbe => ({
  image: 'redis',
  imageId,
  atMs: 0,
  outcome: { kind: 'answered', product, version, rdbVersion, options: {} },
})

const loaded = { atMs: nowMs, from: 'sha256:old', refusal: null }

const older = (ordinal: number) => ({
  image: 'redis:7.0',
  imageId: 'sha256:old',
  labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' },
})

/** All three nodes run sha256:old; the manifest asks for redis:8, which is sha256:8. */
const roll = (trials: readonly ImageProbe[], replicas = 2): Case => ({
  spec: { replicas },
  memory: memory(0, { trials }),
  nodes: [
    master(
      0,
      { followers: Array.from({ length: replicas }, (_, index) => follower(index + 1)) },
      { container: { ...older(0), name: 'shop-master' } },
    ),
    ...Array.from({ length: replicas }, (_, index) =>
      replica(index + 1, {}, { container: older(index + 1) }),
    ),
  ],
  seen: { resources: resources() },
})

test('a server that can not read what the master writes is refused before a node is touched', () => {
  for (const replicas of [0, 1, 2]) {
    const text = planText(
      roll([imageProbe('sha256:old', '8.0.2', 12), imageProbe('sha256:8', '7.0.15', 10)], replicas),
    )
    assert.match(
      text,
      /refuses \(RolloutBlocked\): the image redis:8 is redis 7\.0\.15, which reads snapshots up to format 10, and the master \(redis 8\.0\.2\) writes format 12/,
    )
    assert.match(text, /fix: put spec\.image in the manifest of shop back to redis:7\.0/)
    assert.doesNotMatch(text, /stage/)
  }
})

test('a newer server, one of the same format, and one that did not tell are let in', () => {
  for (const [now, next] of [
    [10, 12],
    [11, 11],
    [null, 10],
    [12, null],
  ] as const)
    assert.match(
      planText(
        roll([
          imageProbe('sha256:old', '7.0.15', now),
          { ...imageProbe('sha256:8', '8.0.2', next), data: loaded },
        ]),
      ),
      /^stage 1\n {2}stop shop-replica-1/,
    )
})

test('what the master runs is asked too, before a node is touched, and before one is added', () => {
  for (const replicas of [0, 2])
    assert.match(
      planText(roll([imageProbe('sha256:8', '8.0.2', 12)], replicas)),
      /^stage 1\n {2}try image sha256:old on a throwaway container {2}# the master runs it \(redis:7\.0\), and .*\n$/,
    )
})

test('an image from which no server comes up is refused before a node is touched', () => {
  const failed: ImageProbe = {
    image: 'redis:8',
    imageId: 'sha256:8',
    atMs: Date.UTC(2026, 10, 23, 12, 0, 0) - 1_000,
    outcome: { kind: 'failed', reason: 'it ended with exit code 1', tried: {} },
  }
  planIs(
    roll([imageProbe('sha256:old', '7.0.15', 10), failed]),
    `
      hold RolloutBlocked
        spec.image
    `,
    'version-compatibility/an image from which no server comes up is refused before a',
  )
})

test('the formats between those that Valkey shares with Redis and its own are refused: it can read none of them', () => {
  const to = (written: number) =>
    planText(
      roll([imageProbe('sha256:old', '8.0.6', written), imageProbe('sha256:8', '9.1.2', 80, 'valkey')]),
    )
  assert.match(
    to(12),
    /refuses \(RolloutBlocked\): the image redis:8 is valkey 9\.1\.2, which reads snapshots up to format 11, .* writes format 12/,
  )
  assert.doesNotMatch(to(11), /refuses/)
})

test('an image that holds a server that is too old is refused before a node is made, in a roll and at the creation', () => {
  const image = imageFacts({ environment: ['REDIS_VERSION=6.0.20'] })
  const seen = { resources: resources({ image }) }
  for (const world of [
    { ...roll([]), seen },
    { spec: { replicas: 1 }, memory: memory(null), seen: { resources: { ...nothingThere, image } } },
  ]) {
    const text = planText(world)
    assert.match(text, /refuses \(RolloutBlocked\): the image redis:8 holds Redis 6\.0\.20/)
    assert.doesNotMatch(text, /^ +(create|start|stop|remove) /m)
  }
})
