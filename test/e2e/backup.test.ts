import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { generateIdentity } from 'age-encryption'
import type { Backup } from '../../src/backup/backup.js'
import { flotillaProgram } from '../support/cli.js'
import { killContainer } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

const settleMs = 120_000

interface Wanted {
  readonly replicas?: number
  /** Lines of spec.backup besides its place. */
  readonly more?: readonly string[]
}

/** A flotilla that is Ready, and keeps its backups in a folder of its own. */
async function ready(world: World, { replicas = 1, more = [] }: Wanted = {}) {
  const folder = join(world.folder, 'backups')
  mkdirSync(folder)
  world.declare({ replicas })
  const lines = ['  backup:', `    to: { path: ${folder} }`, ...more.map(line => `    ${line}`)]
  appendFileSync(world.manifest, `${lines.join('\n')}\n`)
  const up = await world.flotilla('up', '--timeout', '120')
  assert.equal(up.exitCode, 0, up.stderr)
  return { folder, own: join(folder, world.name) }
}

async function listed(world: World): Promise<readonly Backup[]> {
  const { stdout, stderr } = await world.flotilla('backups', world.name, '-o', 'json')
  assert.equal(stderr, '')
  return (JSON.parse(stdout) as { readonly backups: readonly Backup[] }).backups
}

/** One of each kind of value, in two databases, some to expire. */
async function fill(world: World): Promise<void> {
  const script = `
    for i = 1, 2000 do redis.call('SET', 'string:' .. i, ('x'):rep(i)) end
    for i = 1, 300 do
      redis.call('HSET', 'hash', 'f' .. i, i); redis.call('SADD', 'set', i); redis.call('RPUSH', 'list', i)
      redis.call('ZADD', 'sorted', i / 3, i); redis.call('XADD', 'stream', i .. '-1', 'f', i)
      redis.call('SADD', 'set:' .. i, 'a', 'b', i); redis.call('HSET', 'hash:' .. i, 'a', 'b', 'c', i)
    end
    redis.call('SET', 'for-an-hour', 1, 'EX', 3600)
    redis.call('SET', 'bytes:\\0\\255\\n', 1)
    redis.call('SELECT', 3)
    for i = 1, 100 do redis.call('SET', 'other:' .. i, i) end
    return 'OK'`
  assert.equal(await world.redis('master', 'EVAL', script, '0'), 'OK')
}

describe('backups', { concurrency: 1 }, () => {
  test('one that is taken under writers is verified, listed with what it is, and opened by age alone', async t => {
    const world = testWorld(t, 'backed')
    const keyFile = join(world.manifests, 'backup.key')
    const identity = await generateIdentity()
    writeFileSync(keyFile, `# created for this test\n${identity}\n`, { mode: 0o600 })
    const { own } = await ready(world, { more: ['encrypt: { keyFile: ./backup.key }'] })
    await fill(world)
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    await until('writes', settleMs, () => writer.count > 100)
    const taken = await world.flotilla('backup', world.name)
    await writer.stop()
    assert.equal(taken.exitCode, 0, taken.stderr)
    const name = taken.stdout.trim()
    assert.match(taken.stderr, /verified: a server started on it has \d+ keys, and all \d+ that were compared/)
    const [backup, ...others] = await listed(world)
    assert.equal(others.length, 0)
    assert.equal(backup?.manifest.name, name)
    assert.deepEqual([backup.manifest.source.role, backup.manifest.file.encryption], ['replica', 'age'])
    assert.equal(backup.verdict?.problem, null)
    assert.ok((backup.verdict?.compared ?? 0) > 20, `${backup.verdict?.compared} keys were compared`)
    assert.equal(backup.verdict?.keys['3'], 100)
    const text = await world.flotilla('backups', world.name)
    assert.match(text.stdout, new RegExp(`${name} .* encrypted .* yes\\n$`))
    const opened = spawnSync('age', ['--decrypt', '-i', keyFile, join(own, `${name}.rdb.age`)])
    assert.match(opened.stdout.subarray(0, 9).toString('latin1'), /^(REDIS\d{4}|VALKEY\d{3})$/)
    assert.equal(opened.stdout.length, backup.manifest.file.sizeBytes)
    // Names of keys are as closed as their values.
    for (const file of readdirSync(own))
      assert.doesNotMatch(readFileSync(join(own, file), 'latin1'), /string:|7374/)
  })

  test('one whose bytes were changed is told, and verified it is no more', async t => {
    const world = testWorld(t, 'spoilt')
    const { own } = await ready(world, { replicas: 0 })
    await fill(world)
    const taken = await world.flotilla('backup', world.name)
    assert.equal(taken.exitCode, 0, taken.stderr)
    const path = join(own, `${taken.stdout.trim()}.rdb`)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const verified = await world.flotilla('backup', 'verify', world.name)
    assert.equal(verified.exitCode, 1)
    assert.match(verified.stdout, /NOT verified: .* is not what was stored: its SHA-256 is another/)
    assert.match((await listed(world))[0]?.verdict?.problem ?? '', /SHA-256/)
  })

  test('one whose process is killed half way is listed by nobody, and the next clears up after it', async t => {
    const world = testWorld(t, 'cut')
    const { folder, own } = await ready(world, { replicas: 0, more: ['verify: never'] })
    // Enough for several pieces, which do not compress.
    await world.redis(
      'master',
      'EVAL',
      "math.randomseed(1); local t = {}; for j = 1, 100000 do t[j] = string.char(math.random(0, 255)) end; local s = table.concat(t); for k = 1, 800 do redis.call('SET', k, s .. k) end return 1",
      '0',
    )
    const first = await world.flotilla('backup', world.name)
    assert.equal(first.exitCode, 0, first.stderr)
    const args = ['backup', '--manifests', world.manifests, '--state', world.state, world.name]
    const child = spawn(process.execPath, [flotillaProgram, ...args], { env: world.env(), stdio: 'ignore' })
    const parts = () => readdirSync(own).filter(file => file.endsWith('.part'))
    await until('a part', settleMs, () => parts().length > 0 || child.exitCode !== null)
    child.kill('SIGKILL')
    await until('its end', settleMs, () => child.exitCode !== null || child.signalCode !== null)
    t.diagnostic(`${parts().length} part was left`)
    assert.deepEqual(
      (await listed(world)).map(({ manifest }) => manifest.name),
      [first.stdout.trim()],
    )
    const next = await world.flotilla('backup', world.name)
    assert.equal(next.exitCode, 0, next.stderr)
    assert.deepEqual(parts(), [])
    assert.equal((await listed(world)).length, 2)
    assert.ok(readdirSync(folder).includes(world.name))
  })

  test('where the node that is read dies another one is asked', async t => {
    const world = testWorld(t, 'source')
    await ready(world, { replicas: 1, more: ['verify: never'] })
    const daemon = world.startDaemon()
    await daemon.waitFor('daemon.started', { withinMs: settleMs })
    await fill(world)
    await killContainer((await world.container('replica-1')).id)
    const taken = await world.flotilla('backup', world.name)
    assert.equal(taken.exitCode, 0, taken.stderr)
    assert.equal((await listed(world)).length, 1)
  })

  test('a restore lands between what the master held before and after the backup, and the original goes on', async t => {
    const world = testWorld(t, 'restores')
    const copy = testWorld(t, 'again', world)
    await ready(world, { replicas: 1, more: ['verify: never'] })
    await fill(world)
    const client = new Counter(world)
    t.after(() => client.stop())
    await until('some counts', settleMs, () => client.acknowledged > 20)
    const before = client.acknowledged
    const taken = await world.flotilla('backup', world.name)
    const after = client.sent
    assert.equal(taken.exitCode, 0, taken.stderr)
    const restored = await world.flotilla('restore', world.name, '--from', 'latest', '--as', copy.name)
    await client.stop()
    assert.equal(restored.exitCode, 0, restored.stderr)
    assert.match(restored.stdout, new RegExp(`has the data of ${taken.stdout.trim()}, of 20`))
    const up = await copy.flotilla('up', copy.name, '--timeout', '120')
    assert.equal(up.exitCode, 0, up.stderr)
    const held = Number(await copy.redis('master', 'get', 'counter'))
    assert.ok(held >= before && held <= after, `${before} ≤ ${held} ≤ ${after}`)
    assert.equal(await copy.redis('master', 'hget', 'hash', 'f7'), '7')
    assert.equal(Number(await world.redis('master', 'get', 'counter')), client.acknowledged)
    for (const [from, said] of [
      ['1999-01-01', /has no backup of 1999-01-01 or before: there are 1, from/],
      ['nonsense', /is no file that is there, and no name of a backup/],
    ] as const) {
      const refused = await world.flotilla('restore', world.name, '--from', from, '--as', 'never')
      assert.notEqual(refused.exitCode, 0)
      assert.match(refused.stderr, said)
    }
  })

  test('without spec.backup it is said what to write, and a place that is not there is not made', async t => {
    const world = testWorld(t, 'nowhere')
    world.declare({ replicas: 0 })
    const none = await world.flotilla('backup', world.name)
    assert.equal(none.exitCode, 2)
    assert.match(none.stderr, /names no place for backups\n {2}Write into its spec: backup: \{ to:/)
    appendFileSync(world.manifest, `  backup: { to: { path: ${world.folder}/absent } }\n`)
    const absent = await world.flotilla('backups', world.name)
    assert.equal(absent.exitCode, 1)
    assert.match(absent.stderr, /there is no folder .*\/absent for backups\n {2}If its disk is mounted/)
  })
})

/** Counts on the master, one after the other, for as long as it is not stopped. */
class Counter {
  acknowledged = 0
  sent = 0
  #stopped = false
  readonly #loop: Promise<void>

  constructor(world: World) {
    this.#loop = this.#count(world)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }

  async #count(world: World): Promise<void> {
    while (!this.#stopped) {
      this.sent++
      this.acknowledged = Number(await world.redis('master', 'incr', 'counter'))
    }
  }
}
