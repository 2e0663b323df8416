import type { FlotillaError } from '../../../src/errors.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import type { FakeWorld } from './fake-world.js'
import type {
  ContainerFile,
  ContainerLimits,
  ImageFacts,
  PathFacts,
  PathToMake,
} from '../../../src/model/engine.js'

/** An engine in memory for tests: the port, hands that change things behind Flotilla's back, and faults. */
export interface FakeRuntime {
  readonly runtime: Runtime
  readonly controls: EngineControls
  readonly world: FakeWorld
  /** Every call of the port, in order, reads included. */
  readonly calls: readonly FakeCall[]
  /** Asked before each call; what it returns happens to that call. Replace at will. */
  faultOf: (call: FakeCall) => FakeFault | null
}

export interface FakeCall {
  readonly method: keyof Runtime
  /** Without the call options. */
  readonly args: readonly unknown[]
}

export type FakeFault =
  /** Nothing is done. */
  | { readonly kind: 'fail'; readonly error: FlotillaError }
  /** Done, and then the answer is lost. */
  | { readonly kind: 'lose-reply'; readonly error: FlotillaError }
  /** Nothing is done; ends by the caller's signal, or by a deadline of 10 s of the clock. */
  | { readonly kind: 'stall' }

export interface FakeVolume {
  /** Left out: nobody's. */
  ownerOf?(path: string): number | null
  find(path: string): PathFacts | null
  read(path: string): string | null
  make(paths: readonly PathToMake[]): void
}

/** How long a call takes, ms: until the engine does it, and from then until its answer is here. */
export interface FakePace {
  readonly beforeMs: number
  readonly afterMs: number
}

/** What people and kernels do to containers. All take an id or a name. */
export interface EngineControls {
  /** kill -9 from outside; also by the kernel when `oomKilled`. */
  kill9(idOrName: string, how?: { readonly oomKilled: boolean }): void
  /** The process ends by itself. */
  exit(idOrName: string, code: number): void
  start(idOrName: string): void
  pause(idOrName: string): void
  unpause(idOrName: string): void
  rename(idOrName: string, name: string): void
  forceRemove(idOrName: string): void
  /** docker rm -f that fails half way and leaves the container dead. */
  leaveDead(idOrName: string): void
  /**
   * An engine that is killed, and keeps what it knows of a run that has ended: no start of that container
   * succeeds any more.
   */
  leaveUnusable(idOrName: string): void
  disconnect(idOrName: string, network: string): void
  /** An engine whose disk fails while a container ends: its network keeps an endpoint of that name. */
  leaveEndpoint(network: string, name: string): void
  /** The next start fails with these words of the engine. */
  failNextStart(idOrName: string, error: string): void
  writeLog(idOrName: string, line: string): void
  limitsOf(idOrName: string): ContainerLimits
  /** As whom its process runs; null: the engine can't tell. */
  runAs(idOrName: string, uid: number | null): void
  filesOf(idOrName: string): ReadonlyMap<string, ContainerFile>
  addImage(image: string, facts?: Partial<ImageFacts>): void
  /** Makes an image that only pulling brings. */
  publishImage(image: string): void
  removeVolume(name: string): void
  /** Drops all event streams; they come back 100 ms of the clock later. */
  dropEvents(): void
  /** All processes end and all streams drop, as when the engine's machine restarts. */
  restartEngine(): void
}
