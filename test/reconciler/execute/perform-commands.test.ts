import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import type { ExecutionContext } from '../../../src/reconciler/execute/execution-context.js'
import { Execution } from '../../../src/reconciler/execute/execution.js'
import { perform } from '../../../src/reconciler/execute/perform.js'
import type { ObservedNode, Observation, ObservedSource } from '../../../src/model/observation.js'
import { appliedAuthFiles, appliedUsers } from '../../../src/reconciler/plan/settings/users.js'
import type { Action, ActionBody } from '../../../src/model/plan.js'
import { noUpstream } from '../../../src/model/actions/sources.js'
import { configFilePath } from '../../../src/redis/config.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import { Secret } from '../../../src/secret.js'
import type { CertificateBundle } from '../../../src/tls/certificate-bundle.js'
import { runToEnd, executionFixture, type ExecutionFixture } from '../support/execution.js'
import { node, observation, operation, replica, request, resources } from '../support/world.js'

/** What the hands do for each kind of order, on nodes that run in memory. */
async function withNodes(count: number, overrides: Parameters<typeof executionFixture>[0] = {}) {
  const world = await executionFixture(overrides)
  const nodes: ObservedNode[] = []
  const processes = []
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const { container, process } = await world.run(ordinal)
    nodes.push(node(ordinal, { container }))
    processes.push(process)
  }
  return { ...world, nodes, processes }
}

/** Carries these out one after the other, as stages of one plan. */
async function executePlan(
  world: ExecutionFixture & { readonly nodes?: readonly ObservedNode[] },
  actions: readonly ActionBody[],
  seen: Partial<Observation> = {},
): Promise<void> {
  const followers = actions.filter(({ kind }) => kind === 'follow').length
  const execution = new Execution(
    world.context,
    observation(world.nodes ?? [], { resources: resources(), ...seen }),
    followers,
  )
  for (const body of actions) {
    const action: Action = { ...body, cause: 'a test' }
    await runToEnd(world.clock, perform(execution, action))
  }
}

const begun = operation({ kind: 'failover', to: 0 })

test('who is promoted takes writes, and who is told to follow it follows', async () => {
  const world = await withNodes(2)
  await executePlan(world, [
    { kind: 'promote', ordinal: 0 },
    { kind: 'follow', ordinal: 1, master: 0, reconnect: true },
  ])
  const [first, second] = world.processes
  assert.equal(first?.upstream, null)
  assert.deepEqual(second?.upstream, { host: 'shop-0', port: 6379 })
})

test("over TLS the master's certificate has to be good for the name of the flotilla's master, where the server can look", async () => {
  const world = await withNodes(3)
  world.processes[2]?.unknownOptions.add('tls-expected-peer-name')
  const follow = { kind: 'follow', master: 0, reconnect: false } as const
  await executePlan(world, [
    { kind: 'promote', ordinal: 0 },
    { ...follow, ordinal: 1 },
  ])
  const expected = (ordinal: number): string | undefined =>
    world.processes[ordinal]?.config.get('tls-expected-peer-name')
  assert.equal(expected(1), undefined)
  await executePlan(world, [
    { ...follow, ordinal: 1, encrypted: true },
    { ...follow, ordinal: 2, encrypted: true },
  ])
  assert.deepEqual([expected(1), expected(2)], ['shop-master', undefined])
  assert.deepEqual(world.processes[2]?.upstream, { host: 'shop-0', port: 6380 })
})

test('a replica that somebody has made master since it was looked at is not told to follow', async () => {
  const world = await withNodes(2)
  const nodes = world.nodes.map(({ ordinal, container }) => replica(ordinal, {}, { container }))
  await executePlan(world, [{ kind: 'promote', ordinal: 1 }])
  await assert.rejects(
    executePlan({ ...world, nodes }, [{ kind: 'follow', ordinal: 1, master: 0, reconnect: false }]),
    { code: 'redis/refused-command', message: 'node 1 was made master meanwhile' },
  )
  assert.equal(world.processes[1]?.upstream, null)
})

test('a replica catches up with a master whose writes wait, and they go on', async () => {
  const world = await withNodes(2)
  await executePlan(world, [
    { kind: 'promote', ordinal: 0 },
    { kind: 'follow', ordinal: 1, master: 0, reconnect: false },
  ])
  for (let ticks = 0; ticks < 200; ticks++) world.clock.fire()
  await executePlan(world, [{ kind: 'pause-writes', ordinal: 0, forMs: 2_000 }])
  assert.ok((world.processes[0]?.pausedUntilMs ?? 0) > 0)
  await executePlan(world, [
    { kind: 'catch-up', ordinal: 1, master: 0, withinMs: 500 },
    { kind: 'resume-writes', ordinal: 0 },
    { kind: 'disconnect-clients', ordinal: 0 },
  ])
  assert.equal(world.processes[0]?.pausedUntilMs, 0)
})

test('who does not catch up in time is told with both offsets', async () => {
  const world = await withNodes(2)
  await executePlan(world, [{ kind: 'promote', ordinal: 0 }])
  await assert.rejects(executePlan(world, [{ kind: 'catch-up', ordinal: 1, master: 0, withinMs: 50 }]), {
    code: 'redis/timeout',
    message: /shop-1 did not catch up with shop-0 within 50 ms \(offset unknown of \d+\)/,
  })
})

test('a node without an address or a container can be given no order, and that is said', async () => {
  const world = await withNodes(1)
  await assert.rejects(executePlan(world, [{ kind: 'resume-writes', ordinal: 3 }]), {
    code: 'redis/unreachable',
    message: /node 3 \(shop-3\) has no address/,
  })
  await assert.rejects(executePlan(world, [{ kind: 'write-config', ordinal: 3, name: 'shop' }]), {
    code: 'runtime/not-found',
  })
})

test('containers are made, renamed, put on networks and taken away by what they are, whatever they are called by then', async () => {
  const world = await withNodes(1)
  await world.fake.runtime.createNetwork({ name: 'web', labels: {}, subnet: null })
  const name = 'shop-replica-0'
  await executePlan(world, [
    { kind: 'create-volume', ordinal: 1, volume: 'shop-1' },
    { kind: 'create-container', ordinal: 1, name: 'shop-replica-1', volume: 'shop-1' },
    { kind: 'connect-network', ordinal: 0, name, network: 'web' },
    { kind: 'rename-container', ordinal: 0, name, to: 'shop-master' },
    { kind: 'reattach-network', ordinal: 0, name },
  ])
  const facts = await world.fake.runtime.inspectContainer('shop-master')
  assert.deepEqual(facts?.networks.map(one => one.network).toSorted(), ['shop', 'web'])
  assert.ok(world.fake.controls.filesOf('shop-replica-1').has(configFilePath))
  await executePlan(world, [
    { kind: 'disconnect-network', ordinal: 0, name, network: 'web' },
    { kind: 'stop-container', ordinal: 0, name },
    { kind: 'remove-container', ordinal: 0, name },
  ])
  assert.equal(await world.fake.runtime.inspectContainer('shop-master'), null)
})

test('a container that is gone from the plan can not be found again', async () => {
  const world = await withNodes(1)
  const remove: ActionBody = { kind: 'remove-container', ordinal: 0, name: 'shop-replica-0' }
  await assert.rejects(executePlan(world, [remove, remove]), { code: 'runtime/not-found' })
})

test('networks, volumes and leftovers are made and taken away', async () => {
  const world = await executionFixture()
  await executePlan(world, [
    { kind: 'create-network', network: 'other', subnet: '10.7.0.0/24' },
    { kind: 'create-volume', ordinal: 4, volume: 'shop-4' },
  ])
  assert.deepEqual((await world.fake.runtime.findNetwork('other'))?.subnets, ['10.7.0.0/24'])
  assert.notEqual(await world.fake.runtime.findVolume('shop-4'), null)
  await executePlan(world, [
    { kind: 'remove-network', network: 'other' },
    { kind: 'remove-volume', ordinal: 4, volume: 'shop-4' },
    { kind: 'remove-leftover', containerId: 'gone', name: 'shop-trial' },
  ])
  assert.equal(await world.fake.runtime.findNetwork('other'), null)
  assert.equal(await world.fake.runtime.findVolume('shop-4'), null)
})

test('which volume is to go with a container is written down, and crossed out when it has gone', async () => {
  const world = await withNodes(1)
  const remove: ActionBody = {
    kind: 'remove-container',
    ordinal: 0,
    name: 'shop-replica-0',
    volume: 'shop-0',
  }
  await executePlan(world, [remove])
  assert.deepEqual(world.memory().volumesToRemove, [{ ordinal: 0, volume: 'shop-0' }])
  await executePlan(world, [{ kind: 'remove-volume', ordinal: 0, volume: 'shop-0' }])
  assert.deepEqual(world.memory().volumesToRemove, [])
})

test('a killed node does not run any more when that is said', async () => {
  const world = await withNodes(1)
  await executePlan(world, [{ kind: 'kill-container', ordinal: 0, name: 'shop-replica-0' }])
  assert.equal((await world.fake.runtime.inspectContainer('shop-replica-0'))?.state, 'exited')
})

test('what was asked for and what came of it is in the memory', async () => {
  const world = await executionFixture()
  await executePlan(world, [{ kind: 'begin-operation', operation: begun }])
  assert.deepEqual(world.memory().operation, begun)
  await executePlan(world, [
    {
      ...{ kind: 'end-operation', operation: begun, result: 'done', detail: null },
      ...{ offsetGapBytes: 5, lostKeys: 0 },
    },
    { kind: 'complete-request', request: request(), result: 'refused', detail: 'no', divergent: [] },
  ])
  assert.equal(world.memory().operation, null)
  assert.deepEqual(
    world.memory().history.map(({ kind, result }) => `${kind} ${result}`),
    ['failover done'],
  )
  assert.deepEqual(world.memory().answers, [
    { requestId: request().requestId, result: 'refused', detail: 'no' },
  ])
})

test('a node is given its users, its files first; and the memory says which', async () => {
  const world = await withNodes(1)
  await executePlan(world, [{ kind: 'apply-users', ordinal: 0, name: 'shop-replica-0' }])
  const { digest } = world.context.auth
  const container = world.nodes[0]?.container ?? assert.fail()
  const { 'config-file': _configFile, ...applied } = world.memory().nodes[0]?.applied ?? {}
  assert.deepEqual(applied, { ...appliedAuthFiles(container, digest), ...appliedUsers(container, digest) })
  assert.equal(world.processes[0]?.config.get('protected-mode'), 'yes')
  assert.equal(world.memory().usersRefused, null)
})

test('passwords are adopted and retired in the keyring, and that is told', async () => {
  const world = await executionFixture()
  await executePlan(world, [
    { kind: 'activate-passwords', users: ['default'] },
    { kind: 'retire-passwords', users: ['default'], departed: ['app'] },
  ])
  assert.match(world.told[0] ?? '', /^password\.rotated \{"users":\["default"\],"formerUntil":"1970-/)
  assert.equal(world.told[1], 'password.retired {"users":["default","app"]}')
})

test('a process that answers is tuned, and that is remembered; one that does not is tuned another time', async () => {
  const world = await withNodes(1)
  const applyConfig: ActionBody = {
    kind: 'apply-config',
    ordinal: 0,
    options: { 'min-replicas-to-write': '1' },
  }
  await executePlan(world, [applyConfig])
  assert.deepEqual(world.memory().nodes, [])
  await executePlan(world, [{ kind: 'promote', ordinal: 0 }, applyConfig])
  assert.equal(world.processes[0]?.config.get('min-replicas-to-write'), '1')
  assert.notEqual(world.memory().nodes[0]?.applied['options'], undefined)
})

test('an order to a node that has ended says that it has, and where its words are', async () => {
  const world = await withNodes(1)
  const [process] = world.processes
  if (process !== undefined) world.redis.kill(process)
  world.fake.controls.exit('shop-replica-0', 3)
  await assert.rejects(executePlan(world, [{ kind: 'promote', ordinal: 0 }]), {
    code: 'runtime/failed',
    message: 'shop-replica-0 has ended with exit code 3 instead of answering',
    hint: 'What it said: docker logs shop-replica-0',
  })
})

test('a port is opened and closed, and who came by it is sent away', async () => {
  const world = await withNodes(1)
  let gone = 0
  world.processes[0]?.clients.add(() => void gone++)
  await executePlan(world, [{ kind: 'set-port', ordinal: 0, port: 'encrypted', open: true }])
  assert.equal(world.processes[0]?.config.get('tls-port'), '6380')
  assert.equal(gone, 0)
  await executePlan(world, [{ kind: 'set-port', ordinal: 0, port: 'encrypted', open: false }])
  assert.equal(world.processes[0]?.config.get('tls-port'), '0')
  assert.equal(gone, 1)
})

test('where TLS is off there is no certificate to be loaded', async () => {
  const world = await withNodes(1)
  await executePlan(world, [{ kind: 'load-certificate', ordinal: 0 }])
  assert.equal(world.processes[0]?.config.has('tls-port'), false)
})

/** A Redis of somebody else, in a container that is none of ours. */
async function withSource(): Promise<
  Awaited<ReturnType<typeof withNodes>> & { readonly seen: ObservedSource; readonly master: () => boolean }
> {
  const world = await withNodes(1, { sourceLogin: null })
  const source = world.redis.start({
    ...{ alias: 'redis-old', containerId: 'old', startedAtMs: 0, host: '10.9.9.9', volume: 'old' },
    ...{ persistence: 'none', credentials: world.context.auth.credentials, upstream: noUpstream },
  })
  source.upstream = null
  source.users.set('default', ['on', 'nopass'])
  const seen: ObservedSource = {
    displayName: 'redis-old',
    upstream: { host: '10.9.9.9', port: 6379 },
    network: null,
    address: { host: '10.9.9.9', port: 6379, containerId: 'old', startedAtMs: 0 },
    probe: null,
    problem: null,
  }
  return { ...world, seen, master: () => source.upstream === null }
}

const displayName = 'redis-old'

test('a node follows a Redis of somebody else when that is written down, and logs in with its own password again afterwards', async () => {
  const world = await withSource()
  const from = {
    at: { kind: 'container', container: displayName, port: 6379 },
    user: null,
    passwordFile: null,
  } as const
  const there = { host: '10.9.9.9', port: 6379 }
  await executePlan(
    world,
    [
      { kind: 'record-source', from, leader: 0, network: 'bridge' },
      { kind: 'follow-source', ordinal: 0, upstream: there, source: displayName },
    ],
    { source: world.seen },
  )
  assert.deepEqual(world.memory().source?.phase, 'followed')
  assert.deepEqual(world.told, ['source.followed {"node":0,"source":"redis-old"}'])
  assert.deepEqual(world.processes[0]?.upstream, there)
  assert.equal(world.processes[0]?.config.get('masteruser'), '')
  await executePlan(world, [{ kind: 'restore-login', ordinal: 0 }])
  assert.equal(world.processes[0]?.config.get('masteruser'), 'replication')
})

test('a node logs in to the source with what the manifest names for it', async () => {
  const world = await withNodes(1, { sourceLogin: { user: 'copier', password: new Secret('theirs') } })
  const there = { host: 'elsewhere', port: 7_000 }
  await executePlan(world, [{ kind: 'follow-source', ordinal: 0, upstream: there, source: displayName }])
  assert.equal(world.processes[0]?.config.get('masteruser'), 'copier')
  assert.equal(world.processes[0]?.config.get('masterauth'), 'theirs')
})

test('the source is paused, caught up with, fenced, let go and unfenced', async () => {
  const world = await withSource()
  const steps: readonly ActionBody[] = [
    { kind: 'follow-source', ordinal: 0, upstream: { host: 'redis-old', port: 6379 }, source: displayName },
  ]
  await executePlan(world, steps, { source: world.seen })
  for (let ticks = 0; ticks < 300; ticks++) world.clock.fire()
  await executePlan(
    world,
    [
      { kind: 'pause-writes', source: displayName, forMs: 2_000 },
      { kind: 'catch-up', ordinal: 0, source: displayName, withinMs: 500 },
      { kind: 'fence-source', source: displayName },
    ],
    { source: world.seen },
  )
  assert.equal(world.master(), false)
  await executePlan(
    world,
    [
      { kind: 'resume-writes', source: displayName },
      { kind: 'disconnect-clients', source: displayName },
      { kind: 'unfence-source', source: displayName },
    ],
    { source: world.seen },
  )
  assert.equal(world.master(), true)
})

test('a source that is not reached from here can be given no order', async () => {
  const world = await withSource()
  for (const source of [null, { ...world.seen, address: null }])
    await assert.rejects(executePlan(world, [{ kind: 'fence-source', source: displayName }], { source }), {
      code: 'redis/unreachable',
    })
})

const bundle: CertificateBundle = { certificate: 'CERT\n', key: new Secret('KEY'), authorities: 'CA\n' }

test('a certificate is in the files of a node before its process is told to listen with it', async () => {
  const world = await withNodes(1, { certificateFor: () => Promise.resolve(bundle) })
  await executePlan(world, [
    { kind: 'promote', ordinal: 0 },
    { kind: 'load-certificate', ordinal: 0 },
  ])
  const files = [...world.fake.controls.filesOf('shop-replica-0').values()]
  assert.ok(files.some(({ content }) => content === 'CERT\nKEY'))
  assert.ok(files.some(({ content }) => content === 'CA\n'))
  assert.equal(world.processes[0]?.config.get('tls-port'), '6380')
})

test('one that was down gets the certificate in force before it is started', async () => {
  const world = await withNodes(1, { certificateFor: () => Promise.resolve(bundle) })
  world.fake.controls.exit('shop-replica-0', 0)
  await executePlan(world, [{ kind: 'start-container', ordinal: 0, name: 'shop-replica-0' }])
  const files = [...world.fake.controls.filesOf('shop-replica-0').values()]
  assert.ok(files.some(({ content }) => content === 'CERT\nKEY'))
})

test('rules of a user that a server does not take are remembered, and keep nobody else from theirs', async () => {
  const { redis, ...world } = await withNodes(1)
  const port = redis.connect()
  const refusing: RedisPort = {
    ...port,
    setUsers: (target, users, call) =>
      users.set.some(({ name }) => name === 'odd')
        ? Promise.reject(new FlotillaError('redis/refused-command', 'ACL SETUSER odd: no such command'))
        : port.setUsers(target, users, call),
  }
  const others = ['odd', 'app'].map(name => ({ name, rules: ['on', '+@read'] }))
  const context: ExecutionContext = {
    ...world.context,
    redis: refusing,
    auth: { ...world.context.auth, others },
  }
  await executePlan({ ...world, redis, context }, [
    { kind: 'apply-users', ordinal: 0, name: 'shop-replica-0' },
  ])
  assert.deepEqual(world.memory().usersRefused, {
    digest: world.context.auth.digest,
    reason: 'ACL SETUSER odd: no such command',
  })
  assert.ok(world.processes[0]?.users.has('app'))
})

test('of few that are to follow each has its turn, of many none waits', async () => {
  const world = await withNodes(8)
  await executePlan(world, [{ kind: 'promote', ordinal: 0 }])
  const follow = (ordinal: number): ActionBody => ({ kind: 'follow', ordinal, master: 0, reconnect: false })
  await executePlan(world, [follow(1), follow(2)])
  await executePlan(world, [3, 4, 5, 6, 7, 1, 2].map(follow))
  const masters = world.processes.slice(1).map(process => process.upstream?.host)
  assert.deepEqual(new Set(masters), new Set(['shop-0']))
})

test('a node on Docker’s own bridge has no names there', async () => {
  const world = await withNodes(1)
  await world.fake.runtime.createNetwork({ name: 'bridge', labels: {}, subnet: null })
  await executePlan(world, [
    { kind: 'connect-network', ordinal: 0, name: 'shop-replica-0', network: 'bridge' },
  ])
  const facts = await world.fake.runtime.inspectContainer('shop-replica-0')
  const endpoint = facts?.networks.find(one => one.network === 'bridge')
  assert.deepEqual([endpoint?.links, endpoint?.aliases], [[], []])
})
