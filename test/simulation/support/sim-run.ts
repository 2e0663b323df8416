import { FlotillaError } from '../../../src/errors.js'
import type { EventSink } from '../../../src/events/catalogue.js'
import { defaultPlanner, type Planner } from '../../../src/reconciler/loop/planner.js'
import { flush } from '../../fakes/redis/dataset.js'
import { takeWrite } from '../../fakes/redis/fake-master.js'
import { followUpstream, promoteProcess } from '../../fakes/redis/fake-replica.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import type { FakeCall } from '../../fakes/runtime/fake-engine.js'
import { isAlive } from '../../fakes/runtime/fake-world.js'
import type { OperatorRequest } from '../../../src/state/requests.js'
import { Rules, type RuleName } from './rules.js'
import type { Fault, FaultBody, Scenario, SimSpec } from './scenario.js'
import { SimDaemon } from './sim-daemon.js'
import { readNodeLabels } from '../../../src/runtime/labels.js'
import { flotilla, recordPath, SimWorld, stateDirectory } from './sim-world.js'
import { Writer } from './writer.js'

export interface RunOptions {
  readonly planner?: Planner
  readonly traced?: boolean
  /** The rules that count; all, unless told. */
  readonly rules?: readonly RuleName[]
}

/** One world, Flotilla in it, and what befalls them. */
export class SimRun {
  readonly world: SimWorld
  readonly daemon: SimDaemon
  readonly rules: Rules
  readonly trace: string[] = []
  readonly #scenario: Scenario
  readonly #writers: readonly Writer[]
  readonly #traced: boolean
  /** What ends with the healing. */
  readonly #undos = new Set<() => void>()
  #engineTrouble: Extract<FaultBody, { kind: 'engine-trouble' }> | null = null
  /** By ordinal. */
  readonly #nodeTrouble = new Map<number, Extract<FaultBody, { kind: 'node-trouble' }>['what']>()
  #commandTrouble: Extract<FaultBody, { kind: 'order-trouble' }> | null = null
  #eventTrouble: Extract<FaultBody, { kind: 'event-trouble' }> | null = null
  /** The state file as it was at each fault. */
  readonly #records: (string | null)[] = []
  #onCall: (() => void) | null = null
  #calls = 0
  #asks = 0
  spec: SimSpec

  constructor(scenario: Scenario, { planner = defaultPlanner, traced = false, rules }: RunOptions = {}) {
    this.#scenario = scenario
    this.#traced = traced
    this.spec = scenario.spec
    const world = new SimWorld(scenario.seed)
    this.world = world
    this.daemon = new SimDaemon(
      {
        ...{ world, events: this.#events() },
        planner: {
          decide: input => {
            this.rules.recordInput(input)
            return planner.decide(input)
          },
          findViolations: (plan, input) => planner.findViolations(plan, input),
        },
        commandFault: order => this.#commandFault(order),
        onPoint: host => this.rules.checkPointing(host),
        deliverEvent: () => this.#deliverEvent(),
      },
      scenario.spec,
    )
    this.rules = new Rules(world, this.daemon, rules)
    this.rules.isBlocked = () =>
      this.#undos.size > 0 || !this.daemon.isUp || this.spec.mode !== 'automatic' || this.#isPaused()
    world.engine.faultOf = call => this.#engineFault(call)
    this.#writers = scenario.writers.map(
      (setting, index) =>
        new Writer(world, setting, { name: `w${index}`, onAck: write => this.rules.recordAck(write) }),
    )
  }

  /** Nodes for which the engine can't do something. */
  get troubled(): readonly number[] {
    return [...this.#nodeTrouble.keys()]
  }

  /** Changes that Flotilla has made in the world. */
  get calls(): number {
    return this.#calls
  }

  start(): void {
    this.daemon.start()
  }

  /** Writers write, and faults come one after the other. @param done called after the last. */
  startFaults(done: () => void): void {
    for (const writer of this.#writers) writer.start()
    this.#next(0, done)
  }

  /** One more thing that happens, now. */
  inject(fault: FaultBody): void {
    this.#inject({ ...fault, afterMs: 0, afterCalls: 0 })
  }

  stopWriters(): void {
    for (const writer of this.#writers) writer.stop()
  }

  /** Everything that would not mend itself. */
  heal(): void {
    for (const undo of [...this.#undos]) undo()
    this.#undos.clear()
    this.daemon.start()
  }

  /** What a person asks for, as the command line hands it over. */
  ask(wanted: Wanted): void {
    this.#asks += 1
    if ('force' in wanted && wanted.force) this.rules.forced = true
    const requestId = `ask-${this.#asks}`
    const ask = { timeoutMs: null, ...wanted, requestId, atMs: this.world.clock.nowMs() }
    this.log(`ask ${JSON.stringify(wanted)}`)
    this.world.files.put(`${stateDirectory}/requests/${flotilla}.${requestId}.json`, JSON.stringify(ask))
    this.daemon.wake()
  }

  edit(change: Partial<SimSpec>): void {
    this.spec = { ...this.spec, ...change }
    this.daemon.edit(this.spec)
  }

  log(what: string): void {
    if (this.#traced) this.trace.push(`${this.world.clock.monotonicMs().toFixed(1).padStart(9)} ${what}`)
  }

  #next(index: number, done: () => void): void {
    const fault = this.#scenario.faults[index]
    if (fault === undefined) return done()
    const { clock } = this.world
    clock.after(fault.afterMs, () => {
      const inject = (): void => {
        this.#onCall = null
        this.log(`FAULT ${JSON.stringify(fault)}`)
        this.#records.push(this.world.files.peek(recordPath))
        this.#inject(fault)
        this.#next(index + 1, done)
      }
      if (fault.afterCalls === 0) return inject()
      let left = fault.afterCalls
      const cancel = clock.after(callTimeoutMs, inject)
      this.#onCall = () => {
        left -= 1
        if (left > 0) return
        cancel()
        inject()
      }
    })
  }

  /** What the engine refuses to a person's hand has not happened. */
  #inject(fault: Fault): void {
    try {
      this.#apply(fault)
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error
      this.log(`refused: ${error.message}`)
    }
  }

  #apply(fault: Fault): void {
    const { world, daemon, rules } = this
    const { controls } = world.engine
    switch (fault.kind) {
      case 'kill':
      case 'exit': {
        const container = world.containerOf(fault.node)
        if (container !== null) controls.exit(container.id, fault.kind === 'kill' ? 137 : fault.code)
        return
      }
      case 'kill-again':
        return this.#killAgain(fault)
      case 'remove': {
        const container = world.containerOf(fault.node)
        if (container !== null) controls.forceRemove(container.id)
        return
      }
      case 'leave-dead': {
        const container = world.containerOf(fault.node)
        if (container !== null) controls.leaveDead(container.id)
        return
      }
      case 'leave-unusable': {
        const container = world.containerOf(fault.node)
        if (container !== null) controls.leaveUnusable(container.id)
        return
      }
      case 'node-trouble': {
        const labels = world.containerOf(fault.node)?.spec.labels ?? {}
        const ordinal = fault.node === 'master' ? readNodeLabels(labels)?.ordinal : fault.node
        if (ordinal === undefined) return
        this.#nodeTrouble.set(ordinal, fault.what)
        return this.#until(fault.forMs, () => this.#nodeTrouble.delete(ordinal))
      }
      case 'pause': {
        const container = world.containerOf(fault.node)
        if (container === null) return
        controls.pause(container.id)
        return this.#until(fault.forMs, () => {
          if (world.engine.world.find(container.id) !== null) controls.unpause(container.id)
        })
      }
      case 'freeze': {
        const process = world.processOf(fault.node)
        if (process === null) return
        world.stop(process)
        return fault.forMs === 0 ? undefined : this.#until(fault.forMs, () => world.resume(process))
      }
      case 'busy': {
        const process = world.processOf(fault.node)
        if (process?.state !== 'well') return
        process.state = 'busy'
        return this.#until(fault.forMs, () => {
          if (process.state === 'busy') process.state = 'well'
        })
      }
      case 'disconnect': {
        const container = world.containerOf(fault.node)
        if (container !== null && isAlive(container)) controls.disconnect(container.id, flotilla)
        return
      }
      case 'slow-link': {
        const process = world.processOf(fault.node)
        if (process === null) return
        process.slowMs = fault.byMs
        return this.#until(fault.forMs, () => {
          process.slowMs = 0
        })
      }
      case 'slow-sync':
        world.delays.syncMs = fault.syncMs
        return this.#until(fault.forMs, () => {
          world.delays.syncMs = 0
        })
      case 'slow-load':
        world.delays.loadMs = fault.loadMs
        return this.#until(fault.forMs, () => {
          world.delays.loadMs = 0
        })
      case 'crash-flotilla':
        daemon.kill()
        return this.#until(fault.downMs, () => daemon.start())
      case 'restart-engine':
        return world.restartEngine()
      case 'power-cut':
        daemon.kill()
        rules.recordPowerCut()
        return this.#until(fault.downMs, () => daemon.start())
      case 'engine-trouble':
        this.#engineTrouble = fault
        return this.#until(fault.forMs, () => {
          this.#engineTrouble = null
        })
      case 'order-trouble':
        this.#commandTrouble = fault
        return this.#until(fault.forMs, () => {
          this.#commandTrouble = null
        })
      case 'event-trouble':
        this.#eventTrouble = fault
        return this.#until(fault.forMs, () => {
          this.#eventTrouble = null
        })
      case 'clock-jump':
        return world.clock.jump(fault.byMs)
      case 'flush': {
        const process = world.processOf('master')
        if (process?.state !== 'well' || process.frozen || process.upstream !== null) return
        takeWrite(world.redis.wire, process, { key: flush, value: '', waitFor: 0 }, () => undefined)
        return rules.recordFlush()
      }
      case 'edit':
        return this.edit(fault.change)
      case 'promote-by-hand': {
        const process = world.processOf(fault.node)
        if (process?.state === 'well' && !process.frozen)
          rules.byHand(() => promoteProcess(world.redis.wire, process))
        return
      }
      case 'failover-by-hand': {
        const target = world.processOf(fault.node)
        const master = target?.link?.state === 'up' ? target.link.master : undefined
        const isWell = (process: FakeProcess): boolean => process.state === 'well' && !process.frozen
        if (target === null || master === undefined || master.upstream !== null) return
        if (!isWell(target) || !isWell(master) || target.offset !== master.offset) return
        const { wire } = world.redis
        const { alias: host, port } = target
        rules.byHand(() => {
          promoteProcess(wire, target)
          followUpstream(wire, master, { host, port })
        })
        return
      }
      case 'start-by-hand': {
        const container = world.containerOf(fault.node)
        world.startedByHand = true
        if (container !== null && world.engine.world.networks.has(flotilla)) controls.start(container.id)
        return
      }
      case 'rename-by-hand': {
        const container = world.containerOf(fault.node)
        if (container !== null && world.engine.world.find(fault.to) === null)
          controls.rename(container.id, fault.to)
        return
      }
      case 'remove-volume': {
        const volume = `${flotilla}-${fault.node}`
        if (world.containerOf(fault.node) !== null) return
        controls.removeVolume(volume)
        world.redis.disks.delete(volume)
        return
      }
      case 'start-fails': {
        const container = world.containerOf(fault.node)
        if (container !== null) controls.failNextStart(container.id, 'the engine says no')
        return
      }
      case 'gateway':
        return this.#strikeGateway(fault)
      case 'forget':
        rules.memoryLost = true
        void world.files.remove(recordPath)
        return
      case 'restore-record': {
        const record = this.#records.at(-1 - fault.faultsAgo) ?? null
        if (record === null) return
        daemon.kill()
        rules.memoryLost = true
        world.files.put(recordPath, record)
        return daemon.start()
      }
      case 'hibernate':
        this.edit({ hibernate: true })
        return this.#until(fault.forMs, () => this.edit({ hibernate: false }))
      case 'ask-switchover':
        return this.ask({ kind: 'switchover', to: fault.to, force: false, timeoutMs: 5_000 })
      case 'ask-failover':
        return this.ask({ kind: 'failover', to: fault.to, force: false, timeoutMs: 5_000 })
      case 'ask-restart':
        return this.ask({ kind: 'restart', node: fault.node })
      case 'ask-pause':
        this.ask({ kind: 'pause' })
        return this.#until(fault.forMs, () => this.ask({ kind: 'resume' }))
    }
  }

  #strikeGateway({ how, forMs }: Extract<FaultBody, { kind: 'gateway' }>): void {
    const { engine, gateways, random } = this.world
    const { container, running } = gateways
    if (container === null) return
    switch (how) {
      case 'kill':
        return gateways.crash()
      case 'stop':
        return engine.controls.exit(container.id, 0)
      case 'remove':
        return engine.controls.forceRemove(container.id)
      case 'pause':
        engine.controls.pause(container.id)
        return this.#until(forMs, () => {
          if (engine.world.find(container.id)?.state === 'paused') engine.controls.unpause(container.id)
        })
      case 'disconnect':
        return isAlive(container) ? engine.controls.disconnect(container.id, flotilla) : undefined
      case 'cut-admin':
        return running === null ? undefined : gateways.gateways.cutAdmin(running)
      case 'edit-by-hand': {
        const processes = [...this.world.redis.processes]
        const process = processes[random.int(0, processes.length - 1)]
        const labels = this.world.engine.world.find(process?.containerId ?? '')?.spec.labels ?? {}
        const ordinal = readNodeLabels(labels)?.ordinal
        if (running === null || process === undefined || ordinal === undefined) return
        return gateways.gateways.enableByHand(running, { ordinal, host: process.host, port: 6_379 })
      }
    }
  }

  /** Whoever is master, until as many are killed or all is healed. */
  #killAgain({ times, everyMs }: { readonly times: number; readonly everyMs: number }): void {
    const { world } = this
    const undo = (): void => void this.#undos.delete(undo)
    this.#undos.add(undo)
    const inject = (left: number): void => {
      if (!this.#undos.has(undo)) return
      const master = [...world.redis.processes].find(({ upstream }) => upstream === null)
      this.log(`kills ${master?.alias ?? 'nobody'}, ${left - 1} to come`)
      if (master !== undefined) world.engine.controls.exit(master.containerId, 137)
      if (left > 1) world.clock.after(everyMs, () => inject(left - 1))
      else undo()
    }
    inject(times)
  }

  /** A trouble that ends by itself, or with the healing. */
  #until(forMs: number, undo: () => void): void {
    const once = (): void => {
      if (!this.#undos.delete(once)) return
      cancel()
      this.log('a trouble is over')
      undo()
    }
    this.#undos.add(once)
    const cancel = this.world.clock.after(forMs, once)
  }

  #isPaused(): boolean {
    return (this.daemon.snapshot?.memory.pausedSinceMs ?? null) !== null
  }

  #events(): EventSink {
    return {
      publish: (code, fields) => {
        if (code === 'plan.rejected') this.rules.break('the judge agrees', JSON.stringify(fields))
        if (this.#traced && code !== 'pass.done' && code !== 'action.done')
          this.log(`${code} ${JSON.stringify(fields)}`)
      },
    }
  }

  #engineFault(call: FakeCall) {
    if (changes.has(call.method)) {
      const [what, name] = call.args
      const words = what instanceof Object ? JSON.stringify(what).slice(0, 60) : shortId(String(what))
      this.#noteCall(`${call.method} ${words} ${typeof name === 'string' ? name : ''}`)
      if (ends.has(call.method)) this.rules.beforeEnd(String(call.args[0]), call.method === 'removeContainer')
    }
    const ofNode = this.#troubleOfNode(call)
    if (ofNode !== null) return { kind: 'fail' as const, error: ofNode }
    const trouble = this.#engineTrouble
    if (trouble === null || !this.world.random.chance(trouble.share)) return null
    const error = new FlotillaError('runtime/failed', `${call.method}: the engine has said 500`)
    return trouble.how === 'stall' ? { kind: 'stall' as const } : { kind: trouble.how, error }
  }

  /** The container of the node can't be made or started, or the one that sets its data aside can't. */
  #troubleOfNode({ method, args: [what] }: FakeCall): FlotillaError | null {
    if (this.#nodeTrouble.size === 0 || (method !== 'createContainer' && method !== 'startContainer'))
      return null
    const spec =
      method === 'createContainer'
        ? (what as { readonly labels: Readonly<Record<string, string>>; readonly hostname: string })
        : this.world.engine.world.find(String(what))?.spec
    for (const [ordinal, trouble] of this.#nodeTrouble) {
      if (spec?.hostname !== `${flotilla}-${ordinal}`) continue
      const isNode = readNodeLabels(spec.labels) !== null
      const isMeant =
        trouble === 'set-aside'
          ? !isNode
          : isNode && method === (trouble === 'create' ? 'createContainer' : 'startContainer')
      if (isMeant)
        return new FlotillaError('runtime/disk-full', `${method} of node ${ordinal}: no space left on device`)
    }
    return null
  }

  #commandFault(order: string) {
    this.#noteCall(order)
    const trouble = this.#commandTrouble
    return trouble !== null && this.world.random.chance(trouble.share) ? trouble.how : null
  }

  #noteCall(what: string): void {
    this.#calls += 1
    this.log(`  -> ${what}`)
    this.#onCall?.()
  }

  #deliverEvent(): readonly number[] {
    const { random } = this.world
    const usualMs = random.spread(5, 100)
    switch (this.#eventTrouble?.how) {
      case 'lose':
        return []
      case 'twice':
        return [usualMs, usualMs + random.spread(1, 1_000)]
      case 'late':
        return [usualMs * 50]
      case undefined:
        return [usualMs]
    }
  }
}

/** An id as a person would write it; a name as it is. */
function shortId(idOrName: string): string {
  return idOrName.length === 64 ? idOrName.slice(0, 12).replace(/^0+/, '') : idOrName
}

/** An order that says nothing else waits for whoever keeps the flotilla next. */
type Wanted = OperatorRequest extends infer One
  ? One extends OperatorRequest
    ? Omit<One, keyof Frame> & Partial<Pick<One, 'timeoutMs'>>
    : never
  : never
type Frame = Pick<OperatorRequest, 'requestId' | 'atMs' | 'timeoutMs'>

/** A fault that waits for Flotilla to act strikes all the same when it doesn't. */
const callTimeoutMs = 3_000

const changes: ReadonlySet<string> = new Set<FakeCall['method']>([
  'createNetwork',
  'createVolume',
  'createContainer',
  'putFiles',
  'startContainer',
  'stopContainer',
  'killContainer',
  'renameContainer',
  'unpauseContainer',
  'removeContainer',
  'attachNetwork',
  'detachNetwork',
  'removeNetwork',
  'removeVolume',
  'removeImage',
  'pullImage',
])
const ends: ReadonlySet<string> = new Set<FakeCall['method']>([
  'stopContainer',
  'killContainer',
  'removeContainer',
])
