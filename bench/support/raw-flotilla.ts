import { defaultPersistence } from '../../src/manifest/sections/persistence.js'
import { emptyConfig } from '../../src/reconciler/desired/accepted-config.js'
import { desiredContainer, nodeFiles, type NodeTemplate } from '../../src/reconciler/desired/desired-node.js'
import { serverUser } from '../../src/reconciler/desired/server-image.js'
import { masterName, newVolumeName, nodeAlias, replicaName } from '../../src/model/names.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { newKeyring } from '../../src/reconciler/auth/keyring.js'
import { nodeAuth } from '../../src/reconciler/auth/node-auth.js'
import { Secret } from '../../src/secret.js'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { pack } from 'tar-stream'
import type { RawEngine } from './raw-engine.js'
import { addressOf } from './node-poller.js'
import { wireWhenListening, type Wire } from './wire.js'
import type { ContainerFile, ContainerSpec } from '../../src/model/engine.js'

/**
 * The floor: the calls that any program has to make for a flotilla, made by one that knows them all
 * beforehand, looks at nothing, writes nothing down and could recover from nothing.
 */
export interface RawPlan {
  readonly flotilla: string
  readonly password: string
  readonly nodes: readonly RawNode[]
}

export interface RawNode {
  readonly alias: string
  readonly volume: string
  readonly name: string
  readonly body: object
  readonly archive: Buffer
}

/** Which order is fastest depends on the engine: `npm run bench -- floor` tries some. */
export interface StartOrder {
  /** Starts at the same time. */
  readonly concurrency: number
  /**
   * `staged`: every container is made before the first is started; `streamed`: each is started when it is
   * made.
   */
  readonly order: 'staged' | 'streamed'
}

/** On everything that the floor makes, so that it is found again, and no daemon takes it for its own. */
const rawLabel = 'bench.flotilla'

/** Everything that can be prepared, prepared: not part of what is measured. */
export async function planBaseline(wanted: {
  readonly flotilla: string
  readonly manifest: string
  readonly password: string
  readonly imageUser: string
}): Promise<RawPlan> {
  const { flotilla, manifest, password } = wanted
  const spec = parseManifest(manifest, { file: '/floor.yaml' }).declared[0]?.spec
  if (spec === undefined) throw new Error(`the bench's own manifest is not valid:\n${manifest}`)
  const template: NodeTemplate = { spec, config: emptyConfig, publish: false, flotillaVersion: 'bench' }
  const secret = new Secret(password)
  const auth = nodeAuth(
    newKeyring({ secret, origin: 'given' }, () => secret),
    spec,
  )
  const owner = serverUser({ user: wanted.imageUser }, null)
  const nodes = Array.from({ length: spec.replicas + 1 }, async (_, ordinal) => {
    const name = ordinal === 0 ? masterName(flotilla) : replicaName(flotilla, ordinal)
    const volume = newVolumeName(spec, ordinal)
    return {
      alias: nodeAlias(flotilla, ordinal),
      volume,
      name,
      body: bodyOf(desiredContainer(template, ordinal, { name, volume }), flotilla),
      archive: await archiveOf(
        nodeFiles(template, ordinal, { auth, bundle: null, persistence: defaultPersistence('aof') }, owner),
      ),
    }
  })
  return { flotilla, password, nodes: await Promise.all(nodes) }
}

/**
 * Makes and starts everything and gives each node its one order. Resolves when the last order is answered.
 */
export async function startBaseline(
  engine: RawEngine,
  plan: RawPlan,
  { concurrency, order }: StartOrder,
): Promise<void> {
  const { flotilla, nodes } = plan
  const labels = { [rawLabel]: flotilla }
  await Promise.all([
    engine.call('POST', '/networks/create', {
      Name: flotilla,
      Driver: 'bridge',
      CheckDuplicate: true,
      Labels: labels,
    }),
    ...nodes.map(({ volume }) =>
      engine.call('POST', '/volumes/create', { Name: volume, Driver: 'local', Labels: labels }),
    ),
  ])
  const create = async (node: RawNode): Promise<string> => {
    const made = await engine.call('POST', `/containers/create?name=${node.name}`, node.body)
    const { Id } = made as { Id: string }
    await engine.call('PUT', `/containers/${Id}/archive?path=/&noOverwriteDirNonDir=1`, node.archive)
    return Id
  }
  const joined: Promise<void>[] = []
  const master = deferred()
  const start = async (id: string, ordinal: number): Promise<void> => {
    await engine.call('POST', `/containers/${id}/start`)
    joined.push(
      ordinal === 0
        ? promote(engine, plan, id).then(master.resolve)
        : join(engine, plan, id, { alias: nodeAlias(flotilla, 0), ready: master.promise }),
    )
  }
  if (order === 'staged') {
    const ids = await pooled(nodes, concurrency, create)
    await pooled(ids, concurrency, start)
  } else await pooled(nodes, concurrency, async (node, ordinal) => start(await create(node), ordinal))
  await Promise.all(joined)
}

async function promote(engine: RawEngine, plan: RawPlan, containerId: string): Promise<void> {
  await sendReplicaOf(engine, plan, containerId, wire => wire.ask('REPLICAOF', 'NO', 'ONE'))
}

/** A replica that asks before the master is one waits a second for its next try, so it is told only then. */
async function join(
  engine: RawEngine,
  plan: RawPlan,
  containerId: string,
  master: { readonly alias: string; readonly ready: Promise<void> },
): Promise<void> {
  await sendReplicaOf(engine, plan, containerId, async wire => {
    await master.ready
    return wire.ask('REPLICAOF', master.alias, '6379')
  })
}

async function sendReplicaOf(
  engine: RawEngine,
  plan: RawPlan,
  containerId: string,
  give: (wire: Wire) => Promise<string>,
): Promise<void> {
  const host = await addressOf(engine, containerId, plan.flotilla)
  const wire = await wireWhenListening({ host }, plan.password)
  for (;;) {
    try {
      await give(wire)
      return wire.close()
    } catch (error) {
      // It reads its append-only file: some milliseconds.
      if (!String(error).includes('LOADING')) throw error
      await sleepFor(2)
    }
  }
}

/**
 * Starts a container that has ended and has it follow the master (node 0 unless told otherwise): the floor of
 * a replica's return.
 */
export async function restartBaseline(
  engine: RawEngine,
  plan: RawPlan,
  containerId: string,
  masterAlias: string = nodeAlias(plan.flotilla, 0),
): Promise<void> {
  await engine.call('POST', `/containers/${containerId}/start`)
  await join(engine, plan, containerId, { alias: masterAlias, ready: Promise.resolve() })
}

/** Removes every container, network and volume of a flotilla, ours or the floor's. */
export async function removeBaseline(engine: RawEngine, flotilla: string): Promise<void> {
  for (const label of [rawLabel, 'io.flotilla.flotilla']) {
    const filters = encodeURIComponent(JSON.stringify({ label: [`${label}=${flotilla}`] }))
    const containers = (await engine.call('GET', `/containers/json?all=1&filters=${filters}`)) as {
      Id: string
    }[]
    await pooled(containers, 8, ({ Id }) =>
      engine.call('DELETE', `/containers/${Id}?force=1&v=1`, undefined, [404, 409]),
    )
    const networks = (await engine.call('GET', `/networks?filters=${filters}`)) as { Id: string }[]
    for (const { Id } of networks) await engine.call('DELETE', `/networks/${Id}`)
    const volumes = (await engine.call('GET', `/volumes?filters=${filters}`)) as {
      Volumes: { Name: string }[] | null
    }
    for (const { Name } of volumes.Volumes ?? []) await engine.call('DELETE', `/volumes/${Name}?force=1`)
  }
}

/** The same container that Flotilla makes, but for the labels. */
function bodyOf(spec: ContainerSpec, flotilla: string): object {
  const { network, links, aliases } = spec.attachment
  return {
    Image: spec.image,
    Cmd: spec.command,
    Labels: { [rawLabel]: flotilla, 'bench.node': spec.hostname, 'bench.hash': '0', 'bench.version': '0' },
    Hostname: spec.hostname,
    StopTimeout: spec.stopGraceSeconds,
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: 'no' },
      Mounts: spec.mounts.map(({ volume, path }) => ({ Type: 'volume', Source: volume, Target: path })),
      Ulimits: [{ Name: 'nofile', Soft: spec.openFilesMax, Hard: spec.openFilesMax }],
      DnsOptions: spec.dnsOptions,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { Links: links, Aliases: aliases } } },
  }
}

async function archiveOf(files: readonly ContainerFile[]): Promise<Buffer> {
  const archive = pack()
  for (const { path, content, mode, uid, gid } of files)
    archive.entry({ name: path.slice(1), mode, uid, gid, mtime: new Date(0) }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** All items through `work`, so many at a time, begun in their order. */
async function pooled<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const waiting = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next[0]] = await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
  return results
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>(done => (resolve = done))
  return { promise, resolve: () => resolve() }
}
