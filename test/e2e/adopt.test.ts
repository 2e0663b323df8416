import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Connection } from '../../src/redis/client/connection.js'
import { dockerRun } from '../support/docker-run.js'
import { assertWhole } from '../support/common-assertions.js'
import { call, containerNamed, execIn } from '../support/containers.js'
import { callEngine, uniqueName } from '../support/engine.js'
import { sendToNode, sendOver, connectTo, replicationInfo } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { manifestText, testWorld, type World } from '../support/world.js'

const password = 'by-hand-and-secret'
const appPassword = 'of-an-application'

describe('what was there before Flotilla', { concurrency: 2 }, () => {
  test('a master and a replica started by hand as in the tutorial are adopted under load: no acknowledged write is lost, options and users come over, and the old ones keep their data and take no more writes', async t => {
    const world = testWorld(t, 'adopted')
    const conf = join(world.folder, 'redis.conf')
    const own = `timeout 321\nnotify-keyspace-events Ex\nuser app on >${appPassword} ~* &* +@all -@admin\n`
    const common = `bind 0.0.0.0\nprotected-mode no\nrequirepass ${password}\nmasterauth ${password}\n`
    writeFileSync(conf, common + own)
    const [oldMaster, oldReplica] = [uniqueName('redis-master'), uniqueName('redis-slave')]
    const binds = [`${conf}:/etc/redis.conf:ro`]
    const master = await dockerRun(world, {
      name: oldMaster,
      command: ['redis-server', '/etc/redis.conf'],
      binds,
    })
    const replica = await dockerRun(world, {
      name: oldReplica,
      command: ['redis-server', '/etc/redis.conf', '--replicaof', 'master', '6379'],
      links: [`${oldMaster}:master`],
      binds,
    })
    await until('the replica to be in sync', 60_000, async () => {
      assert.equal((await replicationInfo(replica, password))['master_link_status'], 'up')
      return true
    })
    const file = join(world.folder, 'given.password')
    writeFileSync(file, `${password}\n`, { mode: 0o600 })

    const refused = await world.flotilla('adopt', oldReplica, '--password-file', file, '--yes')
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /none of .* is a master/)
    const unknown = await world.flotilla('adopt', oldMaster, oldReplica, '--yes')
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.stderr, /does not let us in/)

    const writer = new Mover(world, oldMaster)
    // Also after a failed assertion: its loop would keep the file from ending.
    t.after(() => writer.stop())
    await until('some writes', 60_000, () => writer.acknowledged.length > 100 || null)
    const appFile = join(world.folder, 'app.password')
    writeFileSync(appFile, `${appPassword}\n`, { mode: 0o600 })
    const names = [oldMaster, oldReplica, '--name', world.name, '--user-password-file', `app=${appFile}`]
    const adopted = await world.flotilla('adopt', ...names, '--password-file', file, '--yes')
    assert.equal(adopted.exitCode, 0, adopted.stderr)
    assert.match(adopted.stderr, new RegExp(`docker rm -f ${oldMaster} ${oldReplica}`))
    for (const secret of [password, appPassword])
      assert.ok(!(adopted.stdout + adopted.stderr).includes(secret), 'a password is printed')
    const writes = writer.acknowledged.length
    await until('writes to go on', 60_000, () => writer.acknowledged.length > writes + 100 || null)
    await writer.stop()
    assert.deepEqual(await missing(world, writer.acknowledged), [], `of ${writer.acknowledged.length} writes`)
    t.diagnostic(`${writer.acknowledged.length} acknowledged writes, none lost`)

    await assertWhole(world, { replicas: 1 })
    for (const secret of [`${world.name}.password`, `${world.name}.app.password`])
      assert.equal(statSync(join(world.manifests, secret)).mode & 0o777, 0o600)
    const { id } = await world.container('master')
    assert.match(await execIn(id, 'cat', '/etc/flotilla/redis.conf'), /^"?timeout"? "?321/m)
    assert.equal(await world.redis('replica-1', 'AUTH', 'app', appPassword), 'OK')
    const networks = await networksOf((await world.container('master')).id)
    assert.deepEqual(networks, [world.name], 'it has left the network of the old master')
    for (const old of [master, replica]) {
      const now = await containerNamed(old.name)
      assert.deepEqual([now?.id, now?.startedAt], [old.id, old.startedAt], 'it runs on')
    }
    await assert.rejects(sendToNode(master, password, 'SET', 'late', 'x'), /READONLY/)
    assert.ok(Number(await sendToNode(master, password, 'DBSIZE')) > 0)
  })

  test('a flotilla follows an outside Redis until it is promoted: refused where the source can not be paused, by force with what it has', async t => {
    const world = testWorld(t, 'bootstrapped')
    const network = uniqueName('source-net')
    await call('POST', '/networks/create', { Name: network, Driver: 'bridge' })
    world.afterRemoval(async () => void (await callEngine('DELETE', `/networks/${network}`)))
    const name = uniqueName('source')
    const source = await dockerRun(world, {
      ...{ name, network },
      command: ['redis-server', '--protected-mode', 'no', '--save', ''],
    })
    const askSource = (...command: readonly string[]): Promise<string> =>
      execIn(source.id, 'redis-cli', '--raw', ...command)
    assert.equal(await askSource('SET', 'hello', 'world'), 'OK')
    writeFileSync(
      world.manifest,
      `${manifestText(world.name, { replicas: 1 })}  network: { external: [${network}] }\n  bootstrap: { from: { host: ${name} } }\n`,
    )
    const daemon = world.startDaemon()
    await daemon.waitFor('source.followed')
    await until('the flotilla to follow', 60_000, async () => {
      assert.equal((await world.status()).phase, 'Following')
      return true
    })
    assert.equal(await world.redis('replica-1', 'GET', 'hello'), 'world')
    await assert.rejects(world.redis('master', 'SET', 'hello', 'flotilla'), /READONLY/)

    const refused = await world.flotilla('promote', world.name)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /can't be asked to pause its writes .*; with --force/)
    const forced = await world.flotilla('promote', world.name, '--force')
    assert.equal(forced.exitCode, 0, forced.stderr)
    await assertWhole(world, { replicas: 1 })
    assert.equal(await world.redis('master', 'SET', 'hello', 'flotilla'), 'OK')
    assert.equal(await askSource('GET', 'hello'), 'world')
    assert.equal(await askSource('SET', 'mine', 'still'), 'OK', 'the source is left as it is')
  })

  test('what a Sentinel watches is adopted only when it may be made to forget it, and is not watched any more then', async t => {
    const world = testWorld(t, 'watched')
    const name = uniqueName('master')
    const server = ['redis-server', '--protected-mode', 'no', '--port', '6390']
    const master = await dockerRun(world, { name, command: server })
    const ask = (...command: readonly string[]): Promise<string> =>
      execIn(master.id, 'redis-cli', '-p', '6390', ...command)
    assert.equal(await ask('SET', 'a', '1'), 'OK')
    const conf = String.raw`protected-mode no\nsentinel monitor theirs ${master.ip} 6390 1\n`
    const script = `printf '${conf}' > /tmp/s.conf; exec redis-server /tmp/s.conf --sentinel`
    const sentinel = await dockerRun(world, {
      name: uniqueName('sentinel'),
      command: ['sh', '-c', script],
    })
    await until('the Sentinel to watch', 60_000, async () =>
      /name=sentinel-/.test(await ask('CLIENT', 'LIST', 'TYPE', 'pubsub')),
    )
    const named = [`${name}:6390`, '--name', world.name, '--yes']
    const refused = await world.flotilla('adopt', ...named)
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /a Redis Sentinel at .* watches[^]*--remove-sentinels/)
    assert.deepEqual(await world.containers(), [])
    const adopted = await world.flotilla('adopt', ...named, '--remove-sentinels')
    assert.equal(adopted.exitCode, 0, adopted.stderr)
    assert.match(adopted.stderr, /has forgotten theirs \(SENTINEL REMOVE\)/)
    assert.equal(await execIn(sentinel.id, 'redis-cli', '--raw', '-p', '26379', 'SENTINEL', 'MASTERS'), '')
    assert.equal((await world.status()).phase, 'Ready')
    assert.equal(await execIn((await world.container('master')).id, 'redis-cli', '--raw', 'GET', 'a'), '1')
  })
})

/**
 * A client that writes to the old master until it is told that it is none, and to the new name from then on.
 */
class Mover {
  readonly acknowledged: string[] = []
  readonly #world: World
  readonly #old: string
  readonly #loop: Promise<void>
  #stopped = false

  constructor(world: World, old: string) {
    this.#world = world
    this.#old = old
    this.#loop = this.#write()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }

  async #write(): Promise<void> {
    let connection: Connection | null = null
    let name = this.#old
    for (let number = 0; !this.#stopped; number += 1) {
      const key = `written:${number}`
      try {
        connection ??= await this.#connect(name)
        await sendOver(connection, 'SET', key, 'x')
        this.acknowledged.push(key)
        await sleepFor(1)
      } catch {
        connection?.close()
        connection = null
        name = `${this.#world.name}-master`
        await sleepFor(10)
      }
    }
    connection?.close()
  }

  async #connect(name: string): Promise<Connection> {
    const container = await containerNamed(name)
    if (container === null) throw new Error('nobody has the name')
    return connectTo(container, password)
  }
}

async function missing(world: World, keys: readonly string[]): Promise<readonly string[]> {
  const connection = connectTo(await world.container('master'), password)
  try {
    const values = (await sendOver(connection, 'MGET', ...keys)) as readonly (string | null)[]
    return keys.filter((_, index) => values[index] === null)
  } finally {
    connection.close()
  }
}

async function networksOf(id: string): Promise<readonly string[]> {
  const { NetworkSettings } = (await call('GET', `/containers/${id}/json`)) as {
    readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> }
  }
  return Object.keys(NetworkSettings.Networks)
}
