import { writeFileSync, readFileSync } from 'node:fs'
import { setTimeout as sleepFor } from 'node:timers/promises'
import {
  call,
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  signalContainer,
  stopContainer,
  type NodeContainer,
} from '../support/containers.js'
import { callEngine, restartEngine, testEngine } from '../support/engine.js'
import type { Random } from '../support/random.js'
import type { SoakContext, SoakFlotilla } from './soak-flotilla.js'

/** What a fault is struck at. */
export interface Target {
  readonly soakContext: SoakContext
  readonly flotilla: SoakFlotilla
  readonly master: NodeContainer
  readonly replicas: readonly NodeContainer[]
  readonly random: Random
}

export interface Fault {
  readonly name: string
  /** How often it is chosen against the others. */
  readonly weight: number
  /**
   * `master`: the writers have to find another one, and how long that takes is worth knowing. `all`: of every
   * flotilla at once.
   */
  readonly hits: 'master' | 'other' | 'all'
  /** Ends the daemon: not done when its memory is being watched. */
  readonly endsDaemon?: boolean
  /** True where it makes sense, and where Flotilla has not had its fill of this node. */
  readonly applies: (target: Target) => boolean
  readonly inject: (target: Target) => Promise<void>
}

const onMaster = ({ flotilla, master, replicas }: Target): boolean =>
  replicas.length > 0 && flotilla.mayCrash(master) && flotilla.mayFailOver(master, performance.now())

const onReplica = ({ flotilla, replicas }: Target): boolean => replicas.some(node => flotilla.mayCrash(node))

/** No crash: it is struck as often as wanted. */
const onAnyReplica = ({ replicas }: Target): boolean => replicas.length > 0

const always = (): boolean => true

const onAll = ({ flotilla, master, replicas }: Target): boolean =>
  [master, ...replicas].every(node => flotilla.mayCrash(node))

/** A replica that is to crash. */
function victim({ flotilla, replicas, random }: Target): NodeContainer {
  const node = random.pick(replicas.filter(one => flotilla.mayCrash(one)))
  flotilla.noteCrash(node)
  return node
}

/** Strikes a master, and remembers that this node fell. */
function countingFailover(inject: (target: Target) => Promise<void>): (target: Target) => Promise<void> {
  return async target => {
    target.flotilla.noteFailover(target.master, performance.now())
    target.flotilla.noteCrash(target.master)
    await inject(target)
  }
}

/** Everything that is done to a flotilla, each as a stranger's hand or an accident would. */
export const catalogue: readonly Fault[] = [
  {
    name: 'kill -9 the master',
    weight: 4,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ master }) => killContainer(master.id)),
  },
  {
    name: 'docker rm -f the master',
    weight: 2,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ master }) => removeContainer(master.id)),
  },
  {
    name: 'the master and its volume removed',
    weight: 1,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ flotilla, master }) => removeWithVolume(flotilla, master)),
  },
  {
    name: 'docker stop the master',
    weight: 1,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ master }) => stopContainer(master.id)),
  },
  {
    name: 'docker pause the master',
    weight: 1,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ master }) => pauseContainer(master.id)),
  },
  {
    name: 'SIGSTOP the master',
    weight: 1,
    hits: 'master',
    applies: onMaster,
    inject: countingFailover(({ master }) => signalContainer(master.id, 'STOP')),
  },
  {
    name: 'the master killed, and the daemon at a step of the failover',
    weight: 2,
    hits: 'master',
    endsDaemon: true,
    applies: onMaster,
    inject: countingFailover(async ({ soakContext, master, random }) => {
      const daemon = soakContext.daemon()
      const [mark, step] = [daemon.mark(), random.int(1, 8)]
      await killContainer(master.id)
      await daemon.waitFor('action.done', {
        since: mark,
        where: line => daemon.lines('action.done', mark).indexOf(line) === step - 1,
      })
      await soakContext.restartDaemon()
    }),
  },
  {
    name: 'all nodes of a flotilla killed',
    weight: 1,
    hits: 'master',
    applies: onAll,
    inject: async ({ flotilla, master, replicas }) => {
      for (const node of [master, ...replicas]) flotilla.noteCrash(node)
      await Promise.all([master, ...replicas].map(node => killContainer(node.id)))
    },
  },
  {
    name: 'kill -9 a replica',
    weight: 3,
    hits: 'other',
    applies: onReplica,
    inject: target => killContainer(victim(target).id),
  },
  {
    name: 'docker rm -f a replica',
    weight: 2,
    hits: 'other',
    applies: onReplica,
    inject: target => removeContainer(victim(target).id),
  },
  {
    name: 'a replica and its volume removed',
    weight: 2,
    hits: 'other',
    applies: onReplica,
    inject: target => removeWithVolume(target.flotilla, victim(target)),
  },
  {
    name: 'a replica paused for 2 s',
    weight: 2,
    hits: 'other',
    applies: onAnyReplica,
    inject: async target => {
      const { id } = target.random.pick(target.replicas)
      await pauseContainer(id)
      await sleepFor(2_000)
      await call('POST', `/containers/${id}/unpause`)
    },
  },
  {
    name: 'a replica disconnected from its network',
    weight: 2,
    hits: 'other',
    applies: onAnyReplica,
    inject: target => disconnect(target.flotilla, target.random.pick(target.replicas)),
  },
  {
    name: 'a replica renamed by hand',
    weight: 1,
    hits: 'other',
    applies: onAnyReplica,
    inject: async target => {
      const { id, name } = target.random.pick(target.replicas)
      await renameContainer(id, `${name}-by-hand`)
    },
  },
  {
    name: 'REPLICAOF NO ONE on a replica, by hand',
    weight: 2,
    hits: 'other',
    applies: onAnyReplica,
    inject: async target => {
      const { name } = target.random.pick(target.replicas)
      const role = name.slice(target.flotilla.world.name.length + 1) as `replica-${number}`
      await target.flotilla.world.administer(role, 'REPLICAOF', 'NO', 'ONE')
    },
  },
  {
    name: 'switchover',
    weight: 4,
    hits: 'other',
    applies: ({ replicas }) => replicas.length > 0,
    inject: async ({ flotilla: { world } }) => void (await world.flotilla('switchover', world.name)),
  },
  {
    name: 'one replica more',
    weight: 2,
    hits: 'other',
    applies: ({ flotilla }) => flotilla.wanted.replicas < 3,
    inject: async ({ flotilla }) => flotilla.setWanted({ replicas: flotilla.wanted.replicas + 1 }),
  },
  {
    name: 'one replica less',
    weight: 2,
    hits: 'other',
    applies: ({ flotilla }) => flotilla.wanted.replicas > 2,
    inject: async ({ flotilla }) => flotilla.setWanted({ replicas: flotilla.wanted.replicas - 1 }),
  },
  {
    name: 'another image',
    weight: 1,
    hits: 'other',
    applies: always,
    inject: async ({ flotilla }) => {
      const { image, nextImage } = testEngine()
      flotilla.setWanted({ image: flotilla.wanted.image === image ? nextImage : image })
    },
  },
  {
    name: 'a broken manifest saved, and fixed',
    weight: 1,
    hits: 'other',
    applies: always,
    inject: async ({ flotilla: { world } }) => {
      const good = readFileSync(world.manifest, 'utf8')
      writeFileSync(world.manifest, `${good}\n  replicas: [`)
      await sleepFor(1_000)
      writeFileSync(world.manifest, good)
    },
  },
  {
    name: 'the daemon killed',
    weight: 2,
    hits: 'other',
    endsDaemon: true,
    applies: always,
    inject: ({ soakContext }) => soakContext.restartDaemon(),
  },
  {
    name: 'the engine killed and started again',
    weight: 1,
    hits: 'all',
    applies: target => isOurEngine && onAll(target),
    inject: () => restartEngine('SIGKILL'),
  },
]

/** Somebody else’s engine is not ours to kill. */
const isOurEngine = process.env['FLOTILLA_TEST_ENGINE_FOLDER'] !== undefined

async function removeWithVolume({ world }: SoakFlotilla, node: NodeContainer): Promise<void> {
  await removeContainer(node.id)
  // Whoever makes the container again may be quicker, and then the volume is in use: that is this hand's bad
  // luck.
  await callEngine('DELETE', `/volumes/${world.name}-${node.ordinal}`)
}

async function disconnect({ world }: SoakFlotilla, { id }: NodeContainer): Promise<void> {
  await call('POST', `/networks/${world.name}/disconnect`, { Container: id, Force: true })
}
