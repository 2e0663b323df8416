import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { call, containerNamed, type NodeContainer } from './containers.js'
import type { Daemon } from './daemon.js'
import { testEngine } from './engine.js'
import { freePort } from './free-port.js'
import { sendToNode } from './redis-node.js'
import { until } from './until.js'
import { testWorld, type ManifestSpec, type World } from './world.js'

export interface Served {
  readonly world: World
  readonly daemon: Daemon
  /** Of this host: clients of the master, and readers. */
  readonly ports: { readonly master: number; readonly replicas: number }
  readonly spec: ManifestSpec
}

/** A flotilla, of three unless told otherwise, whose gateway leads to its master. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  stem: string,
  { world = testWorld(t, stem), replicas = 2 }: { readonly world?: World; readonly replicas?: number } = {},
): Promise<Served> {
  const ports = { master: await freePort(), replicas: await freePort() }
  const spec: ManifestSpec = {
    replicas,
    gateway: `{ image: '${testEngine().gatewayImage}', master: 127.0.0.1:${ports.master}, replicas: 127.0.0.1:${ports.replicas} }`,
  }
  world.declare(spec)
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 180_000 })
  const served = { world, daemon, ports, spec }
  await assertLeads(served)
  return served
}

/** Both ports lead where they should, and status says so. */
export async function assertLeads(served: Served): Promise<void> {
  const { world } = served
  await until('the port leads to the master', 60_000, async () => {
    const master = await world.container('master')
    assert.equal(await ordinalBehind(served), master.ordinal)
    const { conditions } = await world.status()
    const ready = conditions.find(({ type }) => type === 'GatewayReady')
    assert.equal(ready?.status, 'True', ready?.message)
    return true
  })
}

/** Which node answers at the master's port, and says that it is master. */
export async function ordinalBehind({ world, ports }: Served): Promise<number> {
  const at = { ...(await world.container('master')), address: { host: '127.0.0.1', port: ports.master } }
  const login = { password: world.password(), trust: world.trust() }
  const [role] = (await sendToNode(at, login, 'ROLE')) as readonly unknown[]
  assert.equal(role, 'master')
  const info = String(await sendToNode(at, login, 'INFO', 'server'))
  const runId = /run_id:(\w+)/.exec(info)?.[1]
  for (const node of await world.containers()) {
    const own = String(await sendToNode(node, login, 'INFO', 'server'))
    if (own.includes(`run_id:${runId}`)) return node.ordinal
  }
  return assert.fail('no node of it answers at the port')
}

export async function gatewayOf(world: World): Promise<NodeContainer> {
  return (await containerNamed(`${world.name}-gateway`)) ?? assert.fail('there is no gateway')
}

/** As a crash would be: by the system. */
export async function killProcess({ id }: NodeContainer): Promise<void> {
  const { State } = (await call('GET', `/containers/${id}/json`)) as {
    readonly State: { readonly Pid: number }
  }
  process.kill(State.Pid, 'SIGKILL')
}
