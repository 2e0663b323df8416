import { FlotillaError, type ErrorCode } from '../../../src/errors.js'
import { applicationUser, controlUser } from '../../../src/model/acl-user.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import { expectedNameOption } from '../../../src/redis/tls.js'
import { listFakeCommands, runFakeCommand } from './fake-commands.js'
import { describeProcess } from './fake-facts.js'
import { beginSnapshot, setPersistence, whyNotShutDown } from './fake-persistence.js'
import { resumeWrites } from './fake-master.js'
import { accepts, whenAwake, type FakeProcess } from './fake-process.js'
import { followUpstream, promoteProcess } from './fake-replica.js'
import { fakeSnapshot, openFakeSnapshot } from './fake-snapshot.js'
import { hasValidCertificate, transportAfter, endpointInto } from './fake-transport.js'
import type { FakeWire } from './fake-wire.js'
import type { NodeTarget, Probe, RedisFacts } from '../../../src/model/redis.js'

/** What may happen to an order on its way: carried out, and the reply is lost; or not even that. */
export type FakeCommandFault = 'lose-reply' | 'lose'

export interface FakePortOptions {
  readonly wire: FakeWire
  /** Who listens at an address; `dead` when nobody does any more. */
  readonly at: (target: NodeTarget) => FakeProcess | null
  /** Asked for each order that is sent. */
  readonly faultOf: (request: {
    readonly kind: string
    readonly target: NodeTarget
  }) => FakeCommandFault | null
  /** Its process ends by itself, with exit code 0. */
  readonly end: (process: FakeProcess) => void
}

/** A kept connection belongs to one run of a process. */
interface KeptConnection {
  readonly target: NodeTarget
  readonly process: FakeProcess
  lastByteAtMs: number | null
  /** Its loss is told once. */
  readonly forget: () => void
}

/**
 * Flotilla's side: what the adapter does over connections, in the same steps and with the same answers,
 * without the bytes.
 */
export function createFakePort({ wire, at, faultOf, end }: FakePortOptions): RedisPort {
  const { clock, timing } = wire
  const kept = new Map<string, KeptConnection>()
  const listeners = new Set<(node: NodeTarget) => void>()
  const leg = (): Promise<void> => clock.sleep(timing.packetMs())

  function keep(target: NodeTarget, process: FakeProcess): KeptConnection {
    const known = kept.get(target.containerId)
    if (known?.process === process) return known
    known?.forget()
    const onClose = (): void => {
      if (kept.get(target.containerId) !== connection) return
      kept.delete(target.containerId)
      for (const listener of [...listeners]) listener(target)
    }
    const connection: KeptConnection = {
      ...{ target, process, lastByteAtMs: null },
      forget: () => {
        process.closers.delete(onClose)
        kept.delete(target.containerId)
      },
    }
    process.closers.add(onClose)
    kept.set(target.containerId, connection)
    return connection
  }

  /** Who is logged in stays so. */
  const isAccepted = (target: NodeTarget, process: FakeProcess): boolean =>
    kept.get(target.containerId)?.process === process ||
    (target.login === undefined
      ? accepts(process, controlUser, target.credentials.control)
      : accepts(process, applicationUser, target.login?.password ?? null))

  async function probe(target: NodeTarget, { deadlineMs }: { readonly deadlineMs: number }): Promise<Probe> {
    await leg()
    const process = at(target)
    if (process === null || process.state === 'starting')
      return { kind: 'refused', reason: 'nothing listens at its address (ECONNREFUSED)' }
    if (process.offline) {
      await clock.sleep(Math.min(deadlineMs, handshakeMs))
      return { kind: 'silent', reason: 'no connection came about', lastByteAtMs: null }
    }
    const before = kept.get(target.containerId)
    const metBefore = before?.process === process
    if (process.frozen) {
      const { lastByteAtMs } = keep(target, process)
      const endMs = clock.monotonicMs() + deadlineMs
      const answered = await awake(process, deadlineMs)
      if (!answered) return { kind: metBefore ? 'hung' : 'silent', reason: 'it said nothing', lastByteAtMs }
      return probe(target, { deadlineMs: Math.max(1, endMs - clock.monotonicMs()) })
    }
    const endpoint = endpointInto(process, target)
    if (process.hasBadCertificate || (endpoint !== null && !hasValidCertificate(process, endpoint)))
      return { kind: 'denied', cause: 'certificate', reason: 'its certificate is for another name' }
    if (process.turnsAway !== null) return { kind: 'denied', cause: 'other', reason: process.turnsAway }
    if (!isAccepted(target, process)) {
      await leg()
      return { kind: 'denied', cause: 'credentials', reason: 'it does not accept our password (WRONGPASS)' }
    }
    const connection = keep(target, process)
    const answer: Probe =
      process.state === 'busy'
        ? { kind: 'busy', reason: 'a script has run for long and blocks it (BUSY)' }
        : {
            kind: process.state === 'loading' ? 'loading' : 'answered',
            facts: factsFor(target, process),
          }
    connection.lastByteAtMs = clock.nowMs()
    await leg()
    return answer
  }

  function factsFor({ tls, fallback }: NodeTarget, process: FakeProcess): RedisFacts {
    const facts = describeProcess(process, clock.monotonicMs())
    return tls === undefined && fallback === undefined ? facts : { ...facts, transport: process.transport }
  }

  /** Whether it thaws in time; told as soon as it does. */
  async function awake(process: FakeProcess, withinMs: number): Promise<boolean> {
    const waiting = new AbortController()
    let thawed = false
    process.inbox.push(() => {
      thawed = true
      waiting.abort()
    })
    await clock.sleep(withinMs, waiting.signal)
    return thawed
  }

  /**
   * Gives an order as deliver.ts does: a PING has to be answered first, and who isn't there yet, loads or is
   * busy is asked again until the deadline.
   */
  async function execute<T>(
    target: NodeTarget,
    request: { readonly kind: string; readonly deadlineMs: number },
    act: (process: FakeProcess) => T,
  ): Promise<T> {
    const endMs = clock.monotonicMs() + request.deadlineMs
    const failure = (code: ErrorCode, what: string): FlotillaError =>
      new FlotillaError(code, `${target.nodeAlias}: ${request.kind}: ${what}`)
    for (let pauseMs = 3; ; pauseMs = Math.min(pauseMs * 1.5, 50)) {
      const leftMs = Math.max(0, endMs - clock.monotonicMs())
      const seen = await probe(target, { deadlineMs: leftMs })
      if (seen.kind === 'denied') throw failure('redis/denied', seen.reason)
      if (seen.kind === 'hung' || (seen.kind === 'silent' && at(target)?.offline !== true))
        throw failure('redis/timeout', `not sent, because it did not answer within ${request.deadlineMs} ms`)
      if (seen.kind === 'answered' || (seen.kind === 'loading' && request.kind.startsWith('CONFIG '))) {
        const outcome = await send(target, request.kind, act, Math.max(0, endMs - clock.monotonicMs()))
        if (outcome.kind === 'done') return outcome.value
        if (outcome.kind === 'silence')
          throw failure(
            'redis/timeout',
            `no reply within ${request.deadlineMs} ms; it may still be carried out`,
          )
      }
      if (endMs - clock.monotonicMs() <= pauseMs)
        throw failure(
          seen.kind === 'loading' || seen.kind === 'busy' ? 'redis/timeout' : 'redis/unreachable',
          `it is ${seen.kind}, for ${request.deadlineMs} ms`,
        )
      await clock.sleep(pauseMs)
    }
  }

  async function send<T>(
    target: NodeTarget,
    kind: string,
    act: (process: FakeProcess) => T,
    withinMs: number,
  ): Promise<
    | { readonly kind: 'done'; readonly value: T }
    | { readonly kind: 'silence' }
    | { readonly kind: 'retryable' }
  > {
    const process = at(target)
    const fault = faultOf({ kind, target })
    if (process === null || process.state === 'ended') return { kind: 'retryable' }
    let outcome: { readonly value: T } | { readonly error: unknown } | null = null
    const answered = new AbortController()
    clock.after(timing.packetMs(), () => {
      if (fault === 'lose' || process.offline) return
      whenAwake(process, () => {
        // A replica that began to load its snapshot since it was asked says LOADING, and nothing is carried
        // out.
        const isTaken =
          process.state === 'well' || (process.state === 'loading' && kind.startsWith('CONFIG '))
        try {
          if (isTaken) outcome = { value: act(process) }
        } catch (error) {
          outcome = { error }
        }
        if (fault !== 'lose-reply') clock.after(timing.packetMs(), () => answered.abort())
      })
    })
    const onClose = (): void => answered.abort()
    process.closers.add(onClose)
    await clock.sleep(withinMs, answered.signal)
    process.closers.delete(onClose)
    if (!answered.signal.aborted) return { kind: 'silence' }
    const told = outcome as { readonly value: T } | { readonly error: unknown } | null
    if (told === null) return { kind: 'retryable' }
    if ('error' in told) throw told.error
    return { kind: 'done', value: told.value }
  }

  return {
    probe,
    ping: async (target, { deadlineMs }) => {
      const connection = kept.get(target.containerId)
      if (connection === undefined) return 'not-connected'
      const { process } = connection
      await leg()
      if (process.state === 'ended') return 'not-connected'
      if (process.offline) {
        await clock.sleep(deadlineMs)
        return 'silent'
      }
      if (process.frozen && !(await awake(process, deadlineMs))) return 'silent'
      connection.lastByteAtMs = clock.nowMs()
      await leg()
      return kept.get(target.containerId) === connection ? 'alive' : 'not-connected'
    },
    promote: (target, { deadlineMs }) =>
      execute(target, { kind: 'REPLICAOF NO ONE', deadlineMs }, process => promoteProcess(wire, process)),
    follow: (target, upstream, { deadlineMs, reconnect, fullCopy }) =>
      execute(target, { kind: 'REPLICAOF', deadlineMs }, process => {
        const { encrypted: encryptsReplication, expectedName } = upstream
        if (expectedName !== undefined && !process.unknownOptions.has(expectedNameOption))
          process.config.set(expectedNameOption, expectedName)
        if (encryptsReplication !== undefined)
          process.transport = { ...process.transport, encryptsReplication }
        if (fullCopy === true) {
          process.config.set('replica-read-only', 'yes')
          promoteProcess(wire, process)
        }
        if (reconnect !== undefined) followUpstream(wire, process, reconnect)
        followUpstream(wire, process, upstream)
      }),
    pauseWrites: (target, { forMs, deadlineMs }) =>
      execute(target, { kind: 'CLIENT PAUSE', deadlineMs }, process => {
        const untilMs = clock.monotonicMs() + forMs
        process.pausedUntilMs = untilMs
        clock.after(forMs, () => {
          if (process.pausedUntilMs === untilMs) whenAwake(process, () => resumeWrites(process))
        })
      }),
    resumeWrites: (target, { deadlineMs }) =>
      execute(target, { kind: 'CLIENT UNPAUSE', deadlineMs }, resumeWrites),
    disconnectClients: (target, { deadlineMs }) =>
      execute(target, { kind: 'CLIENT KILL', deadlineMs }, ({ clients }) => {
        const closers = [...clients]
        clients.clear()
        for (const close of closers) close()
        return closers.length
      }),
    setConfig: (target, config, { deadlineMs }) =>
      execute(target, { kind: 'CONFIG SET', deadlineMs }, process => {
        const options = Object.entries(config)
        for (const [name, value] of options)
          if (!process.unknownOptions.has(name)) process.config.set(name, value)
        process.transport = transportAfter(process.transport, config)
        setPersistence(wire, process, config)
        return options.map(([name]) => name).filter(name => process.unknownOptions.has(name))
      }),
    getConfig: (target, names, { deadlineMs }) =>
      execute(target, { kind: 'CONFIG GET', deadlineMs }, ({ config, unknownOptions }) =>
        Object.fromEntries(
          // A pattern is no name.
          names
            .filter(name => /^[\w-]+$/.test(name) && !unknownOptions.has(name))
            .map(name => [name, config.get(name) ?? '']),
        ),
      ),
    listSentinels: (target, { deadlineMs }) =>
      execute(target, { kind: 'CLIENT LIST', deadlineMs }, ({ sentinels }) => [...sentinels].toSorted()),
    listCommands: (target, { deadlineMs }) =>
      execute(target, { kind: 'COMMAND', deadlineMs }, listFakeCommands),
    saveSnapshot: (target, { deadlineMs }) =>
      execute(target, { kind: 'BGSAVE', deadlineMs }, process => beginSnapshot(wire, process)),
    shutDown: (target, { save, deadlineMs }) =>
      execute(target, { kind: 'SHUTDOWN', deadlineMs }, process => {
        const cannot = whyNotShutDown(process, save)
        if (cannot !== null)
          throw new FlotillaError('redis/refused-command', `${target.nodeAlias}: SHUTDOWN: ${cannot}`)
        wire.onChange({ kind: 'shut-down', process })
        end(process)
      }),
    readSnapshot: (target, { bytesMax, deadlineMs }) =>
      execute(target, { kind: 'PSYNC ? -1', deadlineMs }, process => {
        const snapshot = fakeSnapshot(target, process)
        return snapshot.length > bytesMax ? null : snapshot
      }),
    openSnapshot: (target, { silenceMs }) =>
      execute(target, { kind: 'PSYNC ? -1', deadlineMs: silenceMs }, process =>
        openFakeSnapshot(target, process),
      ),
    setUsers: (target, { set, remove }, { deadlineMs }) =>
      execute(target, { kind: 'ACL SETUSER', deadlineMs }, ({ users }) => {
        for (const { name, rules } of set) users.set(name, rules)
        for (const name of remove) users.delete(name)
      }),
    listUsers: (target, { deadlineMs }) =>
      execute(target, { kind: 'ACL LIST', deadlineMs }, ({ users }) =>
        [...users].map(([name, rules]) => ['user', name, ...rules].join(' ')),
      ),
    command: async (target, command, { deadlineMs }) => {
      const endMs = clock.monotonicMs() + deadlineMs
      const there = at(target)
      if (there !== null && !accepts(there, applicationUser, target.credentials.application))
        throw new FlotillaError(
          'redis/denied',
          `${target.nodeAlias}: command: it does not accept our password`,
        )
      const { answer } = await execute(target, { kind: 'command', deadlineMs }, process => ({
        answer: runFakeCommand(wire, process, command),
      }))
      const answered = new AbortController()
      void answer.then(() => answered.abort())
      await clock.sleep(Math.max(0, endMs - clock.monotonicMs()), answered.signal)
      const name = command[0]?.toUpperCase() ?? ''
      if (!answered.signal.aborted)
        throw new FlotillaError('redis/timeout', `${target.nodeAlias}: ${name}: no reply in time`)
      const reply = await answer
      if (reply.kind === 'value') return reply.value
      throw new FlotillaError('redis/refused-command', `${target.nodeAlias}: ${name}: ${reply.message}`)
    },
    onConnectionLost: listener => {
      const subscription = (node: NodeTarget): void => listener(node)
      listeners.add(subscription)
      return () => listeners.delete(subscription)
    },
    retain: containerIds => {
      for (const [containerId, { forget }] of [...kept]) if (!containerIds.has(containerId)) forget()
    },
    close: () => {
      for (const { forget } of [...kept.values()]) forget()
      listeners.clear()
    },
  }
}

/** See handshakeMs in client/probe.ts. */
const handshakeMs = 60
