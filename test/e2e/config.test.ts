import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { ConditionType } from '../../src/model/status.js'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { configFilePath } from '../../src/redis/config.js'
import { execIn, killContainer } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

/** Trials start servers of their own; on a host with much to do that takes a while. */
const settleTimeoutMs = 120_000

/** The manifest with these options; an empty object takes spec.config away. */
function configure(world: World, config: Readonly<Record<string, string | number>>): void {
  world.declare({ replicas: 2 })
  const lines = Object.entries(config).map(([name, value]) => `    ${name}: ${value}\n`)
  if (lines.length > 0) appendFileSync(world.manifest, `  config:\n${lines.join('')}`)
}

async function valuesOf(world: World, option: string): Promise<readonly string[]> {
  const roles = (await world.containers()).map(({ name }) => name.slice(world.name.length + 1))
  const replies = await Promise.all(
    roles.map(role => world.administer(role as 'master' | `replica-${number}`, 'config', 'get', option)),
  )
  return replies.map(reply => String((reply as readonly unknown[])[1]))
}

async function conditionIs(
  world: World,
  type: ConditionType,
  status: string,
  message: RegExp,
): Promise<void> {
  await until(`${type} to be ${status}`, settleTimeoutMs, async () => {
    const condition = (await world.status()).conditions.find(one => one.type === type)
    assert.equal(condition?.status, status, condition?.message)
    assert.match(condition?.message ?? '', message)
    return true
  })
}

/** What a node reads at its start. */
async function fileOf(world: World, role: `replica-${number}`): Promise<string> {
  const { id } = await world.container(role)
  return execIn(id, 'cat', configFilePath)
}

describe('spec.config', { concurrency: 2 }, () => {
  test('25. A redis.conf option that CONFIG SET can change → applied live on every node, no restart; a key removed → back to its default', async t => {
    const world = testWorld(t, 'live')
    configure(world, {})
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    const before = await world.containers()
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    configure(world, { hz: 25, 'maxmemory-policy': 'allkeys-lru' })
    await conditionIs(world, 'ConfigApplied', 'True', /every node has hz, maxmemory-policy/)
    assert.deepEqual(await valuesOf(world, 'hz'), ['25', '25', '25'])
    assert.deepEqual(await valuesOf(world, 'maxmemory-policy'), Array(3).fill('allkeys-lru'))
    await assertUntouched(world, before)
    const settled = (await world.status()).nodes.map(({ config }) => config)
    assert.deepEqual(settled, ['applied', 'applied', 'applied'])

    // What it was given while it ran it has after a crash too, from its first moment on: by its file, without
    // being tuned.
    const mark = daemon.mark()
    await killContainer((await world.container('replica-1')).id)
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: settleTimeoutMs })
    assert.match(await fileOf(world, 'replica-1'), /^hz "25"$/m)
    assert.deepEqual(await valuesOf(world, 'hz'), ['25', '25', '25'])

    configure(world, {})
    await until('hz to be what it was', settleTimeoutMs, async () => {
      assert.deepEqual(await valuesOf(world, 'hz'), ['10', '10', '10'])
      return true
    })
    assert.deepEqual(await valuesOf(world, 'maxmemory-policy'), Array(3).fill('noeviction'))
    await assertUntouched(world, before, [1])
    await assertWhole(world, { replicas: 2 })
    t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes, none lost`)
  })

  test('25. An option that CONFIG SET can not change → rolling', async t => {
    const world = testWorld(t, 'restart')
    configure(world, {})
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    const before = await world.containers()
    const writer = new Writer(world, { promised: 'wait' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', settleTimeoutMs, () => writer.count >= 100)
    configure(world, { databases: 5 })
    await conditionIs(world, 'ConfigApplied', 'True', /every node has databases/)
    assert.deepEqual(await valuesOf(world, 'databases'), ['5', '5', '5'])
    await assertWhole(world, { replicas: 2 })
    const after = await world.containers()
    assert.ok(after.every(node => before.every(old => old.id !== node.id)))
    assert.notEqual((await world.container('master')).ordinal, 0)
    t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes, none lost`)
    // Fewer than are in use would mix two of them.
    await world.redis(
      'master',
      'eval',
      "redis.call('select', 4) return redis.call('set', 'four', 'here')",
      '0',
    )
    configure(world, { databases: 3 })
    await conditionIs(world, 'ConfigRefused', 'True', /database 4 holds keys/)
    await assertUntouched(world, after)
  })

  test('25. A bad value or a forbidden key (`bind`, `port`, `replicaof`, `dir` …) → refused before any node is touched', async t => {
    const world = testWorld(t, 'refused')
    configure(world, { hz: 25 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    await conditionIs(world, 'ConfigApplied', 'True', /hz/)
    const before = await world.containers()
    const mark = daemon.mark()
    configure(world, { hz: 50, 'maxmemory-policy': 'nonsense', databases: 0, 'no-such-option': 1 })
    await conditionIs(
      world,
      'ConfigRefused',
      'True',
      /maxmemory-policy can't be "nonsense": .*no-such-option is no option/s,
    )
    await conditionIs(world, 'ConfigApplied', 'False', /no-such-option/)
    for (const key of ['bind', 'port', 'replicaof', 'dir', 'masterauth', 'aclfile', 'replica-announce-ip']) {
      configure(world, { [key]: 'x' })
      const { exitCode, stdout, stderr } = await world.flotilla('validate')
      assert.equal(exitCode, 2)
      assert.match(stdout + stderr, new RegExp(`\\.yaml:9:\\d+: config\\.${key} can't be set here: `))
    }
    assert.deepEqual(await valuesOf(world, 'hz'), ['25', '25', '25'])
    await assertUntouched(world, before)
    const touched = daemon.lines('plan.started', mark).flatMap(line => line['plan'] as readonly string[])
    assert.deepEqual(
      touched.filter(step => !step.startsWith('try image')),
      [],
    )
    configure(world, { hz: 50 })
    await conditionIs(world, 'ConfigApplied', 'True', /hz/)
    assert.deepEqual(await valuesOf(world, 'hz'), ['50', '50', '50'])
  })
})
