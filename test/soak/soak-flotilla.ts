import type { Daemon } from '../support/daemon.js'
import type { NodeContainer } from '../support/containers.js'
import { testEngine } from '../support/engine.js'
import type { World } from '../support/world.js'
import { Writer } from '../support/writer.js'

/** What the manifest asks for now; faults may edit it. */
export interface Wanted {
  readonly replicas: number
  readonly image: string
}

/** A process that has run for so long did not crash at its start. */
const provenMs = 31_000

/**
 * One flotilla with its two writers, and what a person with a sense of proportion would remember of its
 * nodes: a node that has failed often within ten minutes, or ended often within seconds of its start, is left
 * to a person by Flotilla on purpose, and a soak that provokes that proves nothing.
 */
export class SoakFlotilla {
  readonly world: World
  readonly plain: Writer
  readonly safe: Writer
  #wanted: Wanted = { replicas: 2, image: testEngine().image }
  readonly #failoversAtMs = new Map<number, number[]>()
  readonly #crashed = new Set<number>()

  constructor(world: World) {
    this.world = world
    this.plain = new Writer(world, { promised: 'plain', clients: 1, stem: 'plain', everyMs: 5 })
    this.safe = new Writer(world, { promised: 'wait', clients: 1, stem: 'safe', everyMs: 5 })
  }

  get wanted(): Wanted {
    return this.#wanted
  }

  setWanted(change: Partial<Wanted>): void {
    this.#wanted = { ...this.#wanted, ...change }
    this.world.declare(this.#wanted)
  }

  /**
   * One whose process has run for long enough not to have crashed at its start, or that has never done so
   * yet.
   */
  mayCrash({ ordinal, startedAt, running }: NodeContainer): boolean {
    return running && (!this.#crashed.has(ordinal) || Date.now() - Date.parse(startedAt) > provenMs)
  }

  noteCrash({ ordinal }: NodeContainer): void {
    this.#crashed.add(ordinal)
  }

  /**
   * A master that may still fail over: twice in ten minutes is what Flotilla does without asking, and one is
   * kept in reserve.
   */
  mayFailOver({ ordinal }: NodeContainer, nowMs: number): boolean {
    const recent = (this.#failoversAtMs.get(ordinal) ?? []).filter(atMs => nowMs - atMs < 660_000)
    return recent.length < 2
  }

  noteFailover({ ordinal }: NodeContainer, nowMs: number): void {
    this.#failoversAtMs.set(ordinal, [...(this.#failoversAtMs.get(ordinal) ?? []), nowMs])
  }
}

/** What the soak and its faults work with. */
export interface SoakContext {
  readonly flotillas: readonly SoakFlotilla[]
  readonly daemon: () => Daemon
  /** Kills the daemon and starts the next one. */
  readonly restartDaemon: () => Promise<void>
}
