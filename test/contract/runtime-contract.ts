import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { errorCode, FlotillaError } from '../../src/errors.js'
import { flotillaLabel, nodeLabel } from '../../src/runtime/labels.js'
import type { LogQuery, Runtime, RuntimeEvent } from '../../src/runtime/runtime.js'
import { until } from '../support/until.js'
import type {
  ContainerFacts,
  ContainerFile,
  ContainerLimits,
  ContainerSpec,
  LogLine,
} from '../../src/model/engine.js'

/** What an adapter's test brings along: the port, and hands that act on its engine without the port. */
export interface RuntimeHarness {
  readonly runtime: Runtime
  /** An image that is on the engine and that has `redis-server` and a shell. */
  readonly image: string
  /** Starts every name that the suite makes. */
  readonly prefix: string
  readonly controls: {
    kill9(containerId: string): Promise<void>
    pause(containerId: string): Promise<void>
    forceRemove(containerId: string): Promise<void>
    disconnect(containerId: string, network: string): Promise<void>
    /** A container without our labels. */
    makeStranger(name: string): Promise<void>
    makeVolume(name: string): Promise<void>
    /** Ends a container that runs `exitsWith3OnRequest`. */
    requestExit(containerId: string): Promise<void>
    /** Readies a container with `unstartable` as its command to fail when it is started. */
    breakStart(containerId: string): Promise<void>
    /**
     * Has the engine keep a task of a container that has ended, as one does that was killed at the wrong
     * moment. Null where the engine is not ours to spoil.
     */
    readonly leaveUnusable: ((containerId: string) => Promise<void>) | null
    fileOf(containerId: string, path: string): Promise<ContainerFile>
    limitsOf(containerId: string): Promise<ContainerLimits>
    /** Whether what `serves` runs hears a SIGTERM: a container's first process has to be up to do so. */
    isUp(containerId: string): Promise<boolean>
    /** Has the container write a line to its output. */
    writeLog(containerId: string, line: string): Promise<void>
  }
  readonly commands: {
    readonly serves: readonly string[]
    readonly exitsWith3OnRequest: readonly string[]
    readonly unstartable: readonly string[]
    /** Prints `out` and `err` to stdout and stderr and exits with 3. */
    readonly printsAndExitsWith3: readonly string[]
  }
  /** Removes all that the suite made. */
  close(): Promise<void>
}

/** Every promise in the docstrings of the port, once; each adapter runs it. */
export function describeRuntimeContract(adapter: string, open: () => Promise<RuntimeHarness>): void {
  describe(`the runtime contract, kept by ${adapter}`, () => {
    let harness: RuntimeHarness
    let runtime: Runtime
    let network: string
    let serial = 0

    before(async () => {
      harness = await open()
      runtime = harness.runtime
      network = `${harness.prefix}-net`
      await runtime.createNetwork({ name: network, labels: labelsOf(0) })
    })
    after(() => harness.close())

    const labelsOf = (node: number) => ({ [flotillaLabel]: harness.prefix, [nodeLabel]: String(node) })

    function specOf(changes: Partial<ContainerSpec> = {}): ContainerSpec {
      const name = `${harness.prefix}-${++serial}`
      return {
        name,
        image: harness.image,
        command: harness.commands.serves,
        labels: labelsOf(serial),
        attachment: { network, links: [`${harness.prefix}-master:master`], aliases: [`${name}-alias`] },
        mounts: [],
        dnsOptions: ['ndots:1'],
        openFilesMax: 1024,
        stopGraceSeconds: 5,
        publishPort: null,
        hostname: `${name}-alias`,
        ...changes,
      }
    }

    async function makeRunning(changes?: Partial<ContainerSpec>): Promise<ContainerFacts> {
      return runtime.startContainer(await runtime.createContainer(specOf(changes), []))
    }

    async function listed(containerId: string): Promise<ContainerFacts | undefined> {
      return (await runtime.listContainers()).find(container => container.containerId === containerId)
    }

    const rejectsWith = (code: string, act: Promise<unknown>) =>
      assert.rejects(act, error => {
        assert.equal(errorCode(error), code, String(error))
        return true
      })

    async function linesOf(containerId: string, query: Omit<LogQuery, 'follow'>): Promise<LogLine[]> {
      const lines: LogLine[] = []
      const signal = AbortSignal.timeout(20_000)
      await runtime.streamLogs(containerId, { ...query, follow: false }, line => lines.push(line), signal)
      return lines
    }

    const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text)

    describe('looking', () => {
      test('the engine says who it is', async () => {
        const engine = await runtime.describeEngine()
        assert.match(engine.apiVersion, /^1\.\d+$/)
        assert.ok(engine.memoryBytes > 0 && engine.cpus > 0)
        assert.notEqual(engine.endpoint, '')
        assert.notEqual(engine.endpointSource, '')
      })

      test('asking whether anything can be changed changes nothing', async () => {
        const count = (await runtime.listContainers()).length
        assert.equal(await runtime.whyNotWritable(), null)
        assert.equal((await runtime.listContainers()).length, count)
      })

      test('what is not there is null', async () => {
        const name = `${harness.prefix}-nothing`
        assert.equal(await runtime.inspectContainer(name), null)
        assert.equal(await runtime.findNetwork(name), null)
        assert.equal(await runtime.findVolume(name), null)
        assert.equal(await runtime.findImage(`${name}:1`), null)
      })

      test('a network is found by its exact name only', async () => {
        assert.equal((await runtime.findNetwork(network))?.name, network)
        assert.equal(await runtime.findNetwork(network.slice(0, -1)), null)
        const networkId = (await runtime.findNetwork(network))?.networkId ?? ''
        assert.equal(await runtime.findNetwork(networkId.slice(0, 6)), null)
      })

      test('lists of networks and volumes hold ours and no strangers', async () => {
        const [ours, strange] = [`${harness.prefix}-ours`, `${harness.prefix}-strange`]
        await runtime.createVolume({ name: ours, labels: labelsOf(0) })
        await harness.controls.makeVolume(strange)
        const volumes = (await runtime.listVolumes()).map(volume => volume.name)
        assert.ok(volumes.includes(ours) && !volumes.includes(strange))
        assert.notEqual(await runtime.findVolume(strange), null)
        const networks = (await runtime.listNetworks()).map(({ name }) => name)
        assert.ok(networks.includes(network) && !networks.includes('bridge'))
      })

      test('an image that is here is described, and found by its id too', async () => {
        const image = await runtime.findImage(harness.image)
        assert.deepEqual(await runtime.findImage(image?.imageId ?? ''), image)
        assert.ok(image !== null && image.sizeBytes > 0 && image.imageId !== '')
      })

      test('a stranger is listed with its name, image and state', async () => {
        const name = `${harness.prefix}-stranger`
        await harness.controls.makeStranger(name)
        const stranger = (await runtime.listContainers()).find(container => container.name === name)
        assert.equal(stranger?.state, 'created')
        assert.equal(stranger.image, harness.image)
        assert.equal(stranger.labels[flotillaLabel], undefined)
      })
    })

    describe('a container’s life', () => {
      test('a created container is stopped, never ran, and has its labels, links, aliases and volumes', async () => {
        const volume = `${harness.prefix}-data`
        const spec = specOf({ mounts: [{ volume, path: '/data', labels: labelsOf(0) }] })
        await runtime.createVolume({ name: volume, labels: labelsOf(0) })
        const containerId = await runtime.createContainer(spec, [])
        const seen = await runtime.inspectContainer(spec.name)
        assert.ok(seen !== null)
        assert.equal(seen.containerId, containerId)
        assert.deepEqual(
          { state: seen.state, startedAtMs: seen.startedAtMs, exit: seen.exit, pid: seen.pid },
          { state: 'created', startedAtMs: null, exit: null, pid: null },
        )
        for (const [key, value] of Object.entries(spec.labels)) assert.equal(seen.labels[key], value)
        assert.equal(seen.image, harness.image)
        assert.deepEqual(seen.mounts, [{ volume, path: '/data' }])
        assert.deepEqual(
          seen.networks.map(({ network: name, address, links, aliases }) => ({
            name,
            address,
            links,
            aliases,
          })),
          [{ name: network, address: null, links: spec.attachment.links, aliases: spec.attachment.aliases }],
        )
      })

      test('starting returns fresh facts with the address, and starting again is success', async () => {
        const started = await makeRunning()
        assert.equal(started.state, 'running')
        assert.match(started.networks[0]?.address ?? '', /^\d+\.\d+\.\d+\.\d+$/)
        assert.ok(started.pid !== null && started.startedAtMs !== null && started.exit === null)
        const again = await runtime.startContainer(started.containerId)
        assert.deepEqual(again, started)
      })

      test('a container is found by name or id, never by the first characters of its id', async () => {
        const { containerId, name } = await makeRunning()
        assert.equal((await runtime.inspectContainer(name))?.containerId, containerId)
        assert.equal((await runtime.inspectContainer(containerId))?.containerId, containerId)
        assert.equal(await runtime.inspectContainer(containerId.slice(0, 8)), null)
      })

      test('a list shows the same facts as an inspect', async () => {
        const started = await makeRunning()
        assert.deepEqual(await listed(started.containerId), started)
        assert.deepEqual(await listed(started.containerId), await runtime.inspectContainer(started.name))
      })

      test('aliases and links are reported as asked for, without the short id', async () => {
        const started = await makeRunning()
        assert.deepEqual(started.networks[0]?.aliases, [`${started.name}-alias`])
        assert.deepEqual(started.networks[0]?.links, [`${harness.prefix}-master:master`])
      })

      test('stopping resolves when it is stopped, and stopping again is success', async () => {
        const { containerId } = await makeRunning()
        await until('the server to be up', 30_000, () => harness.controls.isUp(containerId))
        await runtime.stopContainer(containerId, { graceMs: 5_000 })
        const stopped = await runtime.inspectContainer(containerId)
        assert.equal(stopped?.state, 'exited')
        assert.equal(stopped.exit?.code, 0)
        assert.equal(stopped.networks[0]?.address, null)
        await runtime.stopContainer(containerId, { graceMs: 5_000 })
      })

      test('a kill resolves when it is not running, tells code 137, and killing again is success', async () => {
        const { containerId } = await makeRunning()
        await runtime.killContainer(containerId)
        const killed = await runtime.inspectContainer(containerId)
        assert.equal(killed?.state, 'exited')
        assert.equal(killed.pid, null)
        assert.deepEqual(
          { code: killed.exit?.code, oomKilled: killed.exit?.oomKilled, error: killed.exit?.error },
          { code: 137, oomKilled: false, error: null },
        )
        assert.ok((killed.exit?.atMs ?? 0) >= (killed.startedAtMs ?? Infinity))
        await runtime.killContainer(containerId)
      })

      test('a kill also ends a paused container', async () => {
        const { containerId } = await makeRunning()
        await harness.controls.pause(containerId)
        assert.equal((await listed(containerId))?.state, 'paused')
        await runtime.killContainer(containerId)
        assert.equal((await runtime.inspectContainer(containerId))?.state, 'exited')
      })

      test('unpausing lifts a freeze, and not being paused is success', async () => {
        const { containerId } = await makeRunning()
        await harness.controls.pause(containerId)
        await runtime.unpauseContainer(containerId)
        assert.equal((await listed(containerId))?.state, 'running')
        await runtime.unpauseContainer(containerId)
        await runtime.killContainer(containerId)
        await runtime.unpauseContainer(containerId)
      })

      test('a process that ends by itself leaves its exit code', async () => {
        const { containerId } = await makeRunning({ command: harness.commands.exitsWith3OnRequest })
        await harness.controls.requestExit(containerId)
        const ended = await untilNotRunning(containerId)
        assert.deepEqual([ended.exit?.code, ended.exit?.oomKilled, ended.exit?.error], [3, false, null])
      })

      test('a container that can’t be started says why in its facts', async () => {
        const spec = specOf({ command: harness.commands.unstartable })
        const containerId = await runtime.createContainer(spec, [])
        await harness.controls.breakStart(containerId)
        await rejectsWith('runtime/failed', runtime.startContainer(containerId))
        const seen = await listed(containerId)
        assert.equal(seen?.exit?.code, 127)
        assert.notEqual(seen.exit.error, null)
      })

      test('a container of which the engine keeps a run that has ended can’t be started, is told apart by its code, and can be removed', async t => {
        const { leaveUnusable } = harness.controls
        if (leaveUnusable === null) return t.skip('the engine is not ours to spoil')
        const { containerId } = await makeRunning()
        await leaveUnusable(containerId)
        await untilNotRunning(containerId)
        for (let tries = 0; tries < 2; tries++)
          await rejectsWith('runtime/container-unusable', runtime.startContainer(containerId))
        await runtime.removeContainer(containerId)
        assert.equal(await runtime.inspectContainer(containerId), null)
      })

      test('a restart by hand shows in the next list: new start, new process', async () => {
        const first = await makeRunning()
        assert.deepEqual(await listed(first.containerId), first)
        await harness.controls.kill9(first.containerId)
        await untilNotRunning(first.containerId)
        const second = await runtime.startContainer(first.containerId)
        const seen = await listed(first.containerId)
        assert.deepEqual(seen, second)
        assert.notEqual(seen?.pid, first.pid)
        assert.ok((seen?.startedAtMs ?? 0) >= (first.startedAtMs ?? 0))
      })

      test('a volume that is gone when its container is created is made with the labels of its mount, and one that is there keeps its own', async () => {
        const volume = `${harness.prefix}-gone`
        const make = (ordinal: number) =>
          runtime.createContainer(
            specOf({
              ...{ name: `${harness.prefix}-over-${ordinal}`, labels: labelsOf(ordinal) },
              mounts: [{ volume, path: '/data', labels: labelsOf(ordinal) }],
            }),
            [],
          )
        const first = await make(3)
        assert.deepEqual((await runtime.findVolume(volume))?.labels, labelsOf(3))
        const second = await make(4)
        assert.deepEqual((await runtime.findVolume(volume))?.labels, labelsOf(3))
        for (const container of [first, second]) await runtime.removeContainer(container)
        await runtime.removeVolume(volume)
      })

      test('removing ends a running container, leaves its volume, and removing again is success', async () => {
        const volume = `${harness.prefix}-kept`
        await runtime.createVolume({ name: volume, labels: labelsOf(0) })
        const { containerId } = await makeRunning({
          mounts: [{ volume, path: '/data', labels: labelsOf(0) }],
        })
        await runtime.removeContainer(containerId)
        assert.equal(await runtime.inspectContainer(containerId), null)
        assert.equal(await listed(containerId), undefined)
        assert.notEqual(await runtime.findVolume(volume), null)
        await runtime.removeContainer(containerId)
      })

      test('what is gone: stop, kill and remove are success, the rest is not-found', async () => {
        const gone = `${harness.prefix}-gone`
        await runtime.stopContainer(gone, { graceMs: 1_000 })
        await runtime.killContainer(gone)
        await runtime.removeContainer(gone)
        await rejectsWith('runtime/not-found', runtime.startContainer(gone))
        await rejectsWith('runtime/not-found', runtime.renameContainer(gone, `${gone}-2`))
        await rejectsWith('runtime/not-found', runtime.unpauseContainer(gone))
        await rejectsWith('runtime/not-found', runtime.readLogs(gone, { tailLines: 1 }))
        await rejectsWith(
          'runtime/not-found',
          runtime.attachNetwork(gone, { network, links: [], aliases: [] }),
        )
        await rejectsWith('runtime/not-found', runtime.putFiles(gone, [fileOf('/tmp/x')]))
      })

      test('a published port is one of the engine’s choice on loopback', async () => {
        const { publishedPorts } = await makeRunning({ publishPort: 6379 })
        assert.equal(publishedPorts.length, 1)
        assert.equal(publishedPorts[0]?.containerPort, 6379)
        assert.equal(publishedPorts[0].hostAddress, '127.0.0.1')
        assert.ok(publishedPorts[0].hostPort > 1024)
      })
    })

    describe('names', () => {
      test('a taken name is refused on create, and nothing is made', async () => {
        const spec = specOf()
        await runtime.createContainer(spec, [])
        const countBefore = (await runtime.listContainers()).filter(({ name }) =>
          name.startsWith(harness.prefix),
        ).length
        await rejectsWith('runtime/name-taken', runtime.createContainer(spec, []))
        const countAfter = (await runtime.listContainers()).filter(({ name }) =>
          name.startsWith(harness.prefix),
        ).length
        assert.equal(countAfter, countBefore)
      })

      test('a rename keeps the address, links and aliases, and shows in the next list', async () => {
        const started = await makeRunning()
        await listed(started.containerId)
        const name = `${started.name}-renamed`
        await runtime.renameContainer(started.containerId, name)
        assert.deepEqual(await listed(started.containerId), { ...started, name })
      })

      test('a rename to the name it has is success, to a taken one name-taken', async () => {
        const one = await makeRunning()
        const other = specOf()
        await runtime.createContainer(other, [])
        await runtime.renameContainer(one.containerId, one.name)
        await rejectsWith('runtime/name-taken', runtime.renameContainer(one.containerId, other.name))
        assert.equal((await runtime.inspectContainer(one.containerId))?.name, one.name)
      })

      test('two containers swap roles by three renames', async () => {
        const [one, two] = await Promise.all([makeRunning(), makeRunning()])
        await runtime.renameContainer(one.containerId, `${one.name}-old`)
        await runtime.renameContainer(two.containerId, one.name)
        await runtime.renameContainer(one.containerId, two.name)
        assert.equal((await runtime.inspectContainer(one.name))?.containerId, two.containerId)
        assert.equal((await runtime.inspectContainer(two.name))?.containerId, one.containerId)
      })

      test('an image that is not here is refused on create', async () => {
        const spec = specOf({ image: `${harness.prefix}-nothing:1` })
        await rejectsWith('runtime/image-unavailable', runtime.createContainer(spec, []))
        assert.equal(await runtime.inspectContainer(spec.name), null)
      })

      test('an image that no registry has is image-unavailable when pulled', () =>
        rejectsWith(
          'runtime/image-unavailable',
          runtime.pullImage(`${harness.prefix}-nothing:1`, { onProgress: () => {}, pullSecret: null }),
        ))
    })

    describe('files', () => {
      test('files arrive before the start with content, owner and mode', async () => {
        const files = [
          fileOf('/etc/flotilla/redis.conf'),
          { ...fileOf('/data/users.acl'), mode: 0o640, uid: 0, gid: 999 },
        ]
        const containerId = await runtime.createContainer(specOf(), files)
        await runtime.startContainer(containerId)
        for (const file of files)
          assert.deepEqual(await harness.controls.fileOf(containerId, file.path), file)
      })

      test('a container is limited when it is made, and otherwise while it runs, without a restart', async () => {
        const limits = { memoryBytes: 256 * 1_048_576, cpus: 0.5 }
        const made = await makeRunning({ limits })
        assert.deepEqual(await harness.controls.limitsOf(made.containerId), limits)
        const more = { memoryBytes: 512 * 1_048_576, cpus: 1 }
        await runtime.limitContainer(made.containerId, more)
        assert.deepEqual(await harness.controls.limitsOf(made.containerId), more)
        await runtime.limitContainer(made.containerId, limits)
        assert.deepEqual(await harness.controls.limitsOf(made.containerId), limits)
        const facts = await runtime.inspectContainer(made.containerId)
        assert.equal(facts?.startedAtMs, made.startedAtMs)
        const unlimited = await makeRunning()
        await runtime.limitContainer(unlimited.containerId, limits)
        assert.deepEqual(await harness.controls.limitsOf(unlimited.containerId), limits)
        await rejectsWith('runtime/not-found', runtime.limitContainer(`${harness.prefix}-gone`, limits))
      })

      test('files of a running container are replaced', async () => {
        const { containerId } = await makeRunning()
        const file = fileOf('/etc/flotilla/users.acl')
        await runtime.putFiles(containerId, [file])
        await runtime.putFiles(containerId, [{ ...file, content: 'new\n' }])
        assert.deepEqual(await harness.controls.fileOf(containerId, file.path), { ...file, content: 'new\n' })
      })
    })

    describe('paths', () => {
      const owned = { mode: 0o640, uid: 999, gid: 998, modifiedAtMs: 1_700_000_000_000 }

      test('what lies in a container that never ran is found and read; what does not, and what is in none, is null', async () => {
        const file = { ...fileOf('/data/notes'), content: 'one\ntwo\n' }
        const containerId = await runtime.createContainer(specOf(), [file])
        const found = await runtime.findPath(containerId, '/data/notes')
        assert.deepEqual([found?.kind, found?.mode, found?.sizeBytes], ['file', file.mode, 8])
        assert.equal((await runtime.findPath(containerId, '/data'))?.kind, 'folder')
        assert.equal(await runtime.readFile(containerId, '/data/notes'), file.content)
        assert.equal(await runtime.readFile(containerId, '/data'), null)
        assert.equal(await runtime.findOwner(containerId, '/data/notes'), file.uid)
        for (const [id, path] of [
          [containerId, '/data/nothing'],
          [`${harness.prefix}-gone`, '/data'],
        ] as const) {
          assert.equal(await runtime.findPath(id, path), null)
          assert.equal(await runtime.findOwner(id, path), null)
          assert.equal(await runtime.readFile(id, path), null)
        }
      })

      test('a file is kept under another name when its folder is emptied, and both have the owner that is asked for', async () => {
        const file = { ...fileOf('/data/kept/inner'), content: 'kept\n' }
        const containerId = await runtime.createContainer(specOf(), [file])
        await runtime.makePaths(containerId, [
          { kind: 'folder', path: '/data/aside', ...owned, mode: 0o755 },
          { kind: 'hard-link', path: '/data/aside/inner', target: '/data/kept/inner', ...owned },
          { kind: 'file', path: '/data/kept', content: '', ...owned },
          { kind: 'folder', path: '/data/kept', ...owned, mode: 0o750 },
          { kind: 'file', path: '/data/bytes', content: Uint8Array.from([0x61, 0xff]), ...owned },
        ])
        assert.equal(await runtime.findPath(containerId, '/data/kept/inner'), null)
        assert.equal((await runtime.findPath(containerId, '/data/kept'))?.mode, 0o750)
        const { modifiedAtMs, kind } = (await runtime.findPath(containerId, '/data/aside')) ?? {}
        assert.deepEqual([kind, modifiedAtMs], ['folder', owned.modifiedAtMs])
        await runtime.startContainer(containerId)
        const kept = await harness.controls.fileOf(containerId, '/data/aside/inner')
        assert.deepEqual(kept, { path: kept.path, content: 'kept\n', mode: 0o640, uid: 999, gid: 998 })
      })

      test('a file of any size is written as its bytes come, with its owner', async () => {
        const containerId = await runtime.createContainer(specOf(), [])
        await runtime.makePaths(containerId, [{ kind: 'folder', path: '/data/in', ...owned, mode: 0o750 }])
        const piece = Buffer.alloc(99_999, 'x')
        const file = { path: '/data/in/file', ...owned, mode: 0o640, sizeBytes: 3 * piece.length }
        async function* pieces(count: number): AsyncGenerator<Uint8Array> {
          for (let sent = 0; sent < count; sent++) {
            await Promise.resolve()
            yield piece
          }
        }
        await runtime.putStream(containerId, { ...file, bytes: pieces(3) })
        const facts = await runtime.findPath(containerId, file.path)
        assert.deepEqual([facts?.sizeBytes, facts?.mode], [file.sizeBytes, 0o640])
        assert.equal(await runtime.findOwner(containerId, file.path), 999)
        for (const count of [2, 4])
          await rejectsWith(
            'runtime/failed',
            runtime.putStream(containerId, { ...file, bytes: pieces(count) }),
          )
      })

      test('what the bytes of a file fail with is what writing it fails with', async () => {
        const containerId = await runtime.createContainer(specOf(), [])
        const file = { path: '/data/file', ...owned, mode: 0o640, sizeBytes: 10 }
        async function* cut(): AsyncGenerator<Uint8Array> {
          yield await Promise.resolve(Buffer.from('half'))
          throw new FlotillaError('redis/unreachable', 'cut')
        }
        await rejectsWith('redis/unreachable', runtime.putStream(containerId, { ...file, bytes: cut() }))
      })

      test('a link to a file that is not there fails', async () => {
        const containerId = await runtime.createContainer(specOf(), [])
        const link = { kind: 'hard-link', path: '/data/x', target: '/data/nothing', ...owned } as const
        await rejectsWith('runtime/failed', runtime.makePaths(containerId, [link]))
      })

      test('as whom a container’s first process runs is told while it runs', async () => {
        const { containerId } = await makeRunning()
        assert.equal(await runtime.findProcessUser(containerId), 999)
        await runtime.killContainer(containerId)
        assert.equal(await runtime.findProcessUser(containerId), null)
        assert.equal(await runtime.findProcessUser(`${harness.prefix}-gone`), null)
      })
    })

    describe('networks and volumes', () => {
      test('a network’s name can be had once', () =>
        rejectsWith('runtime/name-taken', runtime.createNetwork({ name: network, labels: labelsOf(0) })))

      test('a network is made with the subnet that is asked for, which nobody else gets then', async () => {
        const name = `${harness.prefix}-subnet`
        const subnet = '10.213.77.0/24'
        await runtime.createNetwork({ name, subnet, labels: labelsOf(0) })
        assert.deepEqual((await runtime.findNetwork(name))?.subnets, [subnet])
        const again = runtime.createNetwork({ name: `${name}-again`, subnet, labels: labelsOf(0) })
        await rejectsWith('runtime/network-pool-exhausted', again)
        assert.equal(await runtime.findNetwork(`${name}-again`), null)
      })

      test('every network of the engine is told of, those of others too', async () => {
        const name = `${harness.prefix}-others`
        await runtime.createNetwork({ name, labels: { 'contract.test': harness.prefix } })
        const all = (await runtime.listAllNetworks()).map(one => one.name)
        assert.deepEqual([all.includes(name), all.includes(network)], [true, true])
        const ours = (await runtime.listNetworks()).map(one => one.name)
        assert.deepEqual([ours.includes(name), ours.includes(network)], [false, true])
        await runtime.removeNetwork(name)
      })

      test('two who create one network at the same time never make two', async () => {
        const name = `${harness.prefix}-race`
        const tries = Array.from({ length: 4 }, () => runtime.createNetwork({ name, labels: labelsOf(0) }))
        for (const result of await Promise.allSettled(tries))
          if (result.status === 'rejected') assert.equal(errorCode(result.reason), 'runtime/name-taken')
        const made = (await runtime.listNetworks()).filter(one => one.name === name)
        assert.ok(made.length <= 1, `${made.length} networks`)
      })

      test('a network in use is a conflict that names the user; unused it goes; gone is success', async () => {
        const name = `${harness.prefix}-net2`
        await runtime.createNetwork({ name, labels: labelsOf(0) })
        const user = await makeRunning({ attachment: { network: name, links: [], aliases: [] } })
        await assert.rejects(runtime.removeNetwork(name), (error: Error) => {
          assert.equal(errorCode(error), 'runtime/conflict')
          assert.match(error.message, new RegExp(user.name))
          return true
        })
        await runtime.removeContainer(user.containerId)
        await runtime.removeNetwork(name)
        await runtime.removeNetwork(name)
        assert.equal(await runtime.findNetwork(name), null)
      })

      test('a container that was disconnected shows it, and attaching repairs links and aliases', async () => {
        const started = await makeRunning()
        await listed(started.containerId)
        await harness.controls.disconnect(started.containerId, network)
        assert.deepEqual((await listed(started.containerId))?.networks, [])
        const attachment = { network, links: ['x:master'], aliases: [`${started.name}-alias`] }
        await runtime.attachNetwork(started.containerId, attachment)
        const endpoint = (await listed(started.containerId))?.networks[0]
        assert.deepEqual(endpoint?.links, ['x:master'])
        assert.deepEqual(endpoint.aliases, [`${started.name}-alias`])
        assert.notEqual(endpoint.address, null)
      })

      test('attaching an attached container replaces its stale links', async () => {
        const started = await makeRunning()
        const attachment = { network, links: ['y:master'], aliases: [`${started.name}-alias`] }
        await runtime.attachNetwork(started.containerId, attachment)
        assert.deepEqual((await listed(started.containerId))?.networks[0]?.links, ['y:master'])
      })

      test('detaching leaves the network, and doing it again is a success', async () => {
        const started = await makeRunning()
        await runtime.detachNetwork(started.containerId, network)
        await runtime.detachNetwork(started.containerId, network)
        assert.deepEqual((await listed(started.containerId))?.networks, [])
        await runtime.detachNetwork('0'.repeat(64), network)
      })

      test('attaching works on a stopped container and holds after its start', async () => {
        const spec = specOf()
        const containerId = await runtime.createContainer(spec, [])
        await runtime.attachNetwork(containerId, {
          network,
          links: ['z:master'],
          aliases: spec.attachment.aliases,
        })
        assert.deepEqual((await listed(containerId))?.networks[0]?.links, ['z:master'])
        const started = await runtime.startContainer(containerId)
        assert.deepEqual(started.networks[0]?.links, ['z:master'])
        assert.deepEqual(started.networks[0].aliases, spec.attachment.aliases)
      })

      test('a volume of ours can be created twice, one of a stranger is name-taken', async () => {
        const [name, strange] = [`${harness.prefix}-twice`, `${harness.prefix}-foreign`]
        await runtime.createVolume({ name, labels: labelsOf(0) })
        await runtime.createVolume({ name, labels: labelsOf(0) })
        await harness.controls.makeVolume(strange)
        await rejectsWith('runtime/name-taken', runtime.createVolume({ name: strange, labels: labelsOf(0) }))
      })

      test('a volume tells its driver and what that was told, found and listed', async () => {
        const name = `${harness.prefix}-placed`
        const options = { type: 'tmpfs', device: 'tmpfs' }
        await runtime.createVolume({ name, labels: labelsOf(0), options })
        const found = [
          await runtime.findVolume(name),
          (await runtime.listVolumes()).find(volume => volume.name === name),
        ]
        for (const volume of found) assert.deepEqual([volume?.driver, volume?.options], ['local', options])
        await runtime.removeVolume(name)
      })

      test('a volume in use is a conflict, also by a stopped container; unused it goes; gone is success', async () => {
        const name = `${harness.prefix}-used`
        await runtime.createVolume({ name, labels: labelsOf(0) })
        const containerId = await runtime.createContainer(
          specOf({ mounts: [{ volume: name, path: '/data', labels: labelsOf(0) }] }),
          [],
        )
        await rejectsWith('runtime/conflict', runtime.removeVolume(name))
        await runtime.removeContainer(containerId)
        await runtime.removeVolume(name)
        await runtime.removeVolume(name)
        assert.equal(await runtime.findVolume(name), null)
      })

      test('an image in use is a conflict, one that is gone is success', async () => {
        await runtime.createContainer(specOf(), [])
        await rejectsWith('runtime/conflict', runtime.removeImage(harness.image))
        assert.notEqual(await runtime.findImage(harness.image), null)
        await runtime.removeImage(`${harness.prefix}-nothing:1`)
      })
    })

    describe('output', () => {
      test('logs are the last lines, oldest first', async () => {
        const { containerId } = await makeRunning()
        for (const line of ['one', 'two', 'three']) await harness.controls.writeLog(containerId, line)
        assert.deepEqual(await runtime.readLogs(containerId, { tailLines: 2 }), ['two', 'three'])
        assert.deepEqual(await runtime.readLogs(containerId, { tailLines: 0 }), [])
      })

      test('log lines come with the engine’s time of each, since a moment, the last so many', async () => {
        const { containerId } = await makeRunning()
        for (const line of ['one', 'two', 'three']) {
          await harness.controls.writeLog(containerId, line)
          await sleepFor(5)
        }
        const all = await linesOf(containerId, { sinceMs: null, tailLines: null })
        const ours = all.filter(({ text }) => ['one', 'two', 'three'].includes(text))
        assert.deepEqual(texts(ours), ['one', 'two', 'three'])
        for (const { at } of all) assert.match(at, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/)
        assert.deepEqual(
          [...all].map(({ at }) => at).sort(),
          all.map(({ at }) => at),
        )
        assert.deepEqual(texts(await linesOf(containerId, { sinceMs: null, tailLines: 2 })), ['two', 'three'])
        const sinceMs = Date.parse(ours[2]?.at ?? '')
        assert.deepEqual(texts(await linesOf(containerId, { sinceMs, tailLines: null })), ['three'])
      })

      test('who follows a log hears what is said later, until the run ends', async () => {
        const { containerId } = await makeRunning()
        const heard: string[] = []
        const following = runtime.streamLogs(
          containerId,
          { sinceMs: null, tailLines: 0, follow: true },
          ({ text }) => heard.push(text),
          AbortSignal.timeout(30_000),
        )
        await until('a line that is said while it is followed', 20_000, async () => {
          await harness.controls.writeLog(containerId, 'hear me')
          return heard.includes('hear me')
        })
        await harness.controls.kill9(containerId)
        await following
      })

      test('who follows a log ends at will, without an error', async () => {
        const { containerId } = await makeRunning()
        const ending = new AbortController()
        const following = runtime.streamLogs(
          containerId,
          { sinceMs: null, tailLines: null, follow: true },
          () => undefined,
          ending.signal,
        )
        await sleepFor(50)
        ending.abort()
        await following
      })

      test('a container that is gone has no log', async () => {
        const query = { sinceMs: null, tailLines: null, follow: false }
        await rejectsWith(
          'runtime/not-found',
          runtime.streamLogs(`${harness.prefix}-gone`, query, () => undefined, AbortSignal.timeout(20_000)),
        )
      })

      test('a command’s two outputs and exit code come back apart', async () => {
        const { containerId } = await makeRunning()
        const result = await runtime.execInContainer(containerId, harness.commands.printsAndExitsWith3)
        assert.deepEqual(result, { exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
      })

      test('no command runs in a stopped container', async () => {
        const containerId = await runtime.createContainer(specOf(), [])
        await rejectsWith('runtime/conflict', runtime.execInContainer(containerId, ['true']))
      })
    })

    describe('events', () => {
      test('a connection opens with a gap; then start, rename, die and destroy come in order with name and labels', async () => {
        const seen = watch()
        await seen.gap
        const spec = specOf()
        const containerId = await runtime.createContainer(spec, [])
        await runtime.startContainer(containerId)
        await runtime.renameContainer(containerId, `${spec.name}-renamed`)
        await runtime.killContainer(containerId)
        await runtime.removeContainer(containerId)
        const events = await seen.until(event => event.id === containerId && event.action === 'destroy')
        seen.stop()
        const ofThis = events.filter(event => event.id === containerId)
        const wanted = ['create', 'start', 'rename', 'die', 'destroy']
        assert.deepEqual(
          ofThis.map(event => event.action).filter(action => wanted.includes(action)),
          wanted,
        )
        assert.equal(ofThis[0]?.labels[flotillaLabel], harness.prefix)
        assert.equal(ofThis.find(event => event.action === 'start')?.name, spec.name)
        assert.ok(
          events.some(
            event => event.type === 'network' && event.action === 'connect' && event.name === network,
          ),
        )
      })

      test('a kill from outside is heard of', async () => {
        const { containerId } = await makeRunning()
        const seen = watch()
        await seen.gap
        await harness.controls.kill9(containerId)
        await seen.until(event => event.id === containerId && event.action === 'die')
        seen.stop()
      })

      test('commands inside a container are not events', async () => {
        const { containerId } = await makeRunning()
        const seen = watch()
        await seen.gap
        await runtime.execInContainer(containerId, harness.commands.printsAndExitsWith3)
        await harness.controls.kill9(containerId)
        const events = await seen.until(event => event.id === containerId && event.action === 'die')
        seen.stop()
        assert.deepEqual(
          events.filter(event => /exec/.test(event.action)),
          [],
        )
      })

      test('nothing comes after the signal', async () => {
        const seen = watch()
        await seen.gap
        const other = watch()
        await other.gap
        seen.stop()
        const spec = specOf()
        const containerId = await runtime.createContainer(spec, [])
        await other.until(event => event.id === containerId)
        other.stop()
        assert.deepEqual(
          seen.events.filter(event => event.id === containerId),
          [],
        )
      })
    })

    describe('endings', () => {
      test('a call whose signal has been aborted ends with runtime/aborted', async () => {
        const signal = AbortSignal.abort()
        await rejectsWith('runtime/aborted', runtime.listContainers({ signal }))
        await rejectsWith('runtime/aborted', runtime.createContainer(specOf(), [], { signal }))
      })

      test('a container that goes between looks is gone, not an error', async () => {
        const { containerId } = await makeRunning()
        await listed(containerId)
        const [facts] = await Promise.all([
          runtime.listContainers(),
          harness.controls.forceRemove(containerId),
        ])
        assert.ok(facts.length >= 0)
        assert.equal(await listed(containerId), undefined)
      })
    })

    function watch() {
      const stop = new AbortController()
      const events: RuntimeEvent[] = []
      let wake = () => {}
      let opened = () => {}
      const gap = new Promise<void>(resolve => (opened = resolve))
      runtime.watchEvents(
        {
          onEvent(event) {
            events.push(event)
            wake()
          },
          onResync: () => opened(),
          onDisconnect: error => assert.fail(error),
        },
        stop.signal,
      )
      return {
        events,
        gap,
        stop: () => stop.abort(),
        /** Resolves with all events once one fits; fails after 10 s. */
        until(fits: (event: RuntimeEvent) => boolean): Promise<readonly RuntimeEvent[]> {
          return new Promise((resolve, reject) => {
            const timer = setTimeout(
              () => reject(new Error(`no such event among ${JSON.stringify(events)}`)),
              10_000,
            )
            wake = () => {
              if (!events.some(fits)) return
              clearTimeout(timer)
              resolve([...events])
            }
            wake()
          })
        },
      }
    }

    async function untilNotRunning(containerId: string): Promise<ContainerFacts> {
      for (;;) {
        const facts = await runtime.inspectContainer(containerId)
        assert.ok(facts !== null)
        if (facts.state !== 'running') return facts
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  })
}

function fileOf(path: string): ContainerFile {
  return { path, content: 'hidden\n', mode: 0o400, uid: 999, gid: 999 }
}
