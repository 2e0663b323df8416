import type { Clock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { flotillaLabel } from '../../../src/runtime/labels.js'
import type {
  CallOptions,
  DroppedEndpoint,
  EventHandlers,
  Runtime,
  RuntimeEvent,
} from '../../../src/runtime/runtime.js'
import type { FakeContainer } from './fake-world.js'
import { FakeLogs, lastOf } from './fake-logs.js'
import { findFakePath, makeFakePaths, ownerOfFakePath } from './fake-files.js'
import type { FakeCall, EngineControls, FakePace, FakeRuntime, FakeVolume } from './fake-engine.js'
import { engineFacts } from './engine-facts.js'
import { createFakeWorld, isAlive } from './fake-world.js'
import type { ContainerFacts, EngineFacts, ExecResult, ImageFacts } from '../../../src/model/engine.js'

export function createFakeRuntime(options: {
  readonly clock: Clock
  /** Answers `execInContainer`; without it every command succeeds silently. */
  readonly exec?: (container: ContainerFacts, command: readonly string[]) => ExecResult
  readonly engine?: Partial<EngineFacts>
  /** Without it no time passes. */
  readonly paceOf?: (call: FakeCall) => FakePace
  /** Hears of everything that happens, in the moment in which it does: what runs in the containers. */
  readonly onEvent?: (event: RuntimeEvent) => void
  /**
   * What lies on the volume that a container mounts, where a test has a model of it; without it a container's
   * files are its own.
   */
  readonly diskOf?: (container: FakeContainer) => FakeVolume | null
  /**
   * What SIGTERM leads to, within its grace; without it every process ends well at once. @returns the exit
   * code.
   */
  readonly terminate?: (container: FakeContainer, graceMs: number) => Promise<number>
}): FakeRuntime {
  const { clock } = options
  const watchers = new Map<EventHandlers, AbortSignal>()
  const published = new Set<string>()
  const logs = new FakeLogs(clock)
  const endpointListeners = new Set<(dropped: DroppedEndpoint) => void>()
  const calls: FakeCall[] = []
  /**
   * By container: a start holds the engine's lock on it, and who would end it waits for that (seen with
   * Docker 20.10).
   */
  const starts = new Map<string, Promise<unknown>>()
  let closed = false
  const world = createFakeWorld({
    clock,
    onEndpointDropped: dropped => endpointListeners.forEach(listener => listener(dropped)),
    onEvent(event) {
      options.onEvent?.(event)
      watchers.forEach((_signal, handlers) => handlers.onEvent(event))
      if (event.action !== 'die' && event.action !== 'destroy') return
      logs.end(event.id)
    },
  })
  const exec = options.exec ?? (() => ({ exitCode: 0, stdout: '', stderr: '' }))
  const ours = ({ labels }: { readonly labels: Readonly<Record<string, string>> }) => flotillaLabel in labels

  const fake: FakeRuntime = {
    ...{ runtime: createPort(), controls: createControls(), world, calls },
    faultOf: () => null,
  }
  return fake

  function createPort(): Runtime {
    return {
      describeEngine: call => run('describeEngine', [], call, () => ({ ...engineFacts, ...options.engine })),
      whyNotWritable: call => run('whyNotWritable', [], call, () => null),
      listContainers: call =>
        run('listContainers', [], call, () => [...world.containers.values()].map(one => world.factsOf(one))),
      inspectContainer: (name, call) =>
        run('inspectContainer', [name], call, () => {
          const found = world.find(name)
          return found === null ? null : world.factsOf(found)
        }),
      findNetwork: (name, call) => run('findNetwork', [name], call, () => world.networks.get(name) ?? null),
      listAllNetworks: call => run('listAllNetworks', [], call, () => [...world.networks.values()]),
      listNetworks: call => run('listNetworks', [], call, () => [...world.networks.values()].filter(ours)),
      listVolumes: call => run('listVolumes', [], call, () => [...world.volumes.values()].filter(ours)),
      findVolume: (name, call) => run('findVolume', [name], call, () => world.volumes.get(name) ?? null),
      findImage: (image, call) => run('findImage', [image], call, () => world.findImage(image)),
      pullImage: (image, { onProgress }, call) =>
        run('pullImage', [image], call, () => {
          if (!published.has(image))
            throw new FlotillaError('runtime/image-unavailable', `pull image ${image}: unknown`)
          onProgress({ doneBytes: 1, totalBytes: 1 })
          addImage(image)
        }),
      createNetwork: (spec, call) => run('createNetwork', [spec], call, () => world.addNetwork(spec)),
      createVolume: (spec, call) => run('createVolume', [spec], call, () => world.addVolume(spec)),
      createContainer: (spec, files, call) =>
        run('createContainer', [spec, files], call, () => world.create(spec, files)),
      putFiles: (id, files, call) =>
        run('putFiles', [id, files], call, () => {
          const { fileSystem } = world.need(id)
          for (const file of files) fileSystem.files.set(file.path, file)
        }),
      findPath: (id, path, call) =>
        run('findPath', [id, path], call, () => {
          const container = world.find(id)
          return container === null ? null : filesOf(container).find(path)
        }),
      findOwner: (id, path, call) =>
        run('findOwner', [id, path], call, () => {
          const container = world.find(id)
          return container === null ? null : (filesOf(container).ownerOf?.(path) ?? null)
        }),
      readFile: (id, path, call) =>
        run('readFile', [id, path], call, () => {
          const container = world.find(id)
          return container === null ? null : filesOf(container).read(path)
        }),
      makePaths: (id, paths, call) =>
        run('makePaths', [id, paths], call, () => filesOf(world.need(id)).make(paths)),
      putStream: async (id, { bytes, sizeBytes, ...file }, call) => {
        const pieces: Uint8Array[] = []
        for await (const piece of bytes) pieces.push(piece)
        const content = Buffer.concat(pieces)
        if (content.length !== sizeBytes)
          throw new FlotillaError(
            'runtime/failed',
            `put ${file.path}: ${content.length} bytes came instead of ${sizeBytes}`,
          )
        return run('putStream', [id, file], call, () =>
          filesOf(world.need(id)).make([{ kind: 'file', content, ...file }]),
        )
      },
      findProcessUser: (id, call) =>
        run('findProcessUser', [id], call, () => {
          const container = world.find(id)
          return container?.state === 'running' ? container.processUser : null
        }),
      startContainer: (id, call) => {
        const started = run('startContainer', [id], call, () => {
          world.start(world.need(id))
          return world.factsOf(world.need(id))
        })
        starts.set(
          id,
          started.catch(() => undefined),
        )
        return started
      },
      stopContainer: (id, stop, call) =>
        run('stopContainer', [id, stop], call, async () => {
          await starts.get(id)
          const container = world.find(id)
          if (container === null || !isAlive(container)) return
          const code = (await options.terminate?.(container, stop.graceMs)) ?? 0
          world.end(container, { code, signal: 'TERM' })
        }),
      killContainer: (id, call) =>
        run('killContainer', [id], call, async () => {
          await starts.get(id)
          ifThere(id, one => world.end(one, { code: 137, signal: 'KILL' }))
        }),
      renameContainer: (id, name, call) =>
        run('renameContainer', [id, name], call, () => world.rename(world.need(id), name)),
      limitContainer: (id, limits, call) =>
        run('limitContainer', [id, limits], call, () => {
          world.need(id).limits = limits
        }),
      unpauseContainer: (id, call) =>
        run('unpauseContainer', [id], call, () => world.setPaused(world.need(id), false)),
      removeContainer: (id, call) =>
        run('removeContainer', [id], call, () => ifThere(id, one => world.remove(one))),
      attachNetwork: (id, attachment, call) =>
        run('attachNetwork', [id, attachment], call, () => world.attach(world.need(id), attachment)),
      detachNetwork: (id, network, call) =>
        run('detachNetwork', [id, network], call, () => {
          const container = world.find(id)
          if (container !== null) world.detach(container, network)
        }),
      removeNetwork: (name, call) => run('removeNetwork', [name], call, () => world.removeNetwork(name)),
      removeVolume: (name, call) => run('removeVolume', [name], call, () => world.removeVolume(name)),
      removeImage: (image, call) =>
        run('removeImage', [image], call, () => {
          const imageId = world.findImage(image)?.imageId
          const users = [...world.containers.values()].filter(one => one.imageId === imageId)
          if (users.length > 0)
            throw new FlotillaError(
              'runtime/conflict',
              `image ${image} is used by ${users.map(one => one.name).join(', ')}`,
            )
          world.images.delete(image)
        }),
      readLogs: (id, { tailLines }, call) =>
        run('readLogs', [id], call, () => lastOf(world.need(id).logs, tailLines).map(({ text }) => text)),
      streamLogs: async (id, query, onLine, signal) => {
        if (signal.aborted) return
        const container = await run('streamLogs', [id, query], { signal }, () => world.need(id))
        return logs.stream(container, query, onLine, signal)
      },
      execInContainer: (id, command, call) =>
        run('execInContainer', [id, command], call, () => runIn(id, command)),
      attachExec: (id, command, terminal) =>
        run('attachExec', [id, command], undefined, () => {
          const result = runIn(id, command)
          terminal.stdout.write(result.stdout)
          terminal.stderr.write(result.stderr)
          return result.exitCode
        }),
      watchEvents(handlers, signal) {
        if (signal.aborted) return
        watchers.set(handlers, signal)
        signal.addEventListener('abort', () => watchers.delete(handlers), { once: true })
        // Never inside the call that subscribes: the caller may not be ready yet.
        queueMicrotask(() => {
          if (!signal.aborted) handlers.onResync()
        })
      },
      onEndpointDropped(listener) {
        endpointListeners.add(listener)
        return () => endpointListeners.delete(listener)
      },
      close() {
        closed = true
        watchers.clear()
      },
    }
  }

  async function run<T>(
    method: keyof Runtime,
    args: readonly unknown[],
    call: CallOptions | undefined,
    act: () => T | Promise<T>,
  ): Promise<T> {
    calls.push({ method, args })
    // A call over a socket never has its effect before the caller goes on.
    await Promise.resolve()
    if (closed || call?.signal?.aborted === true)
      throw new FlotillaError('runtime/aborted', `${method}: ended on request`)
    const fault = fake.faultOf({ method, args })
    if (fault?.kind === 'fail') throw fault.error
    if (fault?.kind === 'stall') await stall(method, call?.signal)
    const pace = options.paceOf?.({ method, args })
    if (pace !== undefined) await clock.sleep(pace.beforeMs)
    const result = await act()
    if (pace !== undefined) await clock.sleep(pace.afterMs)
    if (fault?.kind === 'lose-reply') throw fault.error
    return result
  }

  async function stall(method: string, signal: AbortSignal | undefined): Promise<never> {
    await clock.sleep(10_000, signal)
    throw signal?.aborted === true
      ? new FlotillaError('runtime/aborted', `${method}: ended on request`)
      : new FlotillaError('runtime/timeout', `${method}: no answer within 10 s`)
  }

  function ifThere(id: string, act: (container: FakeContainer) => void): void {
    const container = world.find(id)
    if (container !== null) act(container)
  }

  function runIn(id: string, command: readonly string[]): ExecResult {
    const container = world.need(id)
    if (container.state !== 'running')
      throw new FlotillaError('runtime/conflict', `container ${container.name} is ${container.state}`)
    return exec(world.factsOf(container), command)
  }

  function filesOf(container: FakeContainer): FakeVolume {
    const { fileSystem } = container
    return (
      options.diskOf?.(container) ?? {
        find: path => findFakePath(fileSystem, path),
        ownerOf: path => ownerOfFakePath(fileSystem, path),
        read: path => fileSystem.files.get(path)?.content ?? null,
        make: paths => makeFakePaths(fileSystem, paths),
      }
    )
  }

  function addImage(image: string, facts: Partial<ImageFacts> = {}): void {
    world.images.set(image, {
      ...{ imageId: `sha256:${image}`, labels: {}, sizeBytes: 1, user: '' },
      ...{ entrypoint: [], command: ['redis-server'], environment: [] },
      ...facts,
    })
  }

  function dropEvents(): void {
    for (const [handlers, signal] of [...watchers]) {
      watchers.delete(handlers)
      handlers.onDisconnect(new FlotillaError('runtime/unreachable', 'watch events: the stream was dropped'))
      clock.after(100, () => {
        if (!signal.aborted && !closed) {
          watchers.set(handlers, signal)
          handlers.onResync()
        }
      })
    }
  }

  function createControls(): EngineControls {
    const need = (idOrName: string) => world.need(idOrName)
    return {
      kill9: (id, how) => world.end(need(id), { code: 137, oomKilled: how?.oomKilled ?? false }),
      exit: (id, code) => world.end(need(id), { code }),
      start: id => world.start(need(id)),
      pause: id => world.setPaused(need(id), true),
      unpause: id => world.setPaused(need(id), false),
      rename: (id, name) => world.rename(need(id), name),
      forceRemove: id => world.remove(need(id)),
      leaveDead: id => world.leaveDead(need(id)),
      leaveUnusable: id => world.leaveUnusable(need(id)),
      disconnect: (id, network) => world.detach(need(id), network),
      leaveEndpoint: (network, name) => world.leftovers.leave(network, name),
      failNextStart(id, error) {
        need(id).startFailure = error
      },
      writeLog(id, text) {
        logs.write(need(id), text)
      },
      limitsOf: id => need(id).limits,
      runAs(id, uid) {
        need(id).processUser = uid
      },
      filesOf: id => need(id).files,
      addImage,
      publishImage: image => void published.add(image),
      removeVolume: name => void world.volumes.delete(name),
      dropEvents,
      restartEngine() {
        dropEvents()
        for (const container of world.containers.values())
          if (isAlive(container)) world.end(container, { code: 137 })
      },
    }
  }
}
