import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { call, killContainer, removeContainer, type NodeContainer } from '../support/containers.js'
import { testEngine, uniqueName } from '../support/engine.js'
import { sendToNode, sendOver, connectTo } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

const haproxy = '/usr/sbin/haproxy'
const socket = '/run/flotilla/http.sock'

/** Which of the two ports an application on this host connects to. */
type Side = 'master' | 'replicas'

interface Balancer {
  /** What a client takes for a node. */
  at(side: Side): NodeContainer
}

/**
 * HAProxy as the head of its configuration says to run it: on the flotilla's network, its ports published on
 * loopback. There is no registry to get its image from, so the container sees this machine's own program,
 * read-only.
 */
async function startBalancer(world: World, config: string): Promise<Balancer> {
  writeFileSync(join(world.folder, 'haproxy.cfg'), config)
  const ports = ['6379/tcp', '6380/tcp']
  const { Id } = (await call('POST', `/containers/create?name=${uniqueName(`${world.name}-haproxy`)}`, {
    Image: testEngine().image,
    User: '0:0',
    Entrypoint: [haproxy],
    Cmd: ['-f', '/run/flotilla/haproxy.cfg'],
    ExposedPorts: Object.fromEntries(ports.map(port => [port, {}])),
    HostConfig: {
      NetworkMode: world.name,
      DnsOptions: ['ndots:1'],
      PortBindings: Object.fromEntries(ports.map(port => [port, [{ HostIp: '127.0.0.1', HostPort: '' }]])),
      Binds: [
        `${world.folder}:/run/flotilla`,
        ...['/usr', '/lib', '/lib64'].filter(path => existsSync(path)).map(path => `${path}:${path}:ro`),
      ],
    },
  })) as { readonly Id: string }
  world.beforeRemoval(() => removeContainer(Id))
  await call('POST', `/containers/${Id}/start`)
  const { NetworkSettings } = (await call('GET', `/containers/${Id}/json`)) as {
    readonly NetworkSettings: {
      readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[]>>
    }
  }
  const portOf = (side: Side): number =>
    Number(NetworkSettings.Ports[side === 'master' ? '6379/tcp' : '6380/tcp']?.[0]?.HostPort)
  const some = await world.container('master')
  return {
    at: side => ({ ...some, name: `haproxy, ${side}`, address: { host: '127.0.0.1', port: portOf(side) } }),
  }
}

async function roleAt(world: World, balancer: Balancer, side: Side): Promise<unknown> {
  const [role] = (await sendToNode(balancer.at(side), world.password(), 'ROLE')) as readonly unknown[]
  return role
}

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'the container sees this machine’s HAProxy, on Linux only'
  return existsSync(haproxy) ? false : 'haproxy is not installed: apt-get install haproxy'
}

async function settled(
  t: TestContext,
): Promise<{ world: World; daemon: ReturnType<World['startDaemon']>; balancer: Balancer }> {
  const world = testWorld(t, 'haproxy')
  world.declare({ replicas: 2 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const { stdout, stderr } = await world.flotilla('haproxy', world.name, '--socket', socket)
  assert.equal(stderr, '')
  const balancer = await startBalancer(world, stdout)
  await until('HAProxy to know who is who', 60_000, async () => {
    await sendToNode(balancer.at('master'), world.password(), 'SET', 'ready', '1')
    assert.equal(await roleAt(world, balancer, 'replicas'), 'slave')
    return true
  })
  return { world, daemon, balancer }
}

test(
  'applications on the host reach the master on one port and the replicas on another, across a failover',
  { skip: whyNot() },
  async t => {
    const { world, balancer } = await settled(t)
    const password = world.password()
    await sendToNode(balancer.at('master'), password, 'SET', 'fruit', 'apple')
    const old = await world.container('master')
    await killContainer(old.id)
    await until('a write through the port', 60_000, () =>
      sendToNode(balancer.at('master'), password, 'SET', 'fruit', 'pear'),
    )
    await assertWhole(world, { replicas: 2 })
    // Not sooner: until the dead one's container is renamed the new master has the interim name.
    assert.notEqual((await world.container('master')).ordinal, old.ordinal)
    await until('the new value on the other port', 60_000, async () => {
      assert.equal(await roleAt(world, balancer, 'replicas'), 'slave')
      assert.equal(await sendToNode(balancer.at('replicas'), password, 'GET', 'fruit'), 'pear')
      return true
    })
  },
)

test(
  'while the daemon is away connections last, and new ones reach the master by its name',
  { skip: whyNot() },
  async t => {
    const { world, daemon, balancer } = await settled(t)
    const password = world.password()
    const kept = connectTo(balancer.at('master'), password)
    t.after(() => kept.close())
    assert.equal(await sendOver(kept, 'SET', 'count', '1'), 'OK')
    daemon.signal('SIGKILL')
    await daemon.ended()
    // Longer than several checks take to notice.
    const endMs = performance.now() + 4_000
    while (performance.now() < endMs) {
      assert.equal(await roleAt(world, balancer, 'master'), 'master')
      await sendOver(kept, 'INCR', 'count')
    }
    const next = world.startDaemon()
    await next.waitFor('http.listening')
    await until('the replicas to be told apart again', 60_000, async () => {
      assert.equal(await roleAt(world, balancer, 'replicas'), 'slave')
      return true
    })
    assert.ok(Number(await sendOver(kept, 'INCR', 'count')) > 2)
  },
)

test(
  'what it prints is a configuration that HAProxy takes, for every node that there is',
  { skip: whyNot() },
  async t => {
    const world = testWorld(t, 'haproxy-text')
    world.declare({ replicas: 3 })
    const { stdout } = await world.flotilla('haproxy', world.name, '--lag', '1mb', '--master-port', '7000')
    const file = join(world.folder, 'haproxy.cfg')
    writeFileSync(file, stdout)
    const { status, stderr } = spawnSync(haproxy, ['-c', '-f', file], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    for (const ordinal of [0, 1, 2, 3])
      assert.match(stdout, new RegExp(`server ${world.name}-${ordinal} ${world.name}-${ordinal}:6379 check`))
    assert.match(stdout, /replica\?lag=1mb/)
    assert.match(stdout, /bind :7000/)
  },
)
