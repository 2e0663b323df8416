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
      1 begin-operation creation epoch=1 to=0
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      2 create-volume 1 volume=shop-1
      2 create-volume 2 volume=shop-2
      3 create-container 0 shop-master
      3 create-container 1 shop-replica-1
      3 create-container 2 shop-replica-2
      4 start-container 0 shop-master
      5 start-container 1 shop-replica-1
      5 start-container 2 shop-replica-2
      6 promote 0
      7 end-operation creation epoch=1 to=0 result=done lostKeys=0
      8 follow 1 master=0
      8 follow 2 master=0
      9 apply-config 0
      9 apply-config 1
      9 apply-config 2
    `,
    'creation/a master and two replicas come into being in one plan to',
  )
})

test('a flotilla that is as its manifest asks is left alone', () => {
  planIs({ nodes: settledNodes(), seen: { resources: null } }, 'nothing')
})

test('a lone master needs no follower', () => {
  planIs(
    { spec: { replicas: 0 }, memory: memory(null), seen: { resources: nothingThere } },
    `
      1 begin-operation creation epoch=1 to=0
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      3 create-container 0 shop-master
      4 start-container 0 shop-master
      5 promote 0
      6 end-operation creation epoch=1 to=0 result=done lostKeys=0
      7 apply-config 0
    `,
  )
})

test('an image that is not there is pulled before anything is created', () => {
  planIs(
    { spec: { replicas: 0 }, memory: memory(null), seen: { resources: { ...nothingThere, image: null } } },
    `
      1 begin-operation creation epoch=1 to=0
      2 pull-image image=redis:8
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      3 create-container 0 shop-master
      4 start-container 0 shop-master
      5 promote 0
      6 end-operation creation epoch=1 to=0 result=done lostKeys=0
      7 apply-config 0
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
      1 create-volume 1 volume=shop-1
      2 create-container 0 shop-master
      2 create-container 1 shop-replica-1
      3 start-container 0 shop-master
      4 start-container 1 shop-replica-1
      5 promote 0
      6 end-operation creation epoch=1 to=0 result=done lostKeys=0
      7 follow 1 master=0
      8 apply-config 0
      8 apply-config 1
    `,
    'creation/a creation that was cut short after its record goes on as',
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
      1 promote 0
      2 end-operation creation epoch=1 to=0 result=done lostKeys=0
    `,
  )
})

test('volumes that were kept are looked into before anybody is made master', () => {
  planIs(
    { memory: memory(null), seen: { resources: resources({ network: { kind: 'absent' } }) } },
    `
      1 create-network network=shop
      2 create-container 0 shop-replica-0
      2 create-container 1 shop-replica-1
      2 create-container 2 shop-replica-2
      3 start-container 0 shop-replica-0
      3 start-container 1 shop-replica-1
      3 start-container 2 shop-replica-2
      wait 0 50ms
      wait 1 50ms
      wait 2 50ms
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
