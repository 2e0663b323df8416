// oxlint-disable max-lines -- the performers of all kinds stand here until each is in the file of its kind
import { FlotillaError } from '../../errors.js'
import { fallbackImageLabel } from '../../runtime/labels.js'
import {
  attachmentTo,
  desiredContainer,
  nodeAttachment,
  nodeFiles,
  desiredVolume,
} from '../desired/desired-node.js'
import { withApplied, withPersistence, type AppliedSettings } from '../../model/record.js'
import { factsOfNode } from '../../model/node-facts.js'
import { nodeAlias } from '../../model/names.js'
import type { Observation } from '../../model/observation.js'
import { nodeTarget } from '../observe/observe.js'
import type { Action } from '../../model/plan.js'
import { persistenceOnDisk } from '../desired/persistence.js'
import { appliedLimits, appliedOptions } from '../desired/applied.js'
import { isSourceAction, performSource, type SourceAction } from './perform-source.js'
import type { ExecutionContext } from './execution-context.js'
import { followMaster } from './follow-master.js'
import { awaitOffset } from './await-offset.js'
import { activateNextPasswords, applyAuth, recordStart, retireFormerPasswords } from './apply-users.js'
import { completeRequest, beginOperation, endOperation } from './perform-operation.js'
import { recordFiles, writeNodeFiles } from './node-files.js'
import { SyncThrottle } from './sync-throttle.js'
import { saveSnapshot, setAppendOnly, writeConfig } from './apply-persistence.js'
import { killNode, stopNode } from './stop-node.js'
import { createFlotillaNetwork } from './create-network.js'
import { performDataProbe } from './perform-data-probe.js'
import { performImageProbe } from './perform-image-probe.js'
import { pullImage } from './pull-image.js'
import { applyConfig } from './apply-config.js'
import { chownDataForServer } from './chown-data.js'
import { createServerContainer, requireImage } from './server-user.js'
import { archiveData } from './archive-data.js'
import { loadCertificate, refreshCertificate, setPort, type RunningNode } from './transport.js'
import type { ContainerFacts, ImageFacts } from '../../model/engine.js'
import type { NodeTarget } from '../../model/redis.js'

/** A node that was started a moment ago has this long to answer its first order. */
const commandDeadlineMs = 10_000

/** A step of a switchover, while writes wait. */
const stepDeadlineMs = 1_000

/**
 * Turns actions into calls, one each, without a decision. Remembers what its own calls made (a new
 * container's id, a started one's address), so that later stages of the same plan find it.
 */
export class Performer {
  readonly #context: ExecutionContext
  readonly #containers: Map<number, ContainerFacts>
  /** As they were seen. */
  readonly #roles: ReadonlyMap<number, 'master' | 'replica' | null>
  readonly #created = new Map<number, string>()
  readonly #source: Observation['source']
  #image: ImageFacts | null
  readonly #throttle: SyncThrottle

  /** `followers`: how many nodes the plan tells to follow. */
  constructor(context: ExecutionContext, seen: Observation, followers: number) {
    this.#context = context
    this.#throttle = new SyncThrottle(context, followers)
    this.#containers = new Map(seen.nodes.map(node => [node.ordinal, node.container]))
    this.#roles = new Map(seen.nodes.map(node => [node.ordinal, factsOfNode(node)?.role ?? null]))
    this.#source = seen.source
    this.#image = seen.resources?.image ?? null
  }

  async perform(action: Action): Promise<void> {
    const { runtime, redis, template, signal } = this.#context
    if (isSourceAction(action)) return this.#performSource(action)
    switch (action.kind) {
      case 'pull-image':
        return pullImage(this.#context, action.image)
      case 'probe-image':
        return performImageProbe(this.#context, action)
      case 'probe-data':
        return this.#explainingExit(action.ordinal, () =>
          performDataProbe(this.#context, action, this.#targetOf(action.ordinal)),
        )
      case 'remove-leftover':
        return runtime.removeContainer(action.containerId, { signal })
      case 'create-network':
        return createFlotillaNetwork(this.#context, action)
      case 'create-volume':
        return runtime.createVolume(
          { ...desiredVolume(template, action.ordinal), name: action.volume },
          { signal },
        )
      case 'create-container':
        return this.#create(action)
      case 'start-container':
        return this.#start(action.ordinal)
      case 'stop-container':
        return stopNode(this.#context, action.ordinal, this.#containerOf(action.ordinal))
      case 'remove-container':
        // By id: a name may have gone to another node since the plan was made, or within it.
        return this.#remove(action)
      case 'rename-container':
        return runtime.renameContainer(this.#idOf(action.ordinal), action.to, { signal })
      case 'reattach-network':
        return this.#attach(action.ordinal)
      case 'connect-network': {
        const attachment = attachmentTo(template.spec.name, action)
        return runtime.attachNetwork(this.#idOf(action.ordinal), attachment, { signal })
      }
      case 'disconnect-network':
        return runtime.detachNetwork(this.#idOf(action.ordinal), action.network, { signal })
      case 'promote':
        return this.#explainingExit(action.ordinal, () =>
          redis.promote(this.#targetOf(action.ordinal), { deadlineMs: commandDeadlineMs }),
        )
      case 'follow':
        return this.#explainingExit(action.ordinal, () => this.#follow(action))
      case 'kill-container':
        return killNode(this.#context, action.ordinal, {
          container: this.#containerOf(action.ordinal),
          target: this.#targetIfAny(action.ordinal),
        })
      case 'pause-writes':
        return redis.pauseWrites(this.#targetOf(action.ordinal), {
          forMs: action.forMs,
          deadlineMs: stepDeadlineMs,
        })
      case 'catch-up': {
        const [replica, master] = [this.#targetOf(action.ordinal), this.#targetOf(action.master)]
        return awaitOffset(this.#context, { replica, master, withinMs: action.withinMs })
      }
      case 'resume-writes':
        return redis.resumeWrites(this.#targetOf(action.ordinal), { deadlineMs: stepDeadlineMs })
      case 'disconnect-clients':
        await redis.disconnectClients(this.#targetOf(action.ordinal), { deadlineMs: stepDeadlineMs })
        return
      case 'archive-data':
        return this.#archiveData(action)
      case 'complete-request':
        return completeRequest(this.#context, action)
      case 'load-certificate':
        return loadCertificate(this.#context, this.#running(action.ordinal))
      case 'set-port':
        return setPort(this.#context, this.#running(action.ordinal), action)
      case 'apply-config':
        return this.#applyConfig(action)
      case 'limit-container':
        await runtime.limitContainer(this.#idOf(action.ordinal), action.limits, { signal })
        return this.#recordApplied(
          action.ordinal,
          appliedLimits({ containerId: this.#idOf(action.ordinal) }, action.limits),
        )
      case 'write-config':
        return this.#writeConfig(action)
      case 'set-append-only':
        return setAppendOnly(this.#context, this.#running(action.ordinal), action.on)
      case 'save-snapshot':
        return saveSnapshot(this.#context, this.#running(action.ordinal), action.asked)
      case 'begin-operation':
        return beginOperation(this.#context, action.operation)
      case 'end-operation':
        return endOperation(this.#context, action)
      case 'apply-users':
        return applyAuth(this.#context, this.#running(action.ordinal))
      case 'activate-passwords':
        return activateNextPasswords(this.#context, action)
      case 'retire-passwords':
        return retireFormerPasswords(this.#context, action)
      case 'remove-network':
        return runtime.removeNetwork(action.network, { signal })
      case 'remove-volume':
        return runtime.removeVolume(action.volume, { signal })
    }
  }

  async #create({
    ordinal,
    image: instead,
    ...called
  }: Extract<Action, { kind: 'create-container' }>): Promise<void> {
    const { runtime, template, auth, signal } = this.#context
    const image = await (instead === undefined ? this.#wantedImage() : requireImage(this.#context, instead))
    const bundle = await this.#context.certificateFor(ordinal)
    // On a volume that is there already: as the data on it was kept, or it would come up empty.
    const persistence = persistenceOnDisk(template.spec, this.#context.persistenceOf(ordinal))
    const containerId = await createServerContainer(
      runtime,
      {
        spec: desiredContainer(template, ordinal, { ...called, image, byId: instead !== undefined }),
        image,
        filesFor: owner => nodeFiles(template, ordinal, { auth, bundle, persistence }, owner),
      },
      signal,
    )
    await chownDataForServer(this.#context, { ordinal, containerId, image })
    this.#created.set(ordinal, containerId)
    recordFiles(this.#context, ordinal, containerId)
    this.#recordApplied(ordinal, appliedLimits({ containerId }, template.spec.resources))
    this.#context.setMemory(memory =>
      withPersistence(memory, ordinal, { current: persistence, pending: null }),
    )
  }

  async #remove({ ordinal, name }: Extract<Action, { kind: 'remove-container' }>): Promise<void> {
    const { runtime, events, signal } = this.#context
    const wasDead = this.#containers.get(ordinal)?.state === 'dead'
    await runtime.removeContainer(this.#idOf(ordinal), { signal })
    this.#containers.delete(ordinal)
    if (wasDead) events.publish('node.dead-container-removed', { node: ordinal, name })
  }

  async #start(ordinal: number): Promise<void> {
    const { runtime, signal } = this.#context
    const container = this.#containers.get(ordinal)
    if (container !== undefined && !this.#created.has(ordinal)) {
      // Whoever made one that never ran may have died before its files were in it.
      if (container.startedAtMs === null) await writeNodeFiles(this.#context, ordinal, container)
      else await refreshCertificate(this.#context, ordinal, container)
    }
    const facts = await runtime.startContainer(this.#idOf(ordinal), { signal })
    this.#containers.set(ordinal, facts)
    recordStart(this.#context, ordinal, facts)
  }

  #running(ordinal: number): RunningNode {
    return { ordinal, container: this.#containerOf(ordinal), target: this.#targetOf(ordinal) }
  }

  async #wantedImage(): Promise<ImageFacts> {
    if (this.#image !== null) return this.#image
    const { template, events } = this.#context
    const { image: reference } = template.spec
    const image = await requireImage(this.#context, reference)
    this.#image = image
    const contains = image.labels[fallbackImageLabel]
    if (contains !== undefined) events.publish('image.fallback', { image: reference, contains })
    return image
  }

  async #attach(ordinal: number): Promise<void> {
    const { runtime, template, signal } = this.#context
    const containerId = this.#idOf(ordinal)
    await runtime.attachNetwork(containerId, nodeAttachment(template.spec.name, ordinal), { signal })
    const facts = await runtime.inspectContainer(containerId, { signal })
    if (facts !== null) this.#containers.set(ordinal, facts)
  }

  #follow(action: Extract<Action, { kind: 'follow' }>): Promise<void> {
    return followMaster(this.#context, action, {
      replica: this.#targetOf(action.ordinal),
      master: this.#targetIfAny(action.master),
      observedRole: this.#roles.get(action.ordinal) ?? null,
      throttle: this.#throttle,
      deadlineMs: commandDeadlineMs,
    })
  }

  #performSource(action: SourceAction): Promise<void> {
    const world = { source: this.#source, targetOf: (ordinal: number) => this.#targetOf(ordinal) }
    const perform = () => performSource(this.#context, action, world)
    return 'ordinal' in action ? this.#explainingExit(action.ordinal, perform) : perform()
  }

  /** An order that fails because the node's process has ended says so, and not that nobody answered. */
  async #explainingExit(ordinal: number, command: () => Promise<void>): Promise<void> {
    try {
      await command()
    } catch (error) {
      const facts = await this.#context.runtime.inspectContainer(this.#idOf(ordinal), {
        signal: this.#context.signal,
      })
      if (facts === null || facts.exit === null) throw error
      throw new FlotillaError(
        'runtime/failed',
        `${facts.name} has ended with exit code ${facts.exit.code} instead of answering`,
        {
          hint: `What it said: docker logs ${facts.name}`,
          cause: error,
        },
      )
    }
  }

  async #applyConfig({ ordinal, options }: Extract<Action, { kind: 'apply-config' }>): Promise<void> {
    const runId = await applyConfig(this.#context.redis, this.#targetOf(ordinal), options)
    if (runId === null) return
    this.#recordApplied(ordinal, appliedOptions(runId, options))
  }

  #recordApplied(ordinal: number, applied: AppliedSettings): void {
    this.#context.setMemory(memory => withApplied(memory, ordinal, applied))
  }

  /** The engine does it, so the node needs no address. */
  #writeConfig({ ordinal, persistence }: Extract<Action, { kind: 'write-config' }>): Promise<void> {
    return writeConfig(this.#context, { ordinal, container: this.#containerOf(ordinal) }, persistence ?? null)
  }

  async #archiveData(action: Extract<Action, { kind: 'archive-data' }>): Promise<void> {
    const { ordinal, folder } = action
    await this.#endStartUnderWay(ordinal)
    await archiveData(this.#context, action)
    await this.#context.saveMemory(memory => ({
      ...memory,
      divergent: memory.divergent.filter(one => one !== ordinal),
    }))
    this.#context.events.publish('data.archived', { node: ordinal, folder: `/data/set-aside/${folder}` })
  }

  /**
   * A Flotilla that has died, or given up waiting, may have ordered a start that the engine is still about:
   * what a server reads would be moved away under it. The engine lets a stop wait for that.
   */
  async #endStartUnderWay(ordinal: number): Promise<void> {
    const container = this.#created.has(ordinal) ? undefined : this.#containers.get(ordinal)
    if (container === undefined || container.state === 'running') return
    const { runtime, signal } = this.#context
    await runtime.stopContainer(container.containerId, { graceMs: 0 }, { signal })
  }

  #idOf(ordinal: number): string {
    const containerId = this.#created.get(ordinal) ?? this.#containers.get(ordinal)?.containerId
    if (containerId === undefined)
      throw new FlotillaError('runtime/not-found', `node ${ordinal} has no container`)
    return containerId
  }

  #containerOf(ordinal: number): ContainerFacts {
    const container = this.#containers.get(ordinal)
    if (container === undefined)
      throw new FlotillaError('runtime/not-found', `node ${ordinal} has no container`)
    return container
  }

  #targetOf(ordinal: number): NodeTarget {
    const target = this.#targetIfAny(ordinal)
    if (target === null)
      throw new FlotillaError(
        'redis/unreachable',
        `node ${ordinal} (${nodeAlias(this.#context.template.spec.name, ordinal)}) has no address`,
      )
    return target
  }

  #targetIfAny(ordinal: number): NodeTarget | null {
    const { reach, template, auth } = this.#context
    const container = this.#containers.get(ordinal)
    return container === undefined
      ? null
      : nodeTarget(reach, { flotilla: template.spec.name, credentials: auth.credentials }, container)
  }
}
