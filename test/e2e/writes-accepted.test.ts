import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { Condition } from '../../src/model/status.js'
import { assertUntouched } from '../support/common-assertions.js'
import { call, containerNamed, execIn, pauseContainer } from '../support/containers.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

/** Each node on a disk of its own that is soon full. */
const smallDisk = 'volume: { options: { type: tmpfs, device: tmpfs, o: "size=16m,uid=999,gid=999" } }'

async function writesAre(world: World, reason: string): Promise<Condition> {
  return until(`writes of ${world.name} to be told as ${reason}`, 60_000, async () => {
    const status = await world.status()
    const condition = status.conditions.find(({ type }) => type === 'WritesAccepted')
    assert.ok(condition !== undefined)
    assert.equal(condition.reason, reason, condition.message)
    if (reason !== 'Accepted') {
      assert.equal(status.phase, 'Unavailable')
      assert.equal(status.conditions.find(({ type }) => type === 'Ready')?.status, 'False')
      assert.match(condition.message, /Fix: (flotilla|docker|in the manifest)/)
    }
    return condition
  })
}

/** More than the rest of a page of the disk. */
async function write(world: World): Promise<string> {
  return String(await world.redis('master', 'set', 'k', 'v'.repeat(8_192)).catch((error: unknown) => error))
}

/** Types the command that a message names. */
async function typed(world: World, message: string): Promise<void> {
  const command = /Fix: flotilla ([^(]+) {3}\(/.exec(message)?.[1] ?? assert.fail(message)
  const [verb = '', ...args] = command.split(' ')
  const { exitCode, stdout, stderr } = await world.flotilla(verb, ...args)
  assert.equal(exitCode, 0, stdout + stderr)
}

function noFailover(daemon: Daemon): void {
  assert.deepEqual(daemon.lines('failover.started'), [])
}

describe(
  '38. The master refuses writes → no failover; `WritesAccepted` says the server’s word and the fix; never Ready-and-silent',
  { concurrency: 2 },
  () => {
    test('with a full disk, a full memory, too few replicas, paused clients', async t => {
      const world = testWorld(t, 'refuses')
      world.declare({ replicas: 1 })
      appendFileSync(
        world.manifest,
        `  persistence: { mode: aof, ${smallDisk} }\n  config: { maxmemory: 8mb }\n  durability: { minReplicasToWrite: 1, maxLag: 2s }\n`,
      )
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const before = await world.containers()
      const master = await world.container('master')
      await writesAre(world, 'Accepted')

      await execIn(master.id, 'sh', '-c', 'cat /dev/zero > /data/filler')
      await until('the disk to be full for Redis too', 60_000, async () => /MISCONF/.test(await write(world)))
      assert.match((await writesAre(world, 'DiskError')).message, /MISCONF Errors writing to the AOF file/)
      await execIn(master.id, 'rm', '/data/filler')
      await writesAre(world, 'Accepted')

      const value = 'x'.repeat(256 * 1024)
      await until('the memory to be full', 60_000, async () => {
        const reply = await world.redis('master', 'set', `filler-${Math.random()}`, value).catch(String)
        return /OOM/.test(String(reply))
      })
      assert.match((await writesAre(world, 'OutOfMemory')).message, /OOM command not allowed/)
      await world.redis('master', 'flushall')
      await writesAre(world, 'Accepted')

      await pauseContainer((await world.container('replica-1')).id)
      await until('a write to be refused', 60_000, async () => /NOREPLICAS/.test(await write(world)))
      assert.match((await writesAre(world, 'TooFewReplicas')).message, /0 of the 1 replicas/)
      await call('POST', `/containers/${(await containerNamed(`${world.name}-replica-1`))?.id}/unpause`)
      await writesAre(world, 'Accepted')

      await world.administer('master', 'client', 'pause', '60000', 'write')
      const waiting = write(world)
      const paused = await writesAre(world, 'Paused')
      await typed(world, paused.message)
      assert.equal(await waiting, 'OK')
      await writesAre(world, 'Accepted')
      await daemon.waitFor('flotilla.ready')
      noFailover(daemon)
      await assertUntouched(world, before)
    })

    test('with a snapshot that can not be written', async t => {
      const world = testWorld(t, 'snapshot')
      world.declare({ replicas: 0 })
      appendFileSync(world.manifest, '  persistence: { mode: rdb }\n')
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const { id } = await world.container('master')
      await execIn(id, 'mkdir', '/data/dump.rdb')
      await world.administer('master', 'bgsave')
      await until('a write to be refused', 60_000, async () => /MISCONF/.test(await write(world)))
      const { message } = await writesAre(world, 'SnapshotFailed')
      assert.match(message, /MISCONF Redis is configured to save/)
      await execIn(id, 'rm', '-r', '/data/dump.rdb')
      await typed(world, message)
      await writesAre(world, 'Accepted')
      noFailover(daemon)
    })
  },
)
