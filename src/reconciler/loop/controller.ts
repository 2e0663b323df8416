import type { Clock } from '../../clock.js'
import { errorCode } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import type { DesiredState, DesiredFlotilla } from '../../manifest/desired-state.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import type { StateStore } from '../../state/state-store.js'
import type { ReadEnvironment } from '../auth/password-sources.js'
import { ActionFailed } from './act.js'
import type { FlotillaMemory, ManifestMissing } from '../../model/record.js'
import { reportDroppedEndpoints } from './dropped-endpoints.js'
import { FlotillaRecord } from './flotilla-record.js'
import { Heartbeat } from './heartbeat.js'
import { defaultPlanner, type Planner } from './planner.js'
import { nodeAlias } from '../../model/names.js'
import type { Observer } from '../observe/observe.js'
import type { Assessment, Outcome } from './observe-and-plan.js'
import { hintOf, messageOf, PassFailures } from './pass-failures.js'
import { WorkQueue } from './work-queue.js'
import { isEngineFailure, reconcile } from './reconcile.js'
import { removeFlotilla } from './remove-flotilla.js'
import { totalMemoryLimitBytes } from '../desired/max-memory.js'
import { Preemption } from './preemption.js'
import { withFailedPass } from '../report/failing-actions.js'
import type { FailingStatus, FlotillaStatus } from '../../model/status.js'
import { takeRequests } from './take-requests.js'
import type { NodeTarget } from '../../model/redis.js'

export interface ControllerOptions {
  readonly observer: Observer
  readonly store: StateStore
  readonly events: EventSink
  readonly clock: Clock
  readonly random: () => number
  /** Another planner than the default one; for tests. */
  readonly planner?: Planner
  readonly flotillaVersion: string
  /** Where passwords may come from, by the names of environment variables. */
  readonly environment: ReadEnvironment
  /** Called after every pass. */
  readonly onPass?: (
    flotilla: string,
    outcome: Outcome,
    status: FlotillaStatus | null,
    tookMs: number,
  ) => void
}

/**
 * What is known of a flotilla at this moment, from its last look; a pass that is under way has told what it
 * does.
 */
export interface Snapshot {
  readonly memory: FlotillaMemory
  readonly status: FlotillaStatus
  readonly assessment: Assessment
}

/** How often a flotilla is looked at when nothing wakes us. Events are hints; this is the promise. */
const pollMs = { settled: 5_000, unsettled: 1_000 }

/**
 * After a step that failed. A look that failed is taken again as often as any other: it changes nothing, and
 * until it succeeds nobody knows what has died meanwhile. An engine that answers again after errors closes no
 * connection, so no event tells.
 */
const retryMsMax = 30_000

/**
 * Passes of different flotillas run side by side, so that one's trouble is not another's wait; more would
 * only queue inside the engine.
 */
const concurrency = 10

/** Runs passes: one keyed queue, woken by whoever notices something, and by time. */
export class Controller {
  readonly #options: ControllerOptions
  readonly #queue: WorkQueue
  readonly #records = new Map<string, FlotillaRecord>()
  readonly #failures: PassFailures
  readonly #preemption: Preemption
  readonly #abort = new AbortController()
  /** Taken away, and not gone yet. */
  readonly #removing = new Set<string>()
  #wanted: ReadonlyMap<string, DesiredFlotilla> = new Map()
  #engineLostAtMs: number | null = null
  readonly #heartbeat: Heartbeat
  readonly #unsubscribe: () => void

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#preemption = new Preemption(options.clock)
    this.#failures = new PassFailures(options)
    this.#heartbeat = new Heartbeat({
      redis: options.observer.redis,
      clock: options.clock,
      onAlive: master => options.observer.liveness.record(master, true, options.clock.nowMs()),
      onSilence: (master, sinceMs) => {
        if (sinceMs !== null) options.observer.liveness.recordLost(master, sinceMs)
        this.#preemption.masterSilent(master.flotilla)
        this.wake(master.flotilla)
      },
    })
    this.#heartbeat.start()
    this.#unsubscribe = reportDroppedEndpoints(options.observer.runtime, options.events)
    this.#queue = new WorkQueue({ clock: options.clock, concurrency, work: key => this.#work(key) })
  }

  /** Takes what the manifests ask for into force and wakes everything that it concerns. */
  setDesired(desired: DesiredState): void {
    const before = this.#wanted
    this.#wanted = desired.flotillas
    for (const { name } of desired.deleted) {
      this.#removing.add(name)
      this.#preemption.manifestDeleted(name)
      this.#queue.wake(name)
    }
    for (const [name, { digest }] of desired.flotillas) {
      this.#removing.delete(name)
      const was = before.get(name)
      if (was !== undefined && was.digest !== digest) this.#preemption.manifestChanged(name)
      this.#queue.wake(name)
    }
  }

  wake(flotilla: string): void {
    if (this.#wanted.has(flotilla) || this.#removing.has(flotilla)) this.#queue.wake(flotilla)
  }

  /**
   * A connection to a node was lost, about a millisecond ago. If it was the master's, the next pass goes by
   * what the nodes say, without waiting for the engine.
   */
  recordLost(node: NodeTarget): void {
    const { flotilla, containerId, startedAtMs, nodeAlias: alias } = node
    this.#options.observer.liveness.recordLost({ containerId, startedAtMs }, this.#options.clock.nowMs())
    const memory = this.#records.get(flotilla)?.memory
    const master = memory?.master ?? null
    if (master !== null && alias === nodeAlias(flotilla, master.ordinal)) {
      this.#preemption.masterLost(flotilla, master.ordinal)
      // A change of master that is under way points the gateway itself, and a pause changes nothing.
      if (memory?.operation === null && memory.pausedSinceMs === null)
        void this.#holdClients(flotilla, master.ordinal)
    }
    this.wake(flotilla)
  }

  /** Without waiting for the pass. */
  async #holdClients(flotilla: string, master: number): Promise<void> {
    const { observer, events } = this.#options
    const tookMs = await observer.gateways.holdClientsOf(flotilla, master)
    if (tookMs !== null) events.publish('gateway.held', { master, tookMs }, { flotilla })
  }

  wakeAll(): void {
    for (const name of [...this.#wanted.keys(), ...this.#removing]) this.#queue.wake(name)
  }

  statusOf(flotilla: string): FlotillaStatus | null {
    const status = this.#records.get(flotilla)?.status ?? null
    return status === null ? null : withFailedPass(status, this.passFailureOf(flotilla))
  }

  /**
   * Why the passes over it come to nothing, such as a state disk that is full; null while they don't, and
   * while the engine is what all wait for.
   */
  passFailureOf(flotilla: string): FailingStatus | null {
    return this.engineAnswers ? this.#failures.of(flotilla) : null
  }

  /** Null until the flotilla was looked at. */
  snapshotOf(flotilla: string): Snapshot | null {
    const record = this.#records.get(flotilla)
    if (record === undefined || record.status === null || record.assessment === null) return null
    const status = withFailedPass(record.status, this.passFailureOf(flotilla))
    return { memory: record.memory, status, assessment: record.assessment }
  }

  /** The names of those that are kept, also of those that are on their way out. */
  get names(): readonly string[] {
    return [...new Set([...this.#wanted.keys(), ...this.#removing])].sort()
  }

  /** Flotillas that wait for their turn. */
  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Whether the engine answered when it was last asked. */
  get engineAnswers(): boolean {
    return this.#engineLostAtMs === null
  }

  /** Begins nothing new, lets what is under way end, and cuts it off after `graceMs`. Containers run on. */
  async stop(graceMs: number): Promise<void> {
    this.#preemption.stop()
    this.#heartbeat.stop()
    const cutOff = this.#options.clock.after(graceMs, () => this.#abort.abort())
    await this.#queue.drain()
    this.#unsubscribe()
    cutOff()
    this.#abort.abort()
  }

  async #work(name: string): Promise<void> {
    const { clock, events } = this.#options
    const startedMs = clock.monotonicMs()
    const outcome = await this.#pass(name)
    const tookMs = Math.round(clock.monotonicMs() - startedMs)
    events.publish('pass.done', { ...outcomeFields(outcome), tookMs }, { flotilla: name })
    this.#noteEngine(outcome)
    this.#schedule(name, outcome)
    this.#options.onPass?.(name, outcome, this.statusOf(name), tookMs)
  }

  async #pass(name: string): Promise<Outcome> {
    const {
      observer,
      store,
      events,
      clock,
      random,
      flotillaVersion,
      environment,
      planner = defaultPlanner,
    } = this.#options
    try {
      const record = await this.#record(name)
      const wanted = this.#wanted.get(name)
      const preemption = this.#preemption.begin(name)
      if (wanted === undefined)
        return this.#removing.has(name) ? await this.#remove(name, record) : { kind: 'gone' }
      const fastPath = this.#preemption.isFastPath(name, record.memory.master?.ordinal)
      // Not a moment for reading files: what a person asks for is taken by the look that follows.
      if (!fastPath) await takeRequests({ store, events, clock }, record, wanted.spec)
      await record.recordManifestMissing(this.#byWallClock(wanted.missing))
      if (await record.acceptSpec(wanted.spec)) await this.#reportSpec(name, wanted, record.memory.generation)
      return await reconcile(
        { observer, store, events, clock, random, flotillaVersion, environment, planner },
        {
          spec: wanted.spec,
          record,
          specProblem:
            wanted.diagnostics.length === 0 ? null : wanted.diagnostics.map(renderDiagnostic).join('; '),
          signal: this.#abort.signal,
          preemption,
          fastPath,
          onMaster: master => this.#heartbeat.watch(name, master),
        },
      )
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  /** For people, and for the state file: manifests are followed by a clock that starts with the process. */
  #byWallClock(missing: DesiredFlotilla['missing']): ManifestMissing | null {
    // Who only looks keeps it for ever.
    if (missing === null || !Number.isFinite(missing.removedAtMs)) return null
    const { clock } = this.#options
    const aheadMs = clock.nowMs() - clock.monotonicMs()
    return { sinceMs: missing.sinceMs + aheadMs, removedAtMs: missing.removedAtMs + aheadMs }
  }

  async #remove(name: string, record: FlotillaRecord): Promise<Outcome> {
    const { observer, store, events } = this.#options
    const policy = record.memory.spec?.deletionPolicy ?? 'Orphan'
    events.publish('manifest.deleted', { deletionPolicy: policy }, { flotilla: name })
    if (policy !== 'Orphan')
      await removeFlotilla(
        { runtime: observer.runtime, ownNetworks: observer.ownNetworks, store, events },
        { flotilla: name, removeVolumes: policy === 'Delete', signal: this.#abort.signal },
      )
    else await record.saveMemory(memory => ({ ...memory, spec: null, manifestMissing: null }))
    this.#records.delete(name)
    this.#removing.delete(name)
    this.#heartbeat.watch(name, null)
    return { kind: 'gone' }
  }

  async #record(name: string): Promise<FlotillaRecord> {
    const known = this.#records.get(name)
    if (known !== undefined) return known
    const record = await FlotillaRecord.load(this.#options.store, name, this.#options.events)
    this.#records.set(name, record)
    return record
  }

  async #reportSpec(name: string, { spec, source }: DesiredFlotilla, generation: number): Promise<void> {
    const { replicas, image } = spec
    const scope = { flotilla: name }
    const where = source === null ? 'memory of an earlier run' : `${source.file}:${source.line}`
    const { events, observer } = this.#options
    events.publish('manifest.loaded', { generation, source: where, replicas, image }, scope)
    if (spec.resources.memoryBytes === null) return
    const limitsBytes = totalMemoryLimitBytes(this.#wanted.values())
    const { memoryBytes: hostBytes } = await observer.runtime.describeEngine()
    if (limitsBytes > hostBytes) events.publish('memory.overcommitted', { limitsBytes, hostBytes }, scope)
  }

  #schedule(name: string, outcome: Outcome): void {
    if (outcome.kind !== 'failed') this.#failures.clear(name)
    switch (outcome.kind) {
      case 'settled':
        return this.#queue.wakeAfter(name, this.#untilNextPollMs())
      case 'again':
        return outcome.inMs === 0
          ? this.#queue.wake(name)
          : this.#queue.wakeAfter(name, Math.min(outcome.inMs, pollMs.settled))
      case 'stuck':
        return this.#queue.wakeAfter(name, pollMs.unsettled)
      case 'failed':
        return this.#queue.wakeAfter(name, this.#noteFailure(name, outcome.error))
      case 'gone':
        return
    }
  }

  /**
   * All settled flotillas are looked at in the same moment, because one list of containers then serves them
   * all.
   */
  #untilNextPollMs(): number {
    return pollMs.settled - (this.#options.clock.monotonicMs() % pollMs.settled)
  }

  #noteFailure(name: string, error: unknown): number {
    const isObservationFailed = isObservationFailure(error)
    const isKnown = this.#engineLostAtMs !== null && isObservationFailed
    return this.#failures.record(name, error, {
      isKnown,
      maxMs: isObservationFailed ? pollMs.settled : retryMsMax,
    })
  }

  /** An engine that is down is one fact, told once, not once per flotilla and try. */
  #noteEngine(outcome: Outcome): void {
    const { events, clock } = this.#options
    if (outcome.kind === 'failed' && isObservationFailure(outcome.error)) {
      if (this.#engineLostAtMs !== null) return
      this.#engineLostAtMs = clock.monotonicMs()
      events.publish('engine.unreachable', {
        error: messageOf(outcome.error),
        hint: hintOf(outcome.error),
        code: errorCode(outcome.error),
      })
      return
    }
    if (outcome.kind === 'failed' || this.#engineLostAtMs === null) return
    events.publish('engine.recovered', { downMs: Math.round(clock.monotonicMs() - this.#engineLostAtMs) })
    this.#engineLostAtMs = null
  }
}

/** The engine did not say how the world is; no action of ours was under way. */
function isObservationFailure(error: unknown): boolean {
  return !(error instanceof ActionFailed) && isEngineFailure(error)
}

function outcomeFields(outcome: Outcome): {
  readonly outcome: string
  readonly reason: string | null
  readonly inMs: number | null
} {
  return {
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : null,
    inMs: outcome.kind === 'again' ? outcome.inMs : null,
  }
}
