import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { executePlan, drive, see } from '../../support/drive.js'
import { build, namesFor } from '../../support/settings.js'
import type { World } from '../../support/small-world.js'
import {
  memory,
  newborn,
  nothingThere,
  operation,
  planIs,
  resources,
  settledNodes,
  stopped,
} from '../../support/world.js'

const creation = operation({
  kind: 'creation',
  epoch: 1,
  from: null,
  reason: 'a new flotilla starts with its lowest ordinal as master',
})

test('a master and two replicas come into being in one plan, to the end', () => {
  planIs(
    { memory: memory(null), seen: { resources: nothingThere } },
    `
      stage 1
        record creation: node 0 is to be master, epoch 1  # a new flotilla starts with its lowest ordinal as master
      stage 2
        create network shop  # the flotilla has no network yet
        create volume shop-0  # node 0 has no volume yet
        create volume shop-1  # node 1 has no volume yet
        create volume shop-2  # node 2 has no volume yet
      stage 3
        create container shop-master (node 0)  # it is wanted and has no container
        create container shop-replica-1 (node 1)  # it is wanted and has no container
        create container shop-replica-2 (node 2)  # it is wanted and has no container
      stage 4
        start shop-master  # it is wanted
      stage 5
        start shop-replica-1  # it is wanted
        start shop-replica-2  # it is wanted
      stage 6
        promote node 0  # a new flotilla starts with its lowest ordinal as master
      stage 7
        record creation: done  # it is promoted
      stage 8
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
        node 2 follows node 0  # it has just been started, and has to be told whom to follow
      stage 9
        tune node 0 for its version  # its process is new
        tune node 1 for its version  # its process may be new
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a flotilla that is as its manifest asks is left alone', () => {
  planIs(
    { nodes: settledNodes(), seen: { resources: null } },
    `
    nothing to do
  `,
  )
})

test('a lone master needs no follower', () => {
  planIs(
    { spec: { replicas: 0 }, memory: memory(null), seen: { resources: nothingThere } },
    `
    stage 1
      record creation: node 0 is to be master, epoch 1  # a new flotilla starts with its lowest ordinal as master
    stage 2
      create network shop  # the flotilla has no network yet
      create volume shop-0  # node 0 has no volume yet
    stage 3
      create container shop-master (node 0)  # it is wanted and has no container
    stage 4
      start shop-master  # it is wanted
    stage 5
      promote node 0  # a new flotilla starts with its lowest ordinal as master
    stage 6
      record creation: done  # it is promoted
    stage 7
      tune node 0 for its version  # its process is new
  `,
  )
})

test('an image that is not there is pulled before anything is created', () => {
  planIs(
    { spec: { replicas: 0 }, memory: memory(null), seen: { resources: { ...nothingThere, image: null } } },
    `
      stage 1
        record creation: node 0 is to be master, epoch 1  # a new flotilla starts with its lowest ordinal as master
      stage 2
        pull image redis:8  # the image is not on this engine
        create network shop  # the flotilla has no network yet
        create volume shop-0  # node 0 has no volume yet
      stage 3
        create container shop-master (node 0)  # it is wanted and has no container
      stage 4
        start shop-master  # it is wanted
      stage 5
        promote node 0  # a new flotilla starts with its lowest ordinal as master
      stage 6
        record creation: done  # it is promoted
      stage 7
        tune node 0 for its version  # its process is new
    `,
  )
})

test('a creation that was cut short after its record goes on as one, in one plan', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(null, { operation: creation }),
      seen: { resources: resources({ volumes: ['shop-0'] }) },
    },
    `
      stage 1
        create volume shop-1  # node 1 has no volume yet
      stage 2
        create container shop-master (node 0)  # it is wanted and has no container
        create container shop-replica-1 (node 1)  # it is wanted and has no container
      stage 3
        start shop-master  # it is wanted
      stage 4
        start shop-replica-1  # it is wanted
      stage 5
        promote node 0  # a new flotilla starts with its lowest ordinal as master (resumed)
      stage 6
        record creation: done  # it is promoted
      stage 7
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 8
        tune node 0 for its version  # its process is new
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a creation whose replica can not start still gets its master', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(null, { operation: creation }),
      nodes: [newborn(0, { keys: 0 }, { container: { name: 'shop-master' } }), stopped(1)],
    },
    `
      stage 1
        promote node 0  # a new flotilla starts with its lowest ordinal as master (resumed)
      stage 2
        record creation: done  # it is promoted
    `,
  )
})

test('volumes that were kept are looked into before anybody is made master', () => {
  planIs(
    { memory: memory(null), seen: { resources: resources({ network: { kind: 'absent' } }) } },
    `
    stage 1
      create network shop  # the flotilla has no network yet
    stage 2
      create container shop-replica-0 (node 0)  # it is wanted and has no container
      create container shop-replica-1 (node 1)  # it is wanted and has no container
      create container shop-replica-2 (node 2)  # it is wanted and has no container
    stage 3
      start shop-replica-0  # it is wanted
      start shop-replica-1  # it is wanted
      start shop-replica-2  # it is wanted
    waiting for: node 0 answers: there is no record of who was master, so all histories are compared first
    waiting for: node 1 answers: there is no record of who was master, so all histories are compared first
    waiting for: node 2 answers: there is no record of who was master, so all histories are compared first
  `,
  )
})

test('a creation that dies after any action ends, when it is taken up again, in the same topology', () => {
  const whole = emptyWorld()
  const actionCount = planFlotilla(see(whole)).stages.flat().length
  assert.deepEqual(drive(whole), { kind: 'settled' })
  for (let count = 0; count < actionCount; count++) {
    const cut = emptyWorld()
    const plan = planFlotilla(see(cut))
    let left = count
    const stages = plan.stages.map(stage => stage.slice(0, (left -= stage.length) + stage.length))
    executePlan(cut, { ...plan, stages: stages.filter(stage => stage.length > 0) })
    assert.deepEqual(drive(cut), { kind: 'settled' }, `cut after ${count} actions`)
    assert.equal(topology(cut), topology(whole), `cut after ${count} actions`)
  }
})

function emptyWorld(): World {
  return build({
    states: ['never made', 'never made', 'never made'],
    names: namesFor(3, 0),
    record: null,
    recordedKeys: 0,
    operation: null,
    replicas: 2,
    persistence: 'aof',
    witnessed: false,
    request: null,
    newSpecDies: false,
  })
}

function topology(world: World): string {
  const nodes = world.boxes.map(({ name, redis }) => `${name} of ${redis?.host ?? 'nobody'}`)
  return `${nodes.sort().join(', ')}; master ${world.memory.master?.ordinal}`
}
