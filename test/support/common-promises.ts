import assert from 'node:assert/strict'
import type { NodeContainer } from './containers.js'
import type { Daemon } from './daemon.js'
import { replicationInfo } from './redis-node.js'
import { until } from './until.js'
import type { World } from './world.js'

/** What must hold of a settled flotilla whatever happened to it. Waits, as a link takes a moment to come up. */
export async function assertWhole(
  world: World,
  { replicas, withinMs = 30_000 }: { readonly replicas: number; readonly withinMs?: number },
): Promise<void> {
  await until(`${world.name} to be whole`, withinMs, async () => {
    await assertOneMasterWithLinksUp(world, replicas)
    return true
  })
  // Whoever is in the middle of a pass says so; that is over in a moment.
  const status = await until(`status to call ${world.name} Ready`, withinMs, async () => {
    const now = await world.status()
    assert.equal(now.phase, 'Ready', now.reason)
    return now
  })
  assert.equal(status.master, `${world.name}-master`)
  const master = await world.container('master')
  assert.equal(status.nodes.find(node => node.role === 'master')?.ordinal, master.ordinal)
}

/** Exactly one node says role:master and holds the master's name; every replica's link is up, to it, by name; it sees all of them online. */
async function assertOneMasterWithLinksUp(world: World, replicas: number): Promise<void> {
  const { name } = world
  const nodes = await world.containers()
  assert.equal(nodes.length, replicas + 1, nodes.map(node => node.name).join(', '))
  const infos = await Promise.all(
    nodes.map(async node => ({ node, info: await replicationInfo(node, world.password()) })),
  )
  const masters = infos.filter(({ info }) => info['role'] === 'master')
  assert.deepEqual(
    masters.map(({ node }) => node.name),
    [`${name}-master`],
  )
  const [master] = masters
  assert.equal(master?.info['connected_slaves'], String(replicas))
  const names = [`${name}-master`, 'master', `${name}-${master?.node.ordinal}`]
  for (const { node, info } of infos.filter(one => one !== master)) {
    assert.equal(node.name, `${name}-replica-${node.ordinal}`)
    assert.equal(info['master_link_status'], 'up', `${node.name}: link`)
    assert.ok(names.includes(info['master_host'] ?? ''), `${node.name} follows ${info['master_host']}`)
    const row = Object.entries(master?.info ?? {}).find(
      ([key, value]) => /^slave\d+$/.test(key) && value.startsWith(`ip=${name}-${node.ordinal},`),
    )
    assert.match(row?.[1] ?? `no row of ${name}-${node.ordinal}`, /state=online/)
  }
}

/** No container but those of these ordinals was restarted, recreated or removed. */
export async function assertUntouched(
  world: World,
  before: readonly NodeContainer[],
  affected: readonly number[] = [],
): Promise<void> {
  const marks = (nodes: readonly NodeContainer[]): readonly string[] =>
    nodes
      .filter(node => !affected.includes(node.ordinal))
      .map(node => `node ${node.ordinal}: ${node.id.slice(0, 12)} since ${node.startedAt}`)
  const after = (await world.containers()).filter(node => before.some(one => one.ordinal === node.ordinal))
  assert.deepEqual(marks(after), marks(before))
}

/**
 * The log since `since` has exactly one decision that does `action`, and says why.
 * @returns the reason.
 */
export function assertOneDecision(daemon: Daemon, since: number, action: string): string {
  const decisions = daemon
    .lines('plan.started', since)
    .flatMap(line => (line['plan'] as readonly string[]).filter(step => step.startsWith(`${action}: `)))
  assert.equal(decisions.length, 1, `decisions to ${action}: ${JSON.stringify(decisions)}`)
  const reason = decisions[0]?.slice(action.length + 2) ?? ''
  assert.notEqual(reason, '')
  return reason
}
