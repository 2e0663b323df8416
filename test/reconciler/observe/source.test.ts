import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SourceSpec } from '../../../src/model/spec.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { SourceCommands } from '../../../src/reconciler/observe/source-commands.js'
import { readProcessState } from '../../../src/reconciler/observe/process-state.js'
import { readAnySecretFile } from '../../../src/secret-files.js'
import { loginTo, observeSource, type SourceObserver } from '../../../src/reconciler/observe/source.js'
import { until } from '../../support/until.js'
import { runToEnd, executionFixture } from '../support/execution.js'
import { noNetwork, type ContainerSpec } from '../../../src/model/engine.js'

const stranger: ContainerSpec = {
  ...{ name: 'redis-old', image: 'redis:8', command: [], labels: {}, attachment: noNetwork, mounts: [] },
  ...{ tmpfsPaths: [], dnsOptions: [], openFilesMax: null, stopGraceSeconds: 1, publishPort: null },
  hostname: 'redis-old',
} as unknown as ContainerSpec

const inContainer: SourceSpec = {
  at: { kind: 'container', container: 'redis-old', port: 6379 },
  user: null,
  passwordFile: null,
}

/** An engine on which somebody runs a Redis of their own, on these networks. */
async function world(networks: readonly string[], { running = true } = {}) {
  const { fake, context, clock } = await executionFixture()
  for (const name of ['web', 'bridge', 'host'])
    await fake.runtime.createNetwork({ name, labels: {}, subnet: null })
  const [first, ...others] = networks
  const attachment = first === undefined ? noNetwork : { network: first, links: [], aliases: [] }
  const id = await fake.runtime.createContainer({ ...stranger, attachment }, [])
  for (const network of others) await fake.runtime.attachNetwork(id, { network, links: [], aliases: [] })
  if (running) await fake.runtime.startContainer(id)
  const observer = (
    ownContainer: string | null = null,
    reach: SourceObserver['reach'] = 'container-ip',
  ): SourceObserver => ({
    ...{ runtime: fake.runtime, redis: context.redis, reach },
    ownNetworks: new OwnNetworks(fake.runtime, ownContainer),
    sourceCommands: new SourceCommands(context.redis),
  })
  return { fake, clock, observer, id }
}

test('a source in a container is found on a network that every node is on anyway, else on its first', async () => {
  const { observer, clock } = await world(['bridge', 'web'])
  const see = (external: readonly string[]) =>
    runToEnd(clock, observeSource(observer(), 'shop', { from: inContainer, login: null, external }))
  assert.equal((await see(['web'])).network, 'web')
  const seen = await see([])
  assert.equal(seen.network, 'bridge')
  assert.equal(seen.displayName, 'redis-old')
  assert.equal(seen.address?.host, seen.upstream?.host)
  assert.equal(seen.problem, null)
  // Nothing listens there: that is for the planner to judge.
  assert.equal(seen.probe?.kind, 'refused')
})

test('a source that is not there, does not run or is on no network says so', async () => {
  const see = async (given: Awaited<ReturnType<typeof world>>, container = 'redis-old') => {
    const from = { ...inContainer, at: { kind: 'container', container, port: 6379 } } as const
    const seen = await runToEnd(
      given.clock,
      observeSource(given.observer(), 'shop', { from, login: null, external: [] }),
    )
    assert.deepEqual([seen.upstream, seen.network, seen.address, seen.probe], [null, null, null, null])
    return seen.problem
  }
  assert.equal(await see(await world(['web']), 'redis-gone'), 'there is no container redis-gone')
  assert.equal(await see(await world(['web'], { running: false })), 'the container redis-old is created')
  assert.equal(
    await see(await world([])),
    'the container redis-old is running and on no network that a node can join',
  )
})

test('a source on the network of its host is a hold that says by which address nodes reach it', async () => {
  const { clock, observer } = await world(['host'])
  const seen = await runToEnd(
    clock,
    observeSource(observer(), 'shop', { from: inContainer, login: null, external: [] }),
  )
  assert.match(seen.problem ?? '', /is on the network of its host/)
  assert.match(seen.remedy ?? '', /^write under spec\.bootstrap: from: \{ host: .* port: 6379 \}$/)
})

test('a source at an address is reached there, by us and by the leader', async () => {
  const { observer, clock } = await world([])
  const from: SourceSpec = {
    at: { kind: 'host', host: '10.1.1.1', port: 7_000 },
    user: null,
    passwordFile: null,
  }
  const seen = await runToEnd(clock, observeSource(observer(), 'shop', { from, login: null, external: [] }))
  assert.deepEqual(seen.upstream, { host: '10.1.1.1', port: 7_000 })
  assert.equal(seen.displayName, '10.1.1.1:7000')
  assert.equal(seen.address?.host, '10.1.1.1')
})

test('a Flotilla that runs in a container joins the network of the source once, and leaves it when it is told', async () => {
  const { fake, observer, clock, id } = await world(['web'])
  const own = await fake.runtime.createContainer({ ...stranger, name: 'flotilla' }, [])
  const looking = observer(own, 'network')
  const look = () =>
    runToEnd(clock, observeSource(looking, 'shop', { from: inContainer, login: null, external: [] }))
  await look()
  await look()
  const joins = fake.calls.filter(({ method, args }) => method === 'attachNetwork' && args[0] === own)
  assert.equal(joins.length, 1)
  await looking.ownNetworks.leave('web')
  assert.ok((await fake.runtime.inspectContainer(own))?.networks.every(one => one.network !== 'web'))
  assert.equal((await fake.runtime.inspectContainer(id))?.networks.length, 1)
})

test('one that is on the network already, or in no container, joins nothing', async () => {
  const { fake } = await world(['web'])
  const own = await fake.runtime.createContainer(
    { ...stranger, name: 'flotilla', attachment: { network: 'web', links: [], aliases: [] } },
    [],
  )
  await fake.runtime.startContainer(own)
  const network = await fake.runtime.findNetwork('web')
  const networks = { name: 'web', networkId: network?.networkId ?? '' }
  const before = fake.calls.length
  await new OwnNetworks(fake.runtime, null).join(networks)
  await new OwnNetworks(fake.runtime, null).leave('web')
  assert.equal(fake.calls.length, before)
  await new OwnNetworks(fake.runtime, own).join(networks)
  assert.ok(fake.calls.slice(before).every(({ method }) => method === 'inspectContainer'))
})

test('a login is what the password file holds, and none where the manifest names no file', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-source-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'theirs\n')
  assert.equal(await loginTo('shop', null, readAnySecretFile), null)
  assert.equal(await loginTo('shop', inContainer, readAnySecretFile), null)
  const login = await loginTo('shop', { ...inContainer, user: 'copier', passwordFile }, readAnySecretFile)
  assert.equal(login?.user, 'copier')
  assert.equal(login.password.reveal(), 'theirs')
  writeFileSync(passwordFile, 'two\nlines\n')
  await assert.rejects(loginTo('shop', { ...inContainer, passwordFile }, readAnySecretFile), {
    code: 'manifest/invalid',
  })
  await assert.rejects(
    loginTo('shop', { ...inContainer, passwordFile: join(folder, 'gone') }, readAnySecretFile),
    {
      code: 'manifest/unreadable',
      message: /flotilla shop: the password file .*gone is not there/,
    },
  )
})

test('what the kernel says of a process is told in words, and nothing where it can not be asked', async t => {
  assert.equal(await readProcessState(null), null)
  assert.equal(await readProcessState(0), null)
  assert.equal(await readProcessState(2 ** 30), null)
  if (process.platform !== 'linux') return t.skip('there is no /proc here')
  // Its first thread may wait while another one reads the file.
  assert.match((await readProcessState(process.pid)) ?? '', /^(running|sleeping)$/)
  const child = spawn('sleep', ['60'])
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  await until('it to sleep', 10_000, async () => (await readProcessState(pid)) === 'sleeping')
  child.kill('SIGSTOP')
  await until('it to be stopped', 10_000, async () => (await readProcessState(pid)) === 'stopped')
})
