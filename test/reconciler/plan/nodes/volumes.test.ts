import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import type { ObservedVolume } from '../../../../src/model/observation.js'
import {
  follower,
  master,
  memory,
  planInput,
  replica,
  resources,
  settledNodes,
  stopped,
  type Case,
} from '../../support/world.js'

const usual = defaultPersistence('aof')
const persistence = { ...usual, volume: { ...usual.volume, name: 'data.{ordinal}.{flotilla}' } }

/** Which volumes are made, and which node is put on which. */
function volumesIn(facts: Case): string[] {
  return planFlotilla(planInput({ ...facts, spec: { ...facts.spec, persistence } }))
    .stages.flat()
    .flatMap(action =>
      action.kind === 'create-volume' || action.kind === 'create-container'
        ? [`${action.kind} ${action.ordinal}: ${action.volume}`]
        : [],
    )
}

const left = (volumes: readonly ObservedVolume[]) => ({ resources: { ...resources(), volumes } })

test('what a new volume is called is what the manifest says', () => {
  assert.deepEqual(volumesIn({ spec: { replicas: 0 }, memory: memory(null), seen: left([]) }), [
    'create-volume 0: data.0.shop',
    'create-container 0: data.0.shop',
  ])
})

test('a node without a container comes back on the volume that carries its labels, whatever that is called', () => {
  const nodes = [master(0, { followers: [follower(1)] }), replica(1)]
  const volumes = [
    { ordinal: 2, name: 'shop-2' },
    { ordinal: 1, name: 'data.1.shop' },
  ]
  assert.deepEqual(volumesIn({ nodes, seen: left(volumes) }), ['create-container 2: shop-2'])
})

test('a container that is recreated is made on the volume that the old one had', () => {
  const mounts = [
    { volume: 'of-another-path', path: '/elsewhere' },
    { volume: 'odd', path: '/data' },
  ]
  const nodes = [
    master(0, { followers: [follower(1)] }),
    replica(1),
    stopped(2, { hash: 'an older one', container: { mounts, startedAtMs: null } }),
  ]
  assert.deepEqual(
    volumesIn({
      nodes,
      seen: left([
        { ordinal: 2, name: 'data.2.shop' },
        { ordinal: 2, name: 'odd' },
      ]),
    }),
    ['create-container 2: odd'],
  )
})

test('a name that new volumes have come to have may be that of another node’s volume: the node waits for a person', () => {
  const seen = {
    resources: { ...resources({ volumes: ['shop-0', 'shop-1'] }), foreignVolumes: ['data.2.shop'] },
  }
  const plan = planFlotilla(planInput({ spec: { replicas: 2, persistence }, nodes: settledNodes(1), seen }))
  assert.deepEqual(
    plan.refusals.map(({ code, reason }) => [code, reason]),
    [
      [
        'NameConflict',
        "the volume data.2.shop exists and is not node 2's; using it could overwrite what it holds",
      ],
    ],
  )
})
