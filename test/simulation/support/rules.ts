import { holdsAllOf, type Dataset } from '../../fakes/redis/dataset.js'
import { histories } from '../../fakes/redis/fake-disk.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import type { FakeChange } from '../../fakes/redis/fake-wire.js'
import { isAlive } from '../../fakes/runtime/fake-world.js'
import type { PlanInput } from '../../../src/model/plan-input.js'
import { factsOfNode } from '../../../src/model/node-facts.js'
import { nodeAlias } from '../../../src/model/names.js'
import { readNodeLabels } from '../../../src/runtime/labels.js'
import { GatewayRules } from './gateway-rules.js'
import { Availability, downMsMax } from './availability.js'
import type { SimDaemon } from './sim-daemon.js'
import { flotilla, type SimWorld } from './sim-world.js'
import type { Acknowledged } from './writer.js'

export const ruleNames = [
  'one master',
  'nothing more advanced is discarded',
  'no last copy goes',
  'nothing of others is touched',
  'the judge agrees',
  'nobody abuses the world',
  'acknowledged by a replica survives one fault',
  'settled is as wanted',
  'it comes to rest',
  'writable again within a bound',
  'one node’s trouble is its own',
  'the gateway leads to the master',
  'the gateway follows within a bound',
  'hibernating keeps what was acknowledged',
] as const

export type RuleName = (typeof ruleNames)[number]

export interface Violation {
  readonly rule: RuleName
  readonly what: string
  readonly atMs: number
}

/** What must be true at every moment, judged by what is, not by what Flotilla knows. */
export class Rules {
  readonly #world: SimWorld
  readonly #flotilla: SimDaemon
  readonly #acknowledged = new Set<Dataset>()
  /** Made master by a person, and by nobody else since. */
  readonly #byHand = new WeakSet<FakeProcess>()
  readonly #judged: ReadonlySet<RuleName>
  readonly #availability: Availability
  readonly #gateway: GatewayRules
  #isActingByHand = false
  #wasChangedByHand = false
  #lastInput: PlanInput | null = null
  #first: Violation | null = null
  readonly acknowledged: Acknowledged[] = []
  /** The state file was lost. */
  memoryLost = false
  /** Something lasts that keeps Flotilla from acting, or that a person has said. */
  isBlocked: () => boolean = () => false
  /** A person has said that data may go: from then on it is theirs. */
  forced = false

  /** `judged`: the rules that count; a test of one of them wants to see no other. */
  constructor(world: SimWorld, daemon: SimDaemon, judged: readonly RuleName[] = ruleNames) {
    this.#judged = new Set(judged)
    this.#world = world
    this.#gateway = new GatewayRules(world)
    this.#availability = new Availability(world)
    this.#flotilla = daemon
    world.onChange = change => this.#note(change)
    world.onMisuse = what => this.break('nobody abuses the world', what)
    world.engine.controls.addImage('stranger')
    world.engine.world.addNetwork({ name: 'elsewhere', labels: {} })
    world.engine.world.addVolume({ name: 'precious', labels: {} })
    world.engine.world.start(world.engine.world.need(world.engine.world.create(foreignSpec, [])))
  }

  get violation(): Violation | null {
    return this.#first
  }

  break(rule: RuleName, what: string): void {
    if (this.#judged.has(rule))
      this.#first ??= { rule, what, atMs: Math.round(this.#world.clock.monotonicMs()) }
  }

  recordAck(write: Acknowledged): void {
    this.acknowledged.push(write)
    this.#acknowledged.add(write.data)
  }

  /** All that was written until now is deleted on purpose: nobody is owed it any more. */
  recordFlush(): void {
    this.acknowledged.length = 0
    this.#acknowledged.clear()
  }

  /**
   * A power cut takes what was not synced, on each disk more or less of it, and no append-only file says how
   * much. What every disk still has stands; that one has a few writes more than another nobody can tell
   * afterwards, so of those nothing is promised.
   */
  recordPowerCut(): void {
    this.#world.cutPower()
    const disks = [...this.#world.redis.disks.values()]
    for (const write of [...this.#acknowledged])
      if (!disks.every(disk => histories(disk).some(history => holdsAllOf(history, write))))
        this.#acknowledged.delete(write)
  }

  /** What a person does to a node is not ours. */
  byHand(act: () => void): void {
    this.#isActingByHand = true
    act()
    this.#isActingByHand = false
  }

  /** What a plan is made of. */
  recordInput(input: PlanInput): void {
    this.#lastInput = input
  }

  /** After every step. */
  check(): void {
    this.#checkOneMaster()
    this.#checkForeignUntouched()
    this.#checkWritable()
    const wrong = this.#gateway.wrong(this.memoryLost || this.#wasChangedByHand || this.isBlocked())
    if (wrong !== null) this.break('the gateway follows within a bound', wrong)
  }

  /** Flotilla is about to lead clients there. */
  checkPointing(host: string): void {
    if (this.memoryLost || this.#wasChangedByHand) return
    const reason = this.#gateway.whyNotLead(host)
    if (reason !== null)
      this.break('the gateway leads to the master', `clients would be led to a node: ${reason}`)
  }

  #checkWritable(): void {
    const isTheirs = this.memoryLost || this.#wasChangedByHand
    const downMs = this.#availability.downMs(isTheirs || this.isBlocked())
    if (downMs > downMsMax)
      this.break(
        'writable again within a bound',
        `a copy in sync answers, and for ${downMs} ms nobody takes writes`,
      )
  }

  /**
   * Two that take writes are two histories. Also a frozen or unreachable one counts: it may come back at any
   * moment. Whom a person made master by hand can't be prevented, and is not ours until our record names it.
   */
  #checkOneMaster(): void {
    let ours: FakeProcess | null = null
    for (const process of this.#world.redis.processes) {
      if (process.upstream !== null || this.#byHand.has(process)) continue
      if (ours !== null)
        return this.break('one master', `${ours.alias} and ${process.alias} both take writes under our epoch`)
      ours = process
    }
  }

  #checkForeignUntouched(): void {
    const { containers, volumes, networks } = this.#world.engine.world
    const foreign = containers.get(this.#foreignId())
    const isWell =
      foreign?.state === 'running' &&
      foreign.name === foreignSpec.name &&
      volumes.has('precious') &&
      networks.has('elsewhere')
    if (!isWell)
      this.break(
        'nothing of others is touched',
        'a container, volume or network without our labels has changed',
      )
  }

  #knownForeignId: string | null = null
  #foreignId(): string {
    this.#knownForeignId ??= this.#world.engine.world.find(foreignSpec.name)?.id ?? ''
    return this.#knownForeignId
  }

  #note(change: FakeChange): void {
    switch (change.kind) {
      case 'promoted':
        if (this.#isActingByHand) {
          this.#wasChangedByHand = true
          this.#byHand.add(change.process)
        } else {
          this.#byHand.delete(change.process)
          this.#checkMostAdvanced(change.process)
        }
        return
      case 'demoted':
        this.#byHand.delete(change.process)
        return
      case 'shut-down':
        return this.#checkSaved(change.process)
      case 'overwriting':
        if (!this.forced && !this.#isByHand(change.process))
          this.#checkLastCopy(change.process.data, change.process, change.by)
    }
  }

  /** What it acknowledged is on its own volume when it ends because it was told to save. */
  #checkSaved({ alias, data, disk }: FakeProcess): void {
    const newest = this.#newestAcknowledged(data)
    if (newest !== null && !histories(disk).some(history => holdsAllOf(history, newest)))
      this.break(
        'hibernating keeps what was acknowledged',
        `${alias} has ended without ${newest.key} on its volume`,
      )
  }

  /**
   * It copies from one that a person made master; or nobody remembers who was master, and a person made one.
   */
  #isByHand({ link }: FakeProcess): boolean {
    if (link !== null && this.#byHand.has(link.master)) return true
    return this.memoryLost && this.#wasChangedByHand
  }

  /**
   * What was promoted lacks nothing that another node holds which could have been asked: it runs, answers,
   * and was not in the middle of reading.
   */
  #checkMostAdvanced(promoted: FakeProcess): void {
    if (this.forced) return
    this.#checkMostAdvancedSeen(promoted)
    for (const other of this.#world.redis.processes) {
      if (other === promoted || other.frozen || other.offline || other.state !== 'well') continue
      // What came since Flotilla looked it could not know: it looks at most half a second before, and waits
      // so long for whoever still reads.
      if (other.link !== null || nowIsWithin(this.#world, other.linkLostAtMs, 600)) continue
      const isAhead = other.data.depth > promoted.data.depth && holdsAllOf(other.data, promoted.data)
      const lost = isAhead ? this.#newestAcknowledged(other.data) : null
      if (lost !== null && !holdsAllOf(promoted.data, lost))
        this.break(
          'nothing more advanced is discarded',
          `${promoted.alias} was promoted with ${promoted.data.depth} writes while ${other.alias} holds ${other.data.depth}`,
        )
    }
  }

  /**
   * By what Flotilla itself has seen: somebody of the same history was further than who was promoted, and
   * than that has come since.
   */
  #checkMostAdvancedSeen(promoted: FakeProcess): void {
    const replid = promoted.previous?.replid
    for (const node of this.#lastInput?.seen.nodes ?? []) {
      const facts = factsOfNode(node)
      const applied = facts?.upstream?.appliedOffset ?? 0
      // Of one history, and both empty: what is discarded is nothing.
      if (facts?.keys === 0 && promoted.data.keys === 0) continue
      if (
        facts?.replid === replid &&
        applied > promoted.offset &&
        nodeAlias(flotilla, node.ordinal) !== promoted.alias
      )
        this.break(
          'nothing more advanced is discarded',
          `${promoted.alias} was promoted at offset ${promoted.offset}, and node ${node.ordinal} was seen at ${applied}`,
        )
    }
  }

  /** An acknowledged write that is about to go is somewhere else: in a node, on a volume, or set aside. */
  #checkLastCopy(data: Dataset, holder: FakeProcess, successor: Dataset | null): void {
    const newest = this.#newestAcknowledged(data)
    if (newest === null || (successor !== null && holdsAllOf(successor, newest))) return
    for (const process of this.#world.redis.processes)
      if (process !== holder && holdsAllOf(process.data, newest)) return
    for (const disk of this.#world.redis.disks.values()) {
      const kept = disk === holder.disk ? disk.archives.flatMap(archives => archives.data) : histories(disk)
      if (kept.some(history => holdsAllOf(history, newest))) return
    }
    this.break(
      'no last copy goes',
      `${holder.alias} holds the last copy of ${newest.key} (acknowledged), and it is overwritten`,
    )
  }

  #newestAcknowledged(data: Dataset): Dataset | null {
    for (let write: Dataset | null = data; write !== null; write = write.parent)
      if (this.#acknowledged.has(write)) return write
    return null
  }

  /**
   * What a stopped or killed process held must be on its volume or elsewhere; told before the engine does it.
   */
  beforeEnd(containerId: string, isRemoval: boolean): void {
    const process = this.#world.redis.processOf(containerId)
    // One that hangs is fenced, whatever it holds: it could not be asked. Being told to end, it saves.
    if (process === null || process.frozen || process.offline || this.forced) return
    const savesFirst = !isRemoval && process.persistence === 'rdb'
    const onDisk = savesFirst ? process.data : process.disk.aof
    const newest = this.#newestAcknowledged(process.data)
    if (newest === null || (process.persistence !== 'none' && onDisk !== null && holdsAllOf(onDisk, newest)))
      return
    this.#checkLastCopy(process.data, process, null)
  }

  /**
   * How things are once it says that it is ready, with nothing under way.
   * @param troubled nodes of which nothing can be asked
   */
  whyNotConverged(replicas: number, troubled: readonly number[] = []): string | null {
    const masters = [...this.#world.redis.processes].filter(({ upstream }) => upstream === null)
    const [master] = masters
    if (master === undefined || masters.length > 1) return `${masters.length} nodes are master`
    const snapshot = this.#flotilla.snapshot
    if (snapshot === null) return 'it has not looked'
    const { containers } = this.#world
    const ordinalOf = (id: string): number | undefined =>
      readNodeLabels(containers.find(one => one.id === id)?.spec.labels ?? {})?.ordinal
    if (snapshot.memory.master?.ordinal !== ordinalOf(master.containerId))
      return 'the record names another master'
    if (snapshot.memory.operation !== null) return 'an operation is still under way'
    if (containers.length < replicas + 1 - troubled.length || containers.length > replicas + 1)
      return `${containers.length} containers, and ${replicas + 1} are wanted`
    for (const container of containers) {
      const process = this.#world.redis.processOf(container.id)
      if (troubled.includes(ordinalOf(container.id) ?? -1)) continue
      if (!isAlive(container) || process === null) return `${container.name} does not run`
      const ordinal = ordinalOf(container.id)
      const name = process === master ? `${flotilla}-master` : `${flotilla}-replica-${ordinal}`
      if (container.name !== name) return `node ${ordinal} is called ${container.name}`
      if (process === master) continue
      if (process.link?.state !== 'up' || process.link.master !== master)
        return `${process.alias} is not in sync with the master`
    }
    return null
  }
}

function nowIsWithin({ clock }: SimWorld, sinceMs: number | null, ms: number): boolean {
  return sinceMs !== null && clock.monotonicMs() - sinceMs < ms
}

const foreignSpec = {
  ...{ name: 'bystander', image: 'stranger', command: ['sleep'], labels: {}, hostname: 'bystander' },
  attachment: { network: 'elsewhere', links: [], aliases: [] },
  ...{ mounts: [], dnsOptions: [], openFilesMax: 1_024 },
  ...{ stopGraceSeconds: 10, publishPort: null },
}
