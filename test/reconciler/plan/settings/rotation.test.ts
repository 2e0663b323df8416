import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  acceptedPasswords,
  userKeysOf,
  newKeyring,
  rotatePasswords,
} from '../../../../src/reconciler/auth/keyring.js'
import { passwordRule } from '../../../../src/redis/acl.js'
import type { FlotillaMemory } from '../../../../src/model/record.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { renderPlan } from '../../../../src/reconciler/plan/render-plan.js'
import { Secret } from '../../../../src/secret.js'
import { attempt, drive, see } from '../../support/drive.js'
import type { NodeStateName } from '../../support/node-states.js'
import { build, namesFor } from '../../support/settings.js'
import { authOf, advanceTime, start, type Box, type World } from '../../support/small-world.js'

/**
 * Passwords are rotated in a world of three nodes, each in some state, while Flotilla dies after any of its
 * actions and others start and kill nodes. Whatever happens, after every single action all that are in use
 * are accepted by every node that runs: no probe, no link and no program is ever refused.
 */
const replicas: readonly (readonly NodeStateName[])[] = [
  ['replica of 0', 'ended, with data'],
  ['replica of 0', 'paused'],
  ['frozen', 'ended, with data'],
]

let made = 0
const generate = (): Secret => new Secret(`made-${++made}`)

test('a rotation gives every node both passwords, then moves replication over, then drops the old ones', () => {
  const world = worldOf(['master, with data', 'replica of 0'])
  drive(world)
  rotate(world, ['replication', 'default'])
  const told: string[] = []
  assert.deepEqual(drive(world, told), { kind: 'settled' })
  advanceTime(world, 2_000)
  assert.deepEqual(drive(world, told), { kind: 'settled' })
  const changed = 'the users or passwords that it was given are not those of today'
  const given = `
  give shop-master its users and passwords  # ${changed}
  give shop-replica-1 its users and passwords  # ${changed}
`
  assert.deepEqual(told, [
    `stage 1${given}stage 2
  use the new password of replication, default  # the nodes accept the new password
`,
    `stage 1${given}`,
    'nothing to do\n',
    `stage 1
  drop the former password of replication, default  # the time in which the former password is accepted beside the new one is over
`,
    `stage 1${given}`,
    'nothing to do\n',
  ])
})

for (const user of ['flotilla', 'replication', 'default'])
  test(`whatever state nodes are in and wherever Flotilla dies, no login is refused while the password of ${user} is rotated`, () => {
    let checks = 0
    for (const states of replicas) {
      const whole = worldOf(['master, with data', ...states])
      rotate(whole, [user])
      for (let pass = 0; pass < 6; pass++) {
        const input = see(whole)
        const plan = planFlotilla(input)
        assert.deepEqual(violationsOf(plan, input), [], renderPlan(plan))
        const actions = plan.stages.flat()
        for (let count = 0; count <= actions.length; count++) {
          const cut = copy(whole)
          const durable: FlotillaMemory = cut.memory
          see(cut)
          for (const action of actions.slice(0, count)) {
            if (attempt(cut, action).length > 0) break
            nobodyIsRefused(cut, `${states.join()}: ${renderPlan(plan)}`)
            checks += 1
          }
          // Dies, and forgets what was not written down.
          cut.memory = durable
          startByHand(cut)
          nobodyIsRefused(cut, `${states.join()}: started by hand after ${count} of ${renderPlan(plan)}`)
          wakeAll(cut)
          advanceTime(cut, 1_000)
          assert.equal(drive(cut).kind, 'settled', states.join())
          // The overlap ends.
          advanceTime(cut, 1_000)
          assert.equal(drive(cut).kind, 'settled', states.join())
          nobodyIsRefused(cut, states.join())
          allNodesHaveIt(cut)
        }
        if (actions.some(action => attempt(whole, action).length > 0)) break
        advanceTime(whole, 600)
      }
    }
    assert.ok(checks > 100, `${checks}`)
  })

test("a node that is frozen keeps our own password from changing, and an application's from nothing", () => {
  const world = worldOf(['master, with data', 'replica of 0', 'paused'])
  rotate(world, ['replication', 'default'])
  drive(world)
  advanceTime(world, 120_000)
  drive(world)
  const { keyring } = world
  assert.ok(keyring !== null)
  assert.equal(userKeysOf(keyring, 'default').next, null)
  assert.notEqual(userKeysOf(keyring, 'replication').next, null)
})

interface RotatingWorld extends World {
  readonly unreachable: readonly number[]
}

/** A settled past: every node was given what the keyring says. */
function worldOf(states: readonly NodeStateName[]): RotatingWorld {
  const world = build({
    states,
    names: namesFor(states.length, 0),
    record: 0,
    recordedKeys: 10,
    operation: null,
    replicas: states.length - 1,
    persistence: 'aof',
    witnessed: true,
    request: null,
    newSpecDies: false,
  })
  world.keyring = newKeyring({ secret: generate(), origin: 'generated' }, generate)
  for (const box of world.boxes) {
    box.files = authOf(world)
    if (box.state !== 'exited') box.process = box.files
  }
  const unreachable = states.flatMap((state, ordinal) =>
    state === 'frozen' || state === 'paused' ? [ordinal] : [],
  )
  return { ...world, unreachable }
}

function rotate(world: World, users: readonly string[]): void {
  assert.ok(world.keyring !== null)
  world.keyring = rotatePasswords(world.keyring, users, generate)
}

/** Every login that could be tried at this moment would be let in. */
function nobodyIsRefused(world: RotatingWorld, story: string): void {
  const { keyring } = world
  assert.ok(keyring !== null)
  const running = world.boxes.filter(box => box.process !== null)
  for (const box of running) {
    for (const user of ['flotilla', 'default']) {
      const { current } = userKeysOf(keyring, user)
      // An application's new password does not wait for a node that nobody can reach; it is given when the
      // node is back.
      const isToBeGiven = user === 'default' && world.unreachable.includes(box.ordinal)
      assert.ok(
        isToBeGiven || accepts(box, user, current.secret),
        `node ${box.ordinal} refuses ${user}\n${story}`,
      )
    }
    for (const replica of running) {
      const login = replica.process?.credentials.replication
      assert.ok(
        login !== undefined && accepts(box, 'replication', login),
        `node ${box.ordinal} refuses node ${replica.ordinal}\n${story}`,
      )
    }
  }
}

function accepts({ process }: Box, user: string, secret: Secret): boolean {
  const rules = process?.users.find(one => one.name === user)?.rules ?? []
  return rules.includes(passwordRule(secret.reveal(), user))
}

function allNodesHaveIt(world: World): void {
  const { keyring } = world
  assert.ok(keyring !== null)
  for (const keys of keyring.users) assert.equal(acceptedPasswords(keys).length, 1, keys.user)
  for (const box of world.boxes) assert.equal(box.process?.digest, authOf(world)?.digest)
}

/** Somebody else starts what is stopped, with the files that it has. */
function startByHand(world: World): void {
  for (const box of world.boxes) if (box.state === 'exited') start(world, box)
}

function wakeAll(world: World): void {
  for (const box of world.boxes) {
    if (box.health === 'frozen' || box.health === 'busy') box.health = 'well'
    if (box.state === 'paused') box.state = 'running'
  }
}

function copy(world: RotatingWorld): RotatingWorld {
  return {
    ...world,
    volumes: { ...world.volumes },
    setAside: [...world.setAside],
    boxes: world.boxes.map(box => ({ ...box, redis: box.redis === null ? null : { ...box.redis } })),
  }
}
