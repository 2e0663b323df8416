import { FlotillaError } from '../../errors.js'
import { fallbackImageLabel } from '../../runtime/labels.js'
import { withApplied, type AppliedSettings } from '../../model/record.js'
import { factsOfNode } from '../../model/node-facts.js'
import { nodeAlias } from '../../model/names.js'
import type { Observation } from '../../model/observation.js'
import { nodeTarget } from '../observe/observe.js'
import { sourceTarget } from '../observe/source.js'
import type { Target } from '../../model/actions/action-entry.js'
import type { ContainerFacts, ImageFacts } from '../../model/engine.js'
import type { NodeTarget } from '../../model/redis.js'
import type { ExecutionContext } from './execution-context.js'
import { ExecutedGateway } from './executed-gateway.js'
import { requireImage } from './server-user.js'
import { SyncThrottle } from './sync-throttle.js'
import type { RunningNode } from './transport.js'

/**
 * A plan that is carried out: what was seen, and what the plan's own calls have made of it since (a new
 * container's id, a started one's address), so that later stages find it.
 */
export class Execution {
  readonly context: ExecutionContext
  readonly throttle: SyncThrottle
  readonly gateway: ExecutedGateway
  readonly #seen: Observation
  readonly #containers: Map<number, ContainerFacts>
  readonly #created = new Map<number, string>()
  readonly #promotions = new Map<number, Promise<void>>()
  #image: ImageFacts | null

  /** `followers`: how many nodes the plan tells to follow. */
  constructor(context: ExecutionContext, seen: Observation, followers: number) {
    this.context = context
    this.gateway = new ExecutedGateway(seen.gateway)
    this.throttle = new SyncThrottle(context, followers)
    this.#seen = seen
    this.#containers = new Map(seen.nodes.map(node => [node.ordinal, node.container]))
    this.#image = seen.resources?.image ?? null
  }

  /** As it was seen. */
  roleOf(ordinal: number): 'master' | 'replica' | null {
    const node = this.#seen.nodes.find(one => one.ordinal === ordinal)
    return node === undefined ? null : (factsOfNode(node)?.role ?? null)
  }

  get observedSource(): Observation['source'] {
    return this.#seen.source
  }

  /** Of what new containers are made. */
  async wantedImage(): Promise<ImageFacts> {
    if (this.#image !== null) return this.#image
    const { template, events } = this.context
    const { image: reference } = template.spec
    const image = await requireImage(this.context, reference)
    this.#image = image
    const contains = image.labels[fallbackImageLabel]
    if (contains !== undefined) events.publish('image.fallback', { image: reference, contains })
    return image
  }

  /** A promotion that has begun. */
  recordPromotion(ordinal: number, promotion: Promise<void>): void {
    this.#promotions.set(ordinal, promotion)
    // Whoever ordered it hears of its failure.
    promotion.catch(() => undefined)
  }

  /** Ends when a node of this stage is promoted. @throws what the promotion throws. */
  async promotionOf(ordinal: number): Promise<void> {
    await this.#promotions.get(ordinal)
  }

  recordCreated(ordinal: number, containerId: string): void {
    this.#created.set(ordinal, containerId)
  }

  recordContainer(container: ContainerFacts, ordinal: number): void {
    this.#containers.set(ordinal, container)
  }

  recordRemoved(ordinal: number): void {
    this.#containers.delete(ordinal)
  }

  recordApplied(ordinal: number, applied: AppliedSettings): void {
    this.context.setMemory(memory => withApplied(memory, ordinal, applied))
  }

  /** Undefined where this plan has made the container, which has been nothing else yet. */
  formerContainerOf(ordinal: number): ContainerFacts | undefined {
    return this.#created.has(ordinal) ? undefined : this.#containers.get(ordinal)
  }

  /** By id: a name may have gone to another node since the plan was made, or within it. */
  idOf(ordinal: number): string {
    return this.#created.get(ordinal) ?? this.containerOf(ordinal).containerId
  }

  containerOf(ordinal: number): ContainerFacts {
    const container = this.#containers.get(ordinal)
    if (container === undefined)
      throw new FlotillaError('runtime/not-found', `node ${ordinal} has no container`)
    return container
  }

  runningNode(ordinal: number): RunningNode {
    return { ordinal, container: this.containerOf(ordinal), target: this.targetOf(ordinal) }
  }

  targetOf(ordinal: number): NodeTarget {
    const target = this.targetIfAny(ordinal)
    if (target === null)
      throw new FlotillaError(
        'redis/unreachable',
        `node ${ordinal} (${nodeAlias(this.context.template.spec.name, ordinal)}) has no address`,
      )
    return target
  }

  targetIfAny(ordinal: number): NodeTarget | null {
    const { reach, template, auth } = this.context
    const container = this.#containers.get(ordinal)
    return container === undefined
      ? null
      : nodeTarget(reach, { flotilla: template.spec.name, credentials: auth.credentials }, container)
  }

  sourceTarget(): NodeTarget {
    const { template, sourceLogin } = this.context
    const { source } = this.#seen
    const target = source === null ? null : sourceTarget(template.spec.name, source, sourceLogin)
    if (target === null) throw new FlotillaError('redis/unreachable', "the source can't be reached from here")
    return target
  }

  addressOf(target: Target): NodeTarget {
    return 'ordinal' in target ? this.targetOf(target.ordinal) : this.sourceTarget()
  }

  /** A command that fails because the node's process has ended says so, and not that nobody answered. */
  async explainingExit(ordinal: number, command: () => Promise<void>): Promise<void> {
    try {
      await command()
    } catch (error) {
      const { runtime, signal } = this.context
      const facts = await runtime.inspectContainer(this.idOf(ordinal), { signal })
      if (facts === null || facts.exit === null) throw error
      throw new FlotillaError(
        'runtime/failed',
        `${facts.name} has ended with exit code ${facts.exit.code} instead of answering`,
        { hint: `What it said: docker logs ${facts.name}`, cause: error },
      )
    }
  }
}
