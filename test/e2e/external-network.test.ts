import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, execIn, killContainer } from '../support/containers.js'
import { callEngine, testEngine, uniqueName } from '../support/engine.js'
import { until } from '../support/until.js'
import { manifestText, testWorld } from '../support/world.js'

test('clients on a network of their own reach whoever is master by its name, before and after a failover; it is joined and left without a restart', async t => {
  const world = testWorld(t, 'outside')
  const network = uniqueName('front')
  const client = uniqueName('front-client')
  await call('POST', '/networks/create', { Name: network, Driver: 'bridge' })
  world.afterRemoval(async () => void (await callEngine('DELETE', `/networks/${network}`)))
  await call('POST', `/containers/create?name=${client}`, {
    Image: testEngine().image,
    Cmd: ['redis-server', '--save', ''],
    HostConfig: { NetworkMode: network, DnsOptions: ['ndots:1'] },
  })
  world.beforeRemoval(async () => void (await callEngine('DELETE', `/containers/${client}?force=1`)))
  await call('POST', `/containers/${client}/start`)
  const declare = (...external: readonly string[]): void =>
    writeFileSync(
      world.manifest,
      `${manifestText(world.name, { replicas: 1 })}  auth: none\n  network: { external: [${external.join(', ')}] }\n`,
    )
  /** What the client on that network gets from the Redis of this name. */
  const ask = (host: string, ...command: readonly string[]): Promise<string> =>
    execIn(client, 'redis-cli', '--raw', '-h', host, ...command)
  const roleOf = async (host: string): Promise<string> => {
    const [, role = 'nobody'] = /role:(\w+)/.exec(await ask(host, 'info', 'replication')) ?? []
    return role
  }

  declare()
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const before = await world.containers()
  assert.equal(await roleOf(`${world.name}-master`), 'nobody', 'the network is isolated')

  declare(network)
  await until('the client to reach all nodes', 60_000, async () => {
    assert.equal(await roleOf(`${world.name}-master`), 'master')
    assert.equal(await roleOf(`${world.name}-replica-1`), 'slave')
    assert.equal(await roleOf(`${world.name}-1`), 'slave')
    return true
  })
  await assertUntouched(world, before)
  assert.equal(await ask(`${world.name}-master`, 'set', 'hello', 'world'), 'OK')

  const mark = daemon.mark()
  await killContainer((await world.container('master')).id)
  await daemon.waitFor('master.changed', { since: mark })
  await until('the client to reach the new master', 60_000, async () => {
    assert.equal(await roleOf(`${world.name}-master`), 'master')
    return true
  })
  assert.equal(await ask(`${world.name}-master`, 'get', 'hello'), 'world')
  await daemon.waitFor('flotilla.ready', { since: mark })
  assert.equal((await world.container('master')).ordinal, 1)
  assert.equal(await roleOf(`${world.name}-replica-0`), 'slave', 'who came back is on it again')

  const failedOver = await world.containers()
  const left = daemon.mark()
  declare()
  await daemon.waitFor('flotilla.ready', { since: left })
  await until('nobody to be on it any more', 60_000, async () => {
    assert.equal(await roleOf(`${world.name}-master`), 'nobody')
    return true
  })
  await assertUntouched(world, failedOver)
  await assertWhole(world, { replicas: 1 })
  assert.equal((await callEngine('GET', `/networks/${network}`)).status, 200, 'it is not ours to remove')
})

test('a node that finds no address on a full network is told of, and is found there when one is free; a stranger who answers to the master’s name there is told of too', async t => {
  const world = testWorld(t, 'crowded')
  const network = uniqueName('small')
  await call('POST', '/networks/create', {
    ...{ Name: network, Driver: 'bridge' },
    IPAM: { Config: [{ Subnet: '10.250.77.0/29' }] },
  })
  world.afterRemoval(async () => void (await callEngine('DELETE', `/networks/${network}`)))
  /** Takes one of the five addresses. */
  const bystander = async (aliases: readonly string[] = []): Promise<string> => {
    const name = uniqueName('crowd')
    await call('POST', `/containers/create?name=${name}`, {
      ...{ Image: testEngine().image, Cmd: ['sleep', '600'], HostConfig: { NetworkMode: network } },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: aliases } } },
    })
    world.beforeRemoval(async () => void (await callEngine('DELETE', `/containers/${name}?force=1`)))
    await call('POST', `/containers/${name}/start`)
    return name
  }
  const [first, second] = await Promise.all([bystander(), bystander(), bystander(), bystander()])
  writeFileSync(
    world.manifest,
    `${manifestText(world.name, { replicas: 1 })}  network: { external: [${network}] }\n`,
  )
  world.startDaemon()
  const refusals = async () => (await world.status()).refusing.map(({ reason }) => reason)
  await until('the node without an address to be told of', 60_000, async () => {
    const told = await refusals()
    assert.ok(
      told.some(reason => reason.includes(`has no address on the network ${network}`)),
      JSON.stringify(told),
    )
    return true
  })
  await callEngine('DELETE', `/containers/${first}?force=1`)
  await assertWhole(world, { replicas: 1, withinMs: 120_000 })
  for (const { id } of await world.containers()) {
    const { NetworkSettings } = (await call('GET', `/containers/${id}/json`)) as {
      NetworkSettings: { Networks: Readonly<Record<string, { IPAddress: string }>> }
    }
    assert.notEqual(NetworkSettings.Networks[network]?.IPAddress ?? '', '')
  }

  await callEngine('DELETE', `/containers/${second}?force=1`)
  const impostor = await bystander([`${world.name}-master`])
  await until('the stranger to be told of', 60_000, async () => {
    const told = await refusals()
    assert.ok(
      told.some(reason => reason.includes(impostor) && reason.includes(`${world.name}-master`)),
      JSON.stringify(told),
    )
    return true
  })
  const verified = await world.flotilla('verify', world.name)
  assert.notEqual(verified.exitCode, 0)
  assert.match(verified.stdout, new RegExp(`FAILED: .*${impostor}`))
  await call('POST', `/networks/${network}/disconnect`, { Container: impostor, Force: true })
  await assertWhole(world, { replicas: 1, withinMs: 60_000 })
})
