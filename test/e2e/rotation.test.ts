import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { sendToNode, sendOver, connectTo, infoFields } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

/** How often the daemon looks by itself. */
const pollMs = 5_000

describe('passwords', { concurrency: 2 }, () => {
  test('28. Password rotation under load → replication never down longer than one poll; clients on the old password work until the overlap ends', async t => {
    const world = worldWithFile(t, { password: 'the first', overlap: '4s' })
    let daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const writer = new Writer(world, { promised: 'wait' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
    const links = await watchLinks(t, world)
    const old = loginRepeatedly(t, world, 'the first')

    const own = readFileSync(secretsOf(world), 'utf8')
    assert.equal((await world.flotilla('rotate', world.name)).exitCode, 0)
    writeFileSync(join(world.manifests, 'password'), 'the second\n')
    await daemon.waitFor('password.rotation-started', { where: ({ user }) => user === 'default' })
    // Whatever it was doing, it goes on from there.
    daemon.signal('SIGKILL')
    await daemon.ended()
    daemon = world.startDaemon()
    await until('the new password in use', 60_000, () => world.password() === 'the second')
    const refusedAtAdoption = old.refusals
    // Replicas that have to reconnect come in by the new password of `replication`.
    assert.equal(await cutLinks(world), 2)
    await until('the old password refused', 60_000, () => old.refusals > 0)
    await daemon.waitFor('password.retired', { where: ({ users }) => String(users).includes('replication') })
    assert.equal(refusedAtAdoption, 0)
    assert.ok(old.worksMs > 3_500, `the old password worked for ${Math.round(old.worksMs)} ms`)

    await until('every node with just today’s users', 60_000, async () => {
      const users = await usersOn(world)
      return users.every(user => user.match(/#[0-9a-f]{64}/g)?.length === 1)
    })
    assert.equal(await cutLinks(world), 2)
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before)
    const downMs = links.stop()
    const count = await writer.assertNothingLost()
    for (const secret of secretsIn(own))
      assert.ok(!readFileSync(secretsOf(world), 'utf8').includes(secret), 'an old secret is still kept')
    t.diagnostic(`${count} writes acknowledged, no link down for longer than ${Math.round(downMs)} ms`)
    assert.ok(downMs < pollMs, `a replication link was down for ${downMs} ms`)
  })

  test('the password of applications administers nothing; `default` is made full, switched off and restricted again on nodes that run, and verbs work in each', async t => {
    const world = testWorld(t, 'access')
    const declare = (access: string): void =>
      world.declare({
        ...{ replicas: 1, auth: `{${access} users: [{ name: app, rules: '~* &* +@all -@dangerous' }] }` },
      })
    const asDefault = (...command: readonly string[]): Promise<string> =>
      world.redis('master', ...command).then(String, String)
    declare('')
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    assert.equal(await asDefault('SET', 'a', '1'), 'OK')
    for (const command of [
      'CONFIG GET masterauth',
      'ACL SETUSER me on nopass +@all',
      'REPLICAOF NO ONE',
      'SHUTDOWN',
    ])
      assert.match(await asDefault(...command.split(' ')), /NOPERM/, command)

    declare(' default: off,')
    await until('the user default to be refused', 60_000, async () =>
      /WRONGPASS/.test(await asDefault('PING')),
    )
    await until('the user of the manifest', 60_000, async () =>
      (await usersOn(world, 1)).join().includes('user app'),
    )
    assert.match((await world.flotilla('connect', world.name)).stdout, /user default is off/)
    assert.equal((await world.flotilla('cli', world.name, 'acl', 'whoami')).stdout, 'app\n')
    const verified = await world.flotilla('verify', world.name)
    assert.equal(verified.exitCode, 0, verified.stdout)
    const refused = await world.flotilla('verify', world.name, '--user', 'default')
    assert.match(refused.stderr, /its user default is off .*\n.*There is: app/)

    declare(' default: full,')
    await until('all of it given to default', 60_000, async () =>
      (await asDefault('CONFIG', 'GET', 'masterauth')).startsWith('masterauth,'),
    )
    declare('')
    await until('the most of it taken again', 60_000, async () =>
      /NOPERM/.test(await asDefault('CONFIG', 'GET', 'masterauth')),
    )
    assert.equal(await asDefault('GET', 'a'), '1')
    await assertWhole(world, { replicas: 1 })
    await assertUntouched(world, before)
  })

  test('a file that is gone locks nobody out, users come and go, and no password has to be said', async t => {
    const world = worldWithFile(t, { password: 'the only', overlap: '0s' })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    rmSync(join(world.manifests, 'password'))
    await daemon.waitFor('password.unavailable')
    assert.equal(await world.redis('master', 'ping'), 'PONG')
    assert.match((await world.flotilla('status', world.name)).stdout, /AuthApplied .*install -m 600/)

    writeFileSync(join(world.manifests, 'password'), 'the only\n')
    const manifest = readFileSync(world.manifest, 'utf8')
    const users =
      '    users: [{ name: reader, rules: "~* +@read +ping" }, { name: odd, rules: "+no-such-command" }]\n'
    appendFileSync(world.manifest, users)
    await until('a user that Redis does not take, told', 60_000, async () => {
      const { stdout } = await world.flotilla('status', world.name)
      return /AuthApplied .*no-such-command/s.test(stdout.replaceAll(/\s+/g, ' '))
    })
    const password = readFileSync(
      join(world.state, 'secrets', `${world.name}.reader.password`),
      'utf8',
    ).trim()
    for (const node of ['master', 'replica-1'] as const)
      assert.equal(await world.redis(node, 'auth', 'reader', password), 'OK')
    assert.match((await world.flotilla('connect', world.name)).stdout, /user reader .*reader\.password/)

    writeFileSync(world.manifest, manifest.replace(/passwordFile: .*/, 'mode: none'))
    await until('a login without a password', 60_000, async () => {
      const connection = connectTo(await world.container('master'), 'anything')
      try {
        return (await sendOver(connection, 'ACL', 'WHOAMI')) === 'default'
      } finally {
        connection.close()
      }
    })
    await until('the user gone', 60_000, async () => !(await usersOn(world)).join().includes('user reader'))
    writeFileSync(world.manifest, manifest)
    await until('a password asked for again', 60_000, async () => {
      const said = await Promise.allSettled([sendToNode(await world.container('master'), 'anything', 'PING')])
      return said[0]?.status === 'rejected'
    })
    assert.equal(await world.redis('master', 'ping'), 'PONG')
    await assertUntouched(world, before)
  })
})

function worldWithFile(
  t: TestContext,
  { password, overlap }: { readonly password: string; readonly overlap: string },
): World {
  const world = testWorld(t, 'rotation')
  writeFileSync(join(world.manifests, 'password'), `${password}\n`, { mode: 0o600 })
  world.declare({ replicas: 2 })
  appendFileSync(
    world.manifest,
    `  auth:\n    passwordFile: ${join(world.manifests, 'password')}\n    overlap: ${overlap}\n`,
  )
  return world
}

/** @returns how many there were. */
async function cutLinks(world: World): Promise<unknown> {
  return world.administer('master', 'CLIENT', 'KILL', 'TYPE', 'replica')
}

function secretsOf(world: World): string {
  return join(world.state, 'secrets', `${world.name}.json`)
}

function secretsIn(keyring: string): readonly string[] {
  return [...keyring.matchAll(/"secret": "([^"]+)"/g)].flatMap(match => match[1] ?? [])
}

/** Each node's ACL LIST, line by line. */
async function usersOn(world: World, replicas = 2): Promise<readonly string[]> {
  const nodes = (['master', 'replica-1', 'replica-2'] as const).slice(0, replicas + 1)
  return (await Promise.all(nodes.map(node => world.administer(node, 'acl', 'list')))).flat().map(String)
}

/**
 * Asks every replica for its link, over a connection that outlives the rotation. `stop` gives the longest
 * time that one was down.
 */
async function watchLinks(t: TestContext, world: World): Promise<{ stop(): number }> {
  const nodes = await Promise.all((['replica-1', 'replica-2'] as const).map(name => world.container(name)))
  const over = new AbortController()
  let downMsMax = 0
  const loops = nodes.map(async node => {
    const connection = connectTo(node, world.password())
    let upAtMs = performance.now()
    while (!over.signal.aborted) {
      const info = infoFields(String(await sendOver(connection, 'INFO', 'replication')))
      const nowMs = performance.now()
      if (info['master_link_status'] === 'up') upAtMs = nowMs
      else downMsMax = Math.max(downMsMax, nowMs - upAtMs)
      await sleepFor(10)
    }
    connection.close()
  })
  t.after(() => {
    over.abort()
    return Promise.allSettled(loops)
  })
  return {
    stop() {
      over.abort()
      return downMsMax
    },
  }
}

/** A program that connects again for everything it does, and was not told of the new password. */
function loginRepeatedly(
  t: TestContext,
  world: World,
  password: string,
): { readonly refusals: number; readonly worksMs: number } {
  const seen = { refusals: 0, worksMs: 0 }
  const over = new AbortController()
  const loop = (async () => {
    const master = await world.container('master')
    let adoptedAtMs: number | null = null
    while (!over.signal.aborted) {
      try {
        await sendToNode(master, password, 'PING')
        if (world.password() !== password) adoptedAtMs ??= performance.now()
        if (adoptedAtMs !== null) seen.worksMs = performance.now() - adoptedAtMs
      } catch {
        seen.refusals += 1
      }
      await sleepFor(20)
    }
  })()
  t.after(() => {
    over.abort()
    return loop
  })
  return seen
}
