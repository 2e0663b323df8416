import { FlotillaError } from '../../errors.js'
import type { NodeTarget } from '../../redis/redis.js'
import { standInLabel } from '../../runtime/labels.js'
import type { ContainerFacts, ImageFacts } from '../../runtime/runtime.js'
import { attachmentTo, desiredContainer, nodeAttachment, nodeFiles, desiredVolume } from '../desired-node.js'
import { withNodeRecord, type NodeRecord } from '../memory.js'
import { factsOfNode } from '../node-facts.js'
import { nodeAlias } from '../names.js'
import type { Observation } from '../observation.js'
import { nodeTarget } from '../observe/observe.js'
import type { Action } from '../plan/plan.js'
import { keepingOnDisk } from '../keeping.js'
import { limitedTo, tunedTo } from '../tuned-to.js'
import { isSourceAction, performSource, type SourceAction } from './perform-source.js'
import type { Hands } from './hands.js'
import { followMaster } from './follow-master.js'
import { awaitOffset } from './await-offset.js'
import { adopt, applyAuth, noteStarted, retire } from './give-auth.js'
import { answerRequest, beginOperation, endOperation } from './perform-records.js'
import { noteFiles, putNodeFiles } from './node-files.js'
import { SyncTurns } from './sync-turns.js'
import { saveSnapshot, setAppendOnly, writeConfig } from './keep-data.js'
import { killNode, stopNode } from './end-node.js'
import { makeNetwork } from './make-network.js'
import { performDataTrial } from './perform-data-trial.js'
import { performTrial } from './perform-trial.js'
import { pullImage } from './pull-image.js'
import { tuneNode } from './tune-node.js'
import { giveDataToServer } from './own-data.js'
import { createServerContainer, needImage } from './server-user.js'
import { setDataAside } from './set-aside.js'
import { loadCertificate, refreshCertificate, setPort, type RunningNode } from './transport.js'

/** A node that was started a moment ago has this long to answer its first order. */
const orderDeadlineMs = 10_000

/** A step of a hand-over, while writes wait. */
const stepDeadlineMs = 1_000

/**
 * Turns actions into calls, one each, without a decision. Remembers what its own calls made (a new container's id, a started one's address), so that later
 * stages of the same plan find it.
 */
export class Performer {
  readonly #hands: Hands
  readonly #containers: Map<number, ContainerFacts>
  /** As they were seen. */
  readonly #roles: ReadonlyMap<number, 'master' | 'replica' | null>
  readonly #created = new Map<number, string>()
  readonly #source: Observation['source']
  #image: ImageFacts | null
  readonly #turns: SyncTurns

  /** `followers`: how many nodes the plan tells to follow. */
  constructor(hands: Hands, seen: Observation, followers: number) {
    this.#hands = hands
    this.#turns = new SyncTurns(hands, followers)
    this.#containers = new Map(seen.nodes.map(node => [node.ordinal, node.container]))
    this.#roles = new Map(seen.nodes.map(node => [node.ordinal, factsOfNode(node)?.role ?? null]))
    this.#source = seen.source
    this.#image = seen.resources?.image ?? null
  }

  async perform(action: Action): Promise<void> {
    const { runtime, redis, setting, signal } = this.#hands
    if (isSourceAction(action)) return this.#performSource(action)
    switch (action.kind) {
      case 'pull-image':
        return pullImage(this.#hands, action.image)
      case 'try-image':
        return performTrial(this.#hands, action)
      case 'try-data':
        return this.#explained(action.ordinal, () =>
          performDataTrial(this.#hands, action, this.#targetOf(action.ordinal)),
        )
      case 'remove-leftover':
        return runtime.removeContainer(action.containerId, { signal })
      case 'create-network':
        return makeNetwork(this.#hands, action)
      case 'create-volume':
        return runtime.createVolume(
          { ...desiredVolume(setting, action.ordinal), name: action.volume },
          { signal },
        )
      case 'create-container':
        return this.#create(action)
      case 'start-container':
        return this.#start(action.ordinal)
      case 'stop-container':
        return stopNode(this.#hands, action.ordinal, this.#containerOf(action.ordinal))
      case 'remove-container':
        // By id: a name may have gone to another node since the plan was made, or within it.
        return this.#remove(action)
      case 'rename-container':
        return runtime.renameContainer(this.#idOf(action.ordinal), action.to, { signal })
      case 'attach-network':
        return this.#attach(action.ordinal)
      case 'join-network': {
        const attachment = attachmentTo(setting.spec.name, action)
        return runtime.attachNetwork(this.#idOf(action.ordinal), attachment, { signal })
      }
      case 'leave-network':
        return runtime.detachNetwork(this.#idOf(action.ordinal), action.network, { signal })
      case 'promote':
        return this.#explained(action.ordinal, () =>
          redis.promote(this.#targetOf(action.ordinal), { deadlineMs: orderDeadlineMs }),
        )
      case 'follow':
        return this.#explained(action.ordinal, () => this.#follow(action))
      case 'kill-container':
        return killNode(this.#hands, action.ordinal, {
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
        return awaitOffset(this.#hands, { replica, master, withinMs: action.withinMs })
      }
      case 'resume-writes':
        return redis.resumeWrites(this.#targetOf(action.ordinal), { deadlineMs: stepDeadlineMs })
      case 'drop-clients':
        await redis.dropClients(this.#targetOf(action.ordinal), { deadlineMs: stepDeadlineMs })
        return
      case 'set-aside':
        return this.#setAside(action)
      case 'answer-request':
        return answerRequest(this.#hands, action)
      case 'load-certificate':
        return loadCertificate(this.#hands, this.#running(action.ordinal))
      case 'set-port':
        return setPort(this.#hands, this.#running(action.ordinal), action)
      case 'tune':
        return this.#tune(action)
      case 'limit-container':
        await runtime.limitContainer(this.#idOf(action.ordinal), action.limits, { signal })
        return this.#note(action.ordinal, { limited: limitedTo(this.#idOf(action.ordinal), action.limits) })
      case 'write-config':
        return this.#writeConfig(action)
      case 'set-append-only':
        return setAppendOnly(this.#hands, this.#running(action.ordinal), action.on)
      case 'save-snapshot':
        return saveSnapshot(this.#hands, this.#running(action.ordinal), action.asked)
      case 'begin-operation':
        return beginOperation(this.#hands, action.operation)
      case 'end-operation':
        return endOperation(this.#hands, action)
      case 'apply-auth':
        return applyAuth(this.#hands, this.#running(action.ordinal))
      case 'adopt-passwords':
        return adopt(this.#hands, action)
      case 'retire-passwords':
        return retire(this.#hands, action)
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
    const { runtime, setting, auth, signal } = this.#hands
    const image = await (instead === undefined ? this.#wantedImage() : needImage(this.#hands, instead))
    const material = await this.#hands.materialFor(ordinal)
    // On a volume that is there already: as the data on it was kept, or it would come up empty.
    const keeps = keepingOnDisk(setting.spec, this.#hands.keepsOf(ordinal))
    const containerId = await createServerContainer(
      runtime,
      {
        spec: desiredContainer(setting, ordinal, { ...called, image, byId: instead !== undefined }),
        image,
        filesFor: owner => nodeFiles(setting, ordinal, { auth, material, keeps }, owner),
      },
      signal,
    )
    await giveDataToServer(this.#hands, { ordinal, containerId, image })
    this.#created.set(ordinal, containerId)
    noteFiles(this.#hands, ordinal, containerId)
    this.#note(ordinal, { limited: limitedTo(containerId, setting.spec.resources), keeps, filing: null })
  }

  async #remove({ ordinal, name }: Extract<Action, { kind: 'remove-container' }>): Promise<void> {
    const { runtime, events, signal } = this.#hands
    const wasDead = this.#containers.get(ordinal)?.state === 'dead'
    await runtime.removeContainer(this.#idOf(ordinal), { signal })
    this.#containers.delete(ordinal)
    if (wasDead) events.publish('node.dead-container-removed', { node: ordinal, name })
  }

  async #start(ordinal: number): Promise<void> {
    const { runtime, signal } = this.#hands
    const container = this.#containers.get(ordinal)
    if (container !== undefined && !this.#created.has(ordinal)) {
      // Whoever made one that never ran may have died before its files were in it.
      if (container.startedAtMs === null) await putNodeFiles(this.#hands, ordinal, container)
      else await refreshCertificate(this.#hands, ordinal, container)
    }
    const facts = await runtime.startContainer(this.#idOf(ordinal), { signal })
    this.#containers.set(ordinal, facts)
    noteStarted(this.#hands, ordinal, facts)
  }

  #running(ordinal: number): RunningNode {
    return { ordinal, container: this.#containerOf(ordinal), target: this.#targetOf(ordinal) }
  }

  async #wantedImage(): Promise<ImageFacts> {
    if (this.#image !== null) return this.#image
    const { setting, events } = this.#hands
    const { image: reference } = setting.spec
    const image = await needImage(this.#hands, reference)
    this.#image = image
    const contains = image.labels[standInLabel]
    if (contains !== undefined) events.publish('image.stand-in', { image: reference, contains })
    return image
  }

  async #attach(ordinal: number): Promise<void> {
    const { runtime, setting, signal } = this.#hands
    const containerId = this.#idOf(ordinal)
    await runtime.attachNetwork(containerId, nodeAttachment(setting.spec.name, ordinal), { signal })
    const facts = await runtime.inspectContainer(containerId, { signal })
    if (facts !== null) this.#containers.set(ordinal, facts)
  }

  #follow(action: Extract<Action, { kind: 'follow' }>): Promise<void> {
    return followMaster(this.#hands, action, {
      replica: this.#targetOf(action.ordinal),
      master: this.#targetIfAny(action.master),
      seenAs: this.#roles.get(action.ordinal) ?? null,
      turns: this.#turns,
      deadlineMs: orderDeadlineMs,
    })
  }

  #performSource(action: SourceAction): Promise<void> {
    const world = { source: this.#source, targetOf: (ordinal: number) => this.#targetOf(ordinal) }
    const perform = () => performSource(this.#hands, action, world)
    return 'ordinal' in action ? this.#explained(action.ordinal, perform) : perform()
  }

  /** An order that fails because the node's process has ended says so, and not that nobody answered. */
  async #explained(ordinal: number, order: () => Promise<void>): Promise<void> {
    try {
      await order()
    } catch (error) {
      const facts = await this.#hands.runtime.inspectContainer(this.#idOf(ordinal), {
        signal: this.#hands.signal,
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

  async #tune({ ordinal, options }: Extract<Action, { kind: 'tune' }>): Promise<void> {
    const runId = await tuneNode(this.#hands.redis, this.#targetOf(ordinal), options)
    if (runId === null) return
    this.#note(ordinal, { tuned: tunedTo(runId, options) })
  }

  #note(ordinal: number, known: Partial<NodeRecord>): void {
    this.#hands.keepMemory(memory => withNodeRecord(memory, ordinal, record => ({ ...record, ...known })))
  }

  /** The engine does it, so the node needs no address. */
  #writeConfig({ ordinal, keeps }: Extract<Action, { kind: 'write-config' }>): Promise<void> {
    return writeConfig(this.#hands, { ordinal, container: this.#containerOf(ordinal) }, keeps ?? null)
  }

  async #setAside(action: Extract<Action, { kind: 'set-aside' }>): Promise<void> {
    const { ordinal, folder } = action
    await this.#endStartUnderWay(ordinal)
    await setDataAside(this.#hands, action)
    await this.#hands.saveMemory(memory => ({
      ...memory,
      divergent: memory.divergent.filter(one => one !== ordinal),
    }))
    this.#hands.events.publish('data.set-aside', { node: ordinal, folder: `/data/set-aside/${folder}` })
  }

  /**
   * A Flotilla that has died, or given up waiting, may have ordered a start that the engine is still about: what a server reads would be moved away under it.
   * The engine lets a stop wait for that.
   */
  async #endStartUnderWay(ordinal: number): Promise<void> {
    const container = this.#created.has(ordinal) ? undefined : this.#containers.get(ordinal)
    if (container === undefined || container.state === 'running') return
    const { runtime, signal } = this.#hands
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
        `node ${ordinal} (${nodeAlias(this.#hands.setting.spec.name, ordinal)}) has no address`,
      )
    return target
  }

  #targetIfAny(ordinal: number): NodeTarget | null {
    const { reach, setting, auth } = this.#hands
    const container = this.#containers.get(ordinal)
    return container === undefined
      ? null
      : nodeTarget(reach, { flotilla: setting.spec.name, credentials: auth.credentials }, container)
  }
}
