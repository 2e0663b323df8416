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
import type { Field, FlotillaUnderSoak } from './flotilla-under-soak.js'

/** What a fault is struck at. */
export interface Target {
  readonly field: Field
  readonly flotilla: FlotillaUnderSoak
  readonly master: NodeContainer
  readonly replicas: readonly NodeContainer[]
  readonly dice: Random
}

export interface Fault {
  readonly name: string
  /** How often it is chosen against the others. */
  readonly weight: number
  /** `master`: the writers have to find another one, and how long that takes is worth knowing. `all`: of every flotilla at once. */
  readonly hits: 'master' | 'other' | 'all'
  /** Ends the daemon: not done when its memory is being watched. */
  readonly endsDaemon?: boolean
  /** True where it makes sense, and where Flotilla has not had its fill of this node. */
  readonly fits: (target: Target) => boolean
  readonly strike: (target: Target) => Promise<void>
}

const onMaster = ({ flotilla, master, replicas }: Target): boolean =>
  replicas.length > 0 && flotilla.mayCrash(master) && flotilla.mayFall(master, performance.now())

const onReplica = ({ flotilla, replicas }: Target): boolean => replicas.some(node => flotilla.mayCrash(node))

/** No crash: it is struck as often as wanted. */
const onAnyReplica = ({ replicas }: Target): boolean => replicas.length > 0

const always = (): boolean => true

const onAll = ({ flotilla, master, replicas }: Target): boolean =>
  [master, ...replicas].every(node => flotilla.mayCrash(node))

/** A replica that is to crash. */
function victim({ flotilla, replicas, dice }: Target): NodeContainer {
  const node = dice.pick(replicas.filter(one => flotilla.mayCrash(one)))
  flotilla.noteCrash(node)
  return node
}

/** Strikes a master, and remembers that this node fell. */
function fell(strike: (target: Target) => Promise<void>): (target: Target) => Promise<void> {
  return async target => {
    target.flotilla.noteFall(target.master, performance.now())
    target.flotilla.noteCrash(target.master)
    await strike(target)
  }
}

/** Everything that is done to a flotilla, each as a stranger's hand or an accident would. */
export const catalogue: readonly Fault[] = [
  {
    name: 'kill -9 the master',
    weight: 4,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ master }) => killContainer(master.id)),
  },
  {
    name: 'docker rm -f the master',
    weight: 2,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ master }) => removeContainer(master.id)),
  },
  {
    name: 'the master and its volume removed',
    weight: 1,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ flotilla, master }) => removeWithVolume(flotilla, master)),
  },
  {
    name: 'docker stop the master',
    weight: 1,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ master }) => stopContainer(master.id)),
  },
  {
    name: 'docker pause the master',
    weight: 1,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ master }) => pauseContainer(master.id)),
  },
  {
    name: 'SIGSTOP the master',
    weight: 1,
    hits: 'master',
    fits: onMaster,
    strike: fell(({ master }) => signalContainer(master.id, 'STOP')),
  },
  {
    name: 'the master killed, and the daemon at a step of the failover',
    weight: 2,
    hits: 'master',
    endsDaemon: true,
    fits: onMaster,
    strike: fell(async ({ field, master, dice }) => {
      const daemon = field.daemon()
      const [mark, step] = [daemon.mark(), dice.int(1, 8)]
      await killContainer(master.id)
      await daemon.waitFor('action.done', {
        since: mark,
        where: line => daemon.lines('action.done', mark).indexOf(line) === step - 1,
      })
      await field.restartDaemon()
    }),
  },
  {
    name: 'all nodes of a flotilla killed',
    weight: 1,
    hits: 'master',
    fits: onAll,
    strike: async ({ flotilla, master, replicas }) => {
      for (const node of [master, ...replicas]) flotilla.noteCrash(node)
      await Promise.all([master, ...replicas].map(node => killContainer(node.id)))
    },
  },
  {
    name: 'kill -9 a replica',
    weight: 3,
    hits: 'other',
    fits: onReplica,
    strike: target => killContainer(victim(target).id),
  },
  {
    name: 'docker rm -f a replica',
    weight: 2,
    hits: 'other',
    fits: onReplica,
    strike: target => removeContainer(victim(target).id),
  },
  {
    name: 'a replica and its volume removed',
    weight: 2,
    hits: 'other',
    fits: onReplica,
    strike: target => removeWithVolume(target.flotilla, victim(target)),
  },
  {
    name: 'a replica paused for 2 s',
    weight: 2,
    hits: 'other',
    fits: onAnyReplica,
    strike: async target => {
      const { id } = target.dice.pick(target.replicas)
      await pauseContainer(id)
      await sleepFor(2_000)
      await call('POST', `/containers/${id}/unpause`)
    },
  },
  {
    name: 'a replica disconnected from its network',
    weight: 2,
    hits: 'other',
    fits: onAnyReplica,
    strike: target => disconnect(target.flotilla, target.dice.pick(target.replicas)),
  },
  {
    name: 'a replica renamed by hand',
    weight: 1,
    hits: 'other',
    fits: onAnyReplica,
    strike: async target => {
      const { id, name } = target.dice.pick(target.replicas)
      await renameContainer(id, `${name}-by-hand`)
    },
  },
  {
    name: 'REPLICAOF NO ONE on a replica, by hand',
    weight: 2,
    hits: 'other',
    fits: onAnyReplica,
    strike: async target => {
      const { name } = target.dice.pick(target.replicas)
      const role = name.slice(target.flotilla.world.name.length + 1) as `replica-${number}`
      await target.flotilla.world.administer(role, 'REPLICAOF', 'NO', 'ONE')
    },
  },
  {
    name: 'switchover',
    weight: 4,
    hits: 'other',
    fits: ({ replicas }) => replicas.length > 0,
    strike: async ({ flotilla: { world } }) => void (await world.flotilla('switchover', world.name)),
  },
  {
    name: 'one replica more',
    weight: 2,
    hits: 'other',
    fits: ({ flotilla }) => flotilla.wanted.replicas < 3,
    strike: async ({ flotilla }) => flotilla.want({ replicas: flotilla.wanted.replicas + 1 }),
  },
  {
    name: 'one replica less',
    weight: 2,
    hits: 'other',
    fits: ({ flotilla }) => flotilla.wanted.replicas > 2,
    strike: async ({ flotilla }) => flotilla.want({ replicas: flotilla.wanted.replicas - 1 }),
  },
  {
    name: 'another image',
    weight: 1,
    hits: 'other',
    fits: always,
    strike: async ({ flotilla }) => {
      const { image, nextImage } = testEngine()
      flotilla.want({ image: flotilla.wanted.image === image ? nextImage : image })
    },
  },
  {
    name: 'a broken manifest saved, and put right',
    weight: 1,
    hits: 'other',
    fits: always,
    strike: async ({ flotilla: { world } }) => {
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
    fits: always,
    strike: ({ field }) => field.restartDaemon(),
  },
  {
    name: 'the engine killed and started again',
    weight: 1,
    hits: 'all',
    fits: target => isOurEngine && onAll(target),
    strike: () => restartEngine('SIGKILL'),
  },
]

/** Somebody else’s engine is not ours to kill. */
const isOurEngine = process.env['FLOTILLA_TEST_ENGINE_FOLDER'] !== undefined

async function removeWithVolume({ world }: FlotillaUnderSoak, node: NodeContainer): Promise<void> {
  await removeContainer(node.id)
  // Whoever makes the container anew may be quicker, and then the volume is in use: that is this hand's bad luck.
  await callEngine('DELETE', `/volumes/${world.name}-${node.ordinal}`)
}

async function disconnect({ world }: FlotillaUnderSoak, { id }: NodeContainer): Promise<void> {
  await call('POST', `/networks/${world.name}/disconnect`, { Container: id, Force: true })
}
