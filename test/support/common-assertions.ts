import assert from 'node:assert/strict'
import { showHistory } from '../../src/cli/history.js'
import type { HistoryEntry } from '../../src/model/record.js'
import type { FlotillaStatus } from '../../src/model/status.js'
import { ask } from '../http/support/serve.js'
import { collectOutput } from './cli.js'
import type { NodeContainer } from './containers.js'
import type { Daemon } from './daemon.js'
import { replicationInfo } from './redis-node.js'
import { until } from './until.js'
import type { World } from './world.js'

/**
 * What must hold of a settled flotilla whatever happened to it. Waits, as a link takes a moment to come up.
 */
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
    const told = await statusOfDaemon(world)
    if (told !== null) assert.equal(told.phase, 'Ready', told.reason)
    // The daemon tells what it saw last. The verb looks by itself, also into the manifest.
    const now = await world.status()
    assert.equal(now.phase, 'Ready', now.reason)
    return now
  })
  assert.equal(status.master, `${world.name}-master`)
  const master = await world.container('master')
  assert.equal(status.nodes.find(node => node.role === 'master')?.ordinal, master.ordinal)
}

/** What its daemon says over HTTP, which costs no process of its own; null while none answers. */
async function statusOfDaemon({ name, httpSocket }: World): Promise<FlotillaStatus | null> {
  try {
    const { status, body } = await ask({ kind: 'unix', path: httpSocket }, `/api/v1/flotillas/${name}`)
    return status === 200 ? (JSON.parse(body) as FlotillaStatus) : null
  } catch {
    return null
  }
}

/**
 * Exactly one node says role:master and holds the master's name; every replica's link is up, to it, by name;
 * it sees all of them online.
 */
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

/**
 * The log since `since` has exactly one change of masters, of this kind and with these nodes where they are
 * given, and says why; `history` says the same.
 * @returns the reason.
 */
export async function assertOneChange(
  { world, daemon, since }: { readonly world: World; readonly daemon: Daemon; readonly since: number },
  expected: { readonly kind: string; readonly from?: number; readonly to?: number },
): Promise<string> {
  const changes = daemon
    .lines('master.promoted', since)
    .filter(line => line.flotilla === undefined || line.flotilla === world.name)
  assert.deepEqual(
    changes.map(line => line['kind']),
    [expected.kind],
    JSON.stringify(changes),
  )
  const reason = changes[0]?.['reason']
  assert.ok(typeof reason === 'string' && reason !== '')
  if (expected.to !== undefined) assert.equal(changes[0]?.['node'], expected.to)
  const entries = await historyOf(world)
  const entry = entries.at(-1)
  assert.equal(entry?.kind, expected.kind)
  assert.equal(entry?.result, 'done')
  assert.notEqual(entry?.reason, '')
  if (expected.from !== undefined) assert.equal(entry?.from, expected.from)
  return reason
}

export async function historyOf(world: World): Promise<readonly HistoryEntry[]> {
  const { output, text } = collectOutput()
  const paths = { manifests: world.manifests, state: world.state, reach: 'auto' } as const
  await showHistory({ paths, name: world.name, format: 'json' }, output)
  return (JSON.parse(text()) as { readonly history: readonly HistoryEntry[] }).history
}
