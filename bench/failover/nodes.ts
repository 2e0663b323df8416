import { masterName } from '../../src/model/names.js'
import { until } from '../../test/support/until.js'
import type { RawEngine } from '../support/raw-engine.js'
import { wireWhenListening } from '../support/wire.js'

/** A node's container: ours, the floor's or the peer's. */
export interface BenchNode {
  readonly id: string
  readonly name: string
  /** Its node alias, which never changes. */
  readonly alias: string
  readonly host: string
  readonly pid: number
  readonly running: boolean
}

/** Every container whose name is a role in this flotilla. */
export async function nodesOf(engine: RawEngine, flotilla: string): Promise<readonly BenchNode[]> {
  const filters = encodeURIComponent(JSON.stringify({ name: [`^/${flotilla}-(master|replica-[0-9]+)$`] }))
  const listed = (await engine.call('GET', `/containers/json?all=1&filters=${filters}`)) as { Id: string }[]
  return Promise.all(listed.map(({ Id }) => nodeOf(engine, Id, flotilla)))
}

async function nodeOf(engine: RawEngine, id: string, network: string): Promise<BenchNode> {
  const { Name, Config, State, NetworkSettings } = (await engine.call(
    'GET',
    `/containers/${id}/json`,
  )) as Inspected
  return {
    id,
    name: Name.slice(1),
    alias: Config.Hostname,
    host: NetworkSettings.Networks[network]?.IPAddress ?? '',
    pid: State.Pid,
    running: State.Running,
  }
}

interface Inspected {
  readonly Name: string
  readonly Config: { readonly Hostname: string }
  readonly State: { readonly Pid: number; readonly Running: boolean }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}

/**
 * Resolves with the master when it has its name and says that all its replicas are online, within a minute.
 */
export async function waitUntilSettled(
  engine: RawEngine,
  wanted: { readonly flotilla: string; readonly replicas: number; readonly password: string | null },
): Promise<BenchNode> {
  const { flotilla, replicas, password } = wanted
  return until(`${flotilla} to be whole`, 60_000, async () => {
    const nodes = await nodesOf(engine, flotilla)
    const master = nodes.find(node => node.name === masterName(flotilla))
    if (master === undefined || nodes.length !== replicas + 1 || nodes.some(node => !node.running))
      return null
    const info = await askAt(master, password, 'INFO', 'replication')
    const online = (info.match(/state=online/g) ?? []).length
    return info.includes('role:master') && online === replicas && master
  })
}

/** One command over a connection of its own. */
export async function askAt(
  { host, port = 6379 }: { readonly host: string; readonly port?: number },
  password: string | null,
  ...command: readonly string[]
): Promise<string> {
  const wire = await wireWhenListening({ host, port }, password)
  try {
    return await wire.ask(...command)
  } finally {
    wire.close()
  }
}
