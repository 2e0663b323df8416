import { resolve } from 'node:path'
import { takeWrite } from '../../fakes/redis/fake-master.js'
import { controlUser } from '../../../src/model/acl-user.js'
import type { RefusalCode } from '../../../src/model/plan.js'
import { flotillaLabel, readNodeLabels } from '../../../src/runtime/labels.js'
import type { ForeignServer } from './foreign-servers.js'
import type { SimSpec } from './scenario.js'
import { flotilla, recordPath, startMs, stateDirectory } from './sim-world.js'
import { passwordRule } from '../../../src/redis/acl.js'
import { plainSpec, type Scene } from './scene.js'
import { makeTlsSecrets } from './tls-secrets.js'

/** One place in the program that holds and says how to fix it. */
export interface HoldCase {
  readonly code: RefusalCode | null
  /** What it says to type, as the source has it, with `…` for what is put in. */
  readonly says: string
  /** Part of what it says besides, where several say to type the same. */
  readonly because?: string
  /** Another place adds ways out of its own behind it. */
  readonly isFirstOfSeveral?: true
  readonly proof: Played | Elsewhere
}

/** How a hold comes about in the simulated world, and what has to be true before what it says is typed. */
export interface Played {
  readonly spec?: Partial<SimSpec>
  /** It comes about before there is a node. */
  readonly isFromTheStart?: boolean
  readonly comesOf: (scene: Scene) => void
  /** Again and again until it holds; what happens once is not enough. */
  readonly goesOn?: (scene: Scene) => void
  /** A command that works only after the cause is mended says so. */
  readonly mend?: (scene: Scene) => void
  /** After the command, where it leaves something to the manifest. */
  readonly afterwards?: (scene: Scene) => void
  /** It ends in another hold, as it says; what that one says to type is typed then. */
  readonly leadsTo?: RefusalCode
  /** What a person does who reads a way out that is no command; one for each of those, in their order. */
  readonly inWords?: readonly ((scene: Scene) => void)[]
}

/**
 * What the simulation has no world for: the test that types it on a real engine, or does in the manifest what
 * it says.
 */
export interface Elsewhere {
  readonly file: string
  readonly title: string
}

const backTo =
  (more: string) =>
  ({ run }: Scene): void =>
    run.edit({ more })

const following = { more: 'bootstrap: { from: { container: old-redis } }' }

const gatewayField = 'gateway: { master: 127.0.0.1:6379 }'
const keyringPath = `${stateDirectory}/secrets/${flotilla}.json`

/** The state directory that a placeholder of a remedy stands for. */
export const otherStateDirectory = '/elsewhere'

const tlsSecrets = await makeTlsSecrets({ ...plainSpec, more: 'tls: prefer' }, startMs)

const littleMemory = 'resources: { memory: 128Mi }'

export const holdCases: readonly HoldCase[] = [
  {
    code: 'NameConflict',
    says: 'docker rename … …-old, or docker rm -f …',
    proof: {
      comesOf({ run, inject }) {
        inject({ kind: 'remove', node: 1 })
        squat(run.world, { name: 'shop-replica-1' })
      },
    },
  },
  {
    code: 'NameConflict',
    says: 'docker network disconnect … …   (it can be connected again without that alias or hostname)',
    proof: { comesOf: ({ run }) => squat(run.world, { name: 'other', aliases: ['shop-master'] }) },
  },
  {
    code: 'NetworkMissing',
    says: 'docker network create …, or take it out of spec.network.external',
    proof: {
      comesOf: ({ run }) => run.edit({ more: 'network: { external: [web] }' }),
      inWords: [backTo('network: {}')],
    },
  },
  {
    code: 'NetworkConflict',
    says: 'take … out of spec.network.external of …',
    proof: {
      comesOf({ run }) {
        run.world.engine.world.addNetwork({ name: 'web', labels: { [flotillaLabel]: 'web' } })
        run.edit({ more: 'network: { external: [web] }' })
      },
      inWords: [backTo('network: {}')],
    },
  },
  {
    code: 'NetworkConflict',
    says: 'docker network create …-bridge   (and name that in spec.network.external)',
    proof: {
      comesOf({ run }) {
        run.world.engine.world.addNetwork({ name: 'web', labels: {} })
        const { networks } = run.world.engine.world
        const web = networks.get('web')
        if (web !== undefined) networks.set('web', { ...web, driver: 'overlay' })
        run.edit({ more: 'network: { external: [web] }' })
      },
      afterwards: ({ run }) => run.edit({ more: 'network: { external: [web-bridge] }' }),
    },
  },
  {
    code: 'DataLossGuard',
    says: 'flotilla failover … --to … --force',
    proof: {
      spec: { replicas: 1, persistence: 'none', mode: 'manual' },
      comesOf: ({ inject }) => inject({ kind: 'kill', node: 'master' }),
    },
  },
  {
    code: 'NoSafeCandidate',
    says: 'flotilla failover … --to … --force   (what that node lacks is lost)',
    proof: {
      spec: { replicas: 1, persistence: 'aof' },
      comesOf({ inject }) {
        inject({ kind: 'slow-sync', syncMs: 600_000, forMs: 600_000 })
        inject({ kind: 'flush' })
        inject({ kind: 'exit', node: 1, code: 0 })
        inject({ kind: 'freeze', node: 'master', forMs: 0 })
      },
    },
  },
  {
    code: 'NoSafeCandidate',
    says: 'flotilla failover … --to … --force   (node … holds … keys; what it lacks is lost)',
    proof: {
      spec: { replicas: 1 },
      comesOf(scene) {
        const { inject } = scene
        inject({ kind: 'promote-by-hand', node: 1 })
        writeAs(scene, 1)
        inject({ kind: 'rename-by-hand', node: 'master', to: 'shop-replica-0' })
        inject({ kind: 'crash-flotilla', downMs: 500 })
        inject({ kind: 'forget' })
      },
    },
  },
  {
    code: 'UnexpectedMaster',
    says: 'flotilla failover … --to … --force   (node … is the master; what node … holds is set aside on its volume)',
    proof: {
      comesOf(scene) {
        scene.inject({ kind: 'promote-by-hand', node: 1 })
        writeAs(scene, 1)
      },
    },
  },
  {
    code: 'DuplicateNode',
    says: 'docker rm -f …',
    proof: {
      comesOf({ run }) {
        const twin = run.world.containerOf(1)
        if (twin !== null) run.world.engine.world.create({ ...twin.spec, name: 'twin' }, [])
      },
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'docker pull …   (it is tried again all the while; or put spec.image right in the manifest)',
    proof: { comesOf: ({ run }) => run.edit({ image: 'redis:3' }) },
  },
  {
    code: 'RolloutBlocked',
    says: 'put a newer one in spec.image of …, such as redis:8',
    proof: {
      comesOf({ run }) {
        run.world.engine.controls.addImage('redis:6', { environment: ['REDIS_VERSION=6.0.16'] })
        run.edit({ image: 'redis:6' })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:2' })],
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'docker unpause …',
    proof: {
      comesOf({ run, inject }) {
        inject({ kind: 'pause', node: 1, forMs: 3_600_000 })
        run.edit({ image: 'redis:2' })
      },
    },
  },
  {
    code: 'FailoverBlocked',
    says: 'flotilla failover …',
    because: 'spec.failover.mode is manual',
    proof: {
      spec: { mode: 'manual' },
      comesOf: ({ inject }) => inject({ kind: 'freeze', node: 'master', forMs: 0 }),
    },
  },
  {
    code: 'CrashLooping',
    says: 'flotilla restart … --node …   (tries at once; mend the cause first. Its volume is kept)',
    proof: {
      comesOf: () => undefined,
      goesOn({ run, inject }) {
        if (run.world.containerOf(1)?.state === 'running') inject({ kind: 'exit', node: 1, code: 1 })
      },
    },
  },
  {
    code: 'ActionFailing',
    says: 'flotilla resume …   (after the cause is mended: tries … again at once)',
    proof: {
      comesOf({ inject }) {
        inject({ kind: 'node-trouble', node: 1, what: 'start', forMs: 3_600_000 })
        inject({ kind: 'kill', node: 1 })
      },
      mend: ({ run }) => run.heal(),
    },
  },
  {
    code: 'NameConflict',
    says: 'docker network rm …, or give the flotilla another metadata.name',
    proof: {
      isFromTheStart: true,
      comesOf: ({ run }) => run.world.engine.world.addNetwork({ name: flotilla, labels: {} }),
      // Another name is another flotilla, and this one ends.
      inWords: [({ run }) => run.daemon.withdraw()],
    },
  },
  {
    code: 'NameConflict',
    says: 'docker volume rm … (after saving what it holds), or give the flotilla another metadata.name or spec.persistence.volume.name',
    proof: {
      isFromTheStart: true,
      comesOf: ({ run }) => run.world.engine.world.addVolume({ name: 'shop-1', labels: {} }),
      inWords: [({ run }) => run.edit({ volumeNames: 'new-{flotilla}-{ordinal}' })],
    },
  },
  {
    code: 'NetworkConflict',
    says: 'docker network rm …, or change spec.network.subnet (without it the engine chooses a free one)',
    proof: {
      isFromTheStart: true,
      spec: { more: 'network: { subnet: 10.99.0.0/24 }' },
      comesOf: ({ run }) =>
        run.world.engine.world.addNetwork({ name: 'web', labels: {}, subnet: '10.99.0.0/24' }),
      inWords: [backTo('network: {}')],
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'put spec.image right in the manifest of …   (this one is tried again every minute)',
    proof: {
      comesOf({ run }) {
        run.world.engine.controls.addImage('redis:dead')
        run.world.trialServers.set('redis:dead', { isDead: true })
        run.edit({ image: 'redis:dead' })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:2' })],
    },
  },
  {
    code: 'ConfigRefused',
    says: 'put spec.image right in the manifest of …   (this one is tried again every minute)',
    proof: {
      comesOf({ run }) {
        run.world.engine.controls.addImage('redis:dead')
        run.world.trialServers.set('redis:dead', { isDead: true })
        run.edit({ image: 'redis:dead', more: 'config: { hz: 50 }' })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:1' })],
    },
  },
  {
    code: 'ConfigRefused',
    says: 'change spec.config.… in the manifest of … and save it',
    proof: {
      comesOf({ run }) {
        run.world.trialServers.set('redis:1', {
          refuses: 'ERR CONFIG SET failed - argument must be between 1 and 500',
        })
        run.edit({ more: 'config: { hz: 5000 }' })
      },
      inWords: [backTo('config: {}')],
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'put spec.image in the manifest of … back to …   (data goes back only through an application that copies it to a new flotilla)',
    proof: {
      comesOf({ run }) {
        run.world.engine.controls.addImage('redis:old')
        run.world.trialServers.set('redis:old', { rdbVersion: 9 })
        run.edit({ image: 'redis:old' })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:1' })],
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'put the manifest of … right   (flotilla logs … --node … shows what it said), or flotilla restart … --node …   (tries it once more)',
    proof: {
      comesOf: ({ run }) => run.edit({ image: 'redis:2' }),
      goesOn({ run, inject }) {
        const canary = run.world.containers.find(({ spec }) => spec.image === 'redis:2')
        const ordinal = readNodeLabels(canary?.spec.labels ?? {})?.ordinal
        if (canary?.state === 'running' && ordinal !== undefined)
          inject({ kind: 'exit', node: ordinal, code: 1 })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:1' })],
    },
  },
  {
    code: 'ActionFailing',
    says: 'docker pull …   (or put spec.image right in the manifest)',
    proof: { isFromTheStart: true, spec: { image: 'redis:3' }, comesOf: () => undefined },
  },
  {
    code: 'FailoverBlocked',
    says: 'flotilla failover …',
    because: 'times within',
    proof: {
      comesOf: () => undefined,
      goesOn({ run, inject }) {
        const { memory } = run.daemon.snapshot ?? {}
        const [last] = memory?.history.slice(-1) ?? []
        const isSettled = memory?.operation === null && memory.request === null
        // What a new master holds is on record a look later.
        if (!isSettled || run.world.clock.nowMs() - (last?.endedAtMs ?? 0) < 8_000) return
        if (memory.master?.ordinal === 0) inject({ kind: 'freeze', node: 0, forMs: 0 })
        else inject({ kind: 'ask-switchover', to: 0 })
      },
    },
  },
  {
    code: 'RolloutBlocked',
    says: "put spec.image in the manifest of … back to …   (or take out what it can't load; it is tried again every minute)",
    proof: {
      file: 'test/e2e/images.test.ts',
      title:
        'an image that can’t load this data reaches no node, the hold says what its server said, and data that it can load is rolled out',
    },
  },
  {
    code: 'TlsRefused',
    says: 'fix …, which spec.tls.files of … names; they are read again every few seconds',
    proof: {
      file: 'test/e2e/tls.test.ts',
      title:
        "certificates of one's own that can not serve are refused and nothing is touched; good ones are taken over within seconds",
    },
  },
  {
    code: 'DataLossGuard',
    says: 'flotilla failover … --to … --force   (node … stays master; what it lacks is lost)',
    proof: {
      file: 'test/e2e/record.test.ts',
      title:
        '41. A replica promoted by hand that is empty, and that the recorded master was made to copy → held, and what the hold says to type ends it',
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'write databases: … or more under spec.config in the manifest of … and save it',
    proof: {
      file: 'test/e2e/copies.test.ts',
      title:
        'a Redis with more databases in use than the nodes would have is not followed, and the manifest says how it is',
    },
  },
  {
    code: 'ConfigRefused',
    says: 'write databases: … or more under spec.config in the manifest of … and save it',
    proof: {
      comesOf({ run }) {
        for (const process of run.world.redis.processes) process.info = { keysByDatabase: { 20: 1 } }
        run.edit({ more: 'config: { databases: 4 }' })
      },
      inWords: [({ run }) => run.edit({ more: 'config: { databases: 21 }' })],
    },
  },
  {
    code: 'AuthFailure',
    says: 'docker restart …   (it starts with the users in its file, which are ours; one node at a time, the master last)',
    proof: {
      file: 'test/e2e/drift.test.ts',
      title: 'a replica whose users somebody has changed so that it refuses us is restarted, and lets us in',
    },
  },
  {
    code: 'NameConflict',
    says: 'flotilla claim …   (if it is yours, from another state directory or from this one before it was restored), or …   (if it is not)',
    proof: {
      file: 'test/e2e/identity.test.ts',
      title: 'a state folder that was lost has a way back, as documented, and until then nothing is touched',
    },
  },
  {
    code: 'NetworkConflict',
    says: 'disconnect from … what needs no address there   (docker network inspect … shows who has one; the node is joined again by itself)',
    proof: {
      file: 'test/e2e/external-network.test.ts',
      title:
        'a node that finds no address on a full network is told of, and is found there when one is free; a stranger who answers to the master’s name there is told of too',
    },
  },
  {
    code: 'VolumeShared',
    says: 'put {flotilla} and {ordinal} into spec.persistence.volume.options…',
    proof: {
      file: 'test/e2e/persistence.test.ts',
      title:
        'a node whose volume is the folder of the master is not started there; on a place of its own, as the hold says, it is',
    },
  },
  {
    code: 'CrashLooping',
    says: "docker run --rm --volumes-from … --entrypoint sh … -c 'yes | redis-check-aof --fix /data/…'   (cuts the file off at the first place that can't be read: what was written after it is lost)",
    proof: {
      file: 'test/e2e/guards.test.ts',
      title:
        '45. What a hold says to type, works: a lone master whose append-only file is damaged comes back with what can be read of it',
    },
  },
  {
    code: 'CrashLooping',
    says: 'flotilla failover … --to … --force   (node … holds … keys; what it lacks is lost)',
    proof: {
      spec: { replicas: 1, mode: 'manual' },
      comesOf: () => undefined,
      goesOn: endOverData('Bad file format reading the append only file: make a backup'),
    },
  },
  {
    code: 'CrashLooping',
    says: "docker run --rm --volumes-from … --entrypoint sh … -c 'mv /data/dump.rdb /data/dump.rdb.unreadable'   (then put a backup in its place; without one the node comes up empty, and is held until you accept that)",
    proof: {
      spec: { replicas: 0, persistence: 'rdb' },
      comesOf: () => undefined,
      goesOn: endOverData('Wrong RDB checksum expected: 1 got 2'),
      leadsTo: 'DataLossGuard',
    },
  },
  {
    code: 'TlsRefused',
    says: 'change spec.image of … to one with TLS (redis:8 and valkey/valkey:8 have it), or spec.tls to off',
    proof: {
      isFromTheStart: true,
      spec: { more: 'tls: prefer', image: 'redis:bare' },
      comesOf({ run: { world } }) {
        world.files.put(`${stateDirectory}/secrets/${flotilla}.tls.json`, tlsSecrets)
        world.engine.controls.addImage('redis:bare')
        world.trialServers.set('redis:bare', { lacks: 'tls-prefer-server-ciphers' })
      },
      inWords: [({ run }) => run.edit({ image: 'redis:1' }), ({ run }) => run.edit({ more: 'tls: off' })],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'take bootstrap out of the manifest   (they come up on their own data), or flotilla down … --volumes && flotilla up …   (their data goes)',
    proof: {
      comesOf({ run, inject }) {
        run.world.foreign.add({ name: 'old-redis' })
        run.daemon.kill()
        for (const node of [0, 1, 2]) inject({ kind: 'remove', node })
        void run.world.files.remove(recordPath)
        run.edit(following)
      },
      inWords: [({ run }) => run.edit({ more: 'network: {}' })],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'flotilla down … --volumes && flotilla up …   (it copies everything again, after the cause is mended)',
    proof: afterFollowing(({ run }) => {
      const leader = run.world.processOf(0)
      if (leader !== null) leader.info = { unexpectedErrors: 1 }
    }),
  },
  {
    code: 'BootstrapBlocked',
    says: '…, or flotilla promote … --force   (goes on without it, with what the nodes have)',
    proof: {
      ...afterFollowing(({ run }) => run.world.foreign.stop('old-redis')),
      inWords: [({ run }) => run.world.foreign.start('old-redis')],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'write under spec.bootstrap: from: { host: <an address of this machine, as hostname -I shows>, port: … }',
    isFirstOfSeveral: true,
    proof: {
      ...toFollow({ network: 'host' }),
      inWords: [
        ({ run }) => {
          const { host } = run.world.foreign.processOf('old-redis')
          run.edit({ more: `bootstrap: { from: { host: ${host}, port: 6379 } }` })
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'put its password into a file (mode 0600) that spec.bootstrap.from.passwordFile names',
    proof: {
      ...toFollow({ password: 'theirs' }),
      inWords: [
        ({ run }) => {
          run.world.files.put(resolve('old-redis.password'), 'theirs')
          run.edit({
            more: 'bootstrap: { from: { container: old-redis, passwordFile: ./old-redis.password } }',
          })
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'change spec.bootstrap.from, or …, so that it does',
    proof: {
      ...toFollow({}, ({ run }) => {
        run.world.foreign.processOf('old-redis').turnsAway = 'ERR max number of clients reached'
      }),
      inWords: [
        ({ run }) => {
          run.world.foreign.add({ name: 'other-redis' })
          run.edit({ more: 'bootstrap: { from: { container: other-redis } }' })
        },
        ({ run }) => {
          run.world.foreign.processOf('old-redis').turnsAway = null
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'change spec.image to one with …',
    proof: {
      ...toFollow({ info: { modules: ['search'] } }),
      inWords: [
        ({ run }) => {
          run.world.serverInfo.set('redis:2', { modules: ['search'] })
          run.edit({ image: 'redis:2' })
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'change spec.image to one of … or newer',
    proof: {
      ...toFollow({ info: { version: '8.0.0' } }),
      inWords: [
        ({ run }) => {
          run.world.serverInfo.set('redis:2', { version: '8.0.0' })
          run.edit({ image: 'redis:2' })
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'flotilla promote … --force   (goes on with those keys), or flotilla down … --volumes && flotilla up …',
    proof: afterFollowing(({ run }) => run.world.foreign.empty('old-redis')),
  },
  {
    code: 'BootstrapBlocked',
    says: 'start … without those renames, or run redis-cli CONFIG RESETSTAT there   (when nobody calls them any more while it is followed)',
    proof: {
      ...toFollow({}, ({ run }) => {
        const server = run.world.foreign.processOf('old-redis')
        server.renamed.set('flushall', 'emptyall')
        server.renamedCalls = 1
      }),
      inWords: [
        ({ run }) => {
          run.world.foreign.stop('old-redis')
          run.world.foreign.start('old-redis')
        },
        ({ run }) => {
          run.world.foreign.processOf('old-redis').renamedCalls = 0
        },
      ],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'flotilla promote … --force   (goes on with what the nodes have), or see that … answers',
    proof: {
      ...afterFollowing(
        ({ run }) => run.ask({ kind: 'take-over', to: null, force: false, timeoutMs: 30_000 }),
        {
          goesOn({ run }) {
            const { foreign } = run.world
            if (!foreign.isRunning('old-redis') || foreign.processOf('old-redis').upstream === null) return
            run.daemon.kill()
            foreign.stop('old-redis')
            run.daemon.start()
          },
        },
      ),
      inWords: [({ run }) => run.world.foreign.start('old-redis')],
    },
  },
  {
    code: 'BootstrapBlocked',
    says: 'flotilla promote … --force   (it stays master), or docker rm -f …   (it follows again)',
    proof: afterFollowing(({ inject }) => inject({ kind: 'promote-by-hand', node: 0 })),
  },
  {
    code: 'BootstrapBlocked',
    says: 'put spec.bootstrap of … back to …, or flotilla promote … --force   (goes on with those keys), or flotilla down … --volumes && flotilla up …   (copies …)',
    proof: {
      ...afterFollowing(({ run }) => {
        run.world.foreign.add({ name: 'other-redis' })
        run.edit({ more: 'bootstrap: { from: { container: other-redis } }' })
      }),
      inWords: [({ run }) => run.edit(following)],
    },
  },
  {
    code: 'AuthFailure',
    says: 'docker kill …   (it is started again with the certificate in force; one node at a time, the master last)',
    proof: {
      comesOf({ run }) {
        const process = run.world.processOf(1)
        if (process !== null) process.hasBadCertificate = true
      },
    },
  },
  {
    code: 'AuthFailure',
    says: 'docker rm -f …   (recreated on the same volume, with our passwords)',
    proof: {
      // What is in its file is of yesterday, so a restart would not help.
      comesOf({ run }) {
        lockOut(run.world, 1)
        run.edit({ more: 'auth: { users: [{ name: reader, rules: "+@read" }] }' })
      },
    },
  },
  {
    code: 'AuthFailure',
    says: 'flotilla run --state <the directory that made them>, or flotilla down … && flotilla up …   (if that is lost: the nodes are recreated on their volumes with our passwords)',
    proof: {
      comesOf: replaceKeyring,
    },
  },
  {
    code: 'GatewayBlocked',
    says: 'docker unpause …',
    proof: {
      ...withGateway(({ inject }) => inject({ kind: 'gateway', how: 'pause', forMs: 3_600_000 })),
    },
  },
  {
    code: 'GatewayBlocked',
    says: "put an image of HAProxy 2.6 or newer in spec.gateway.image of …, such as haproxy:3.2, or docker rm -f …   (it is created again, with Flotilla's configuration)",
    proof: {
      ...withGateway(({ run }) => {
        const { running } = run.world.gateways
        if (running !== null) running.speaksOtherwise = true
      }),
      inWords: [useNewGatewayImage],
    },
  },
  {
    code: 'GatewayBlocked',
    says: 'put an image of HAProxy 2.6 or newer in spec.gateway.image of … in place of …   (docker logs … shows all that it said)',
    proof: {
      ...withGateway(({ run: { world } }) => {
        world.gateways.endsAtOnce.add('haproxy:3.2')
        world.gateways.crash()
      }),
      inWords: [useNewGatewayImage],
    },
  },
  {
    code: 'NetworkConflict',
    says: 'flotilla down … && flotilla up …   (writes stop meanwhile, the data is kept), or put spec.network.subnet back',
    proof: {
      comesOf: ({ run }) => run.edit({ more: 'network: { subnet: 10.77.0.0/24 }' }),
      inWords: [backTo('network: {}')],
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'docker rm -f …   (it is recreated on its volume)',
    proof: {
      comesOf: ({ run }) => run.edit({ image: 'redis:2' }),
      // One that is still to be recreated goes first, and is let in by that.
      goesOn({ run: { world } }) {
        const updated = world.containers.find(({ spec }) => spec.image === 'redis:2')
        const ordinal = readNodeLabels(updated?.spec.labels ?? {})?.ordinal
        if (ordinal !== undefined && world.processOf(ordinal)?.link?.state === 'up') lockOut(world, ordinal)
      },
    },
  },
  {
    code: 'RolloutBlocked',
    says: 'flotilla scale … …   (one more replica, which it can hand over to)',
    proof: {
      comesOf({ run }) {
        for (const node of [1, 2]) {
          const process = run.world.processOf(node)
          if (process !== null) process.info = { replicaPriority: 0 }
        }
        run.world.serverInfo.set('redis:2', { replicaPriority: 0 })
        run.edit({ image: 'redis:2' })
      },
      mend: ({ run }) => void run.world.serverInfo.delete('redis:2'),
    },
  },
  {
    code: 'RolloutPaused',
    says: 'flotilla rollout approve …',
    proof: {
      spec: { more: 'update: { master: approve }' },
      comesOf: ({ run }) => run.edit({ image: 'redis:2' }),
    },
  },
  {
    code: 'RolloutPaused',
    says: 'flotilla rollout approve …   (it is done now)',
    proof: {
      spec: { more: 'update: { master: window, window: { schedule: "0 0 29 2 *", duration: 1m } }' },
      comesOf: ({ run }) => run.edit({ image: 'redis:2' }),
    },
  },
  {
    code: null,
    says: 'install -m 600 <file with the password of …> …',
    proof: {
      comesOf: ({ run }) => run.edit({ more: 'auth: { passwordFile: ./shop.password }' }),
      inWords: [({ run }) => run.world.files.put(resolve('shop.password'), 'a-good-password')],
    },
  },
  {
    code: null,
    says: 'set … in the environment of the daemon to the password of …, and start it again',
    proof: {
      comesOf: ({ run }) => run.edit({ more: 'auth: { passwordEnv: REDIS_SHOP }' }),
      inWords: [
        ({ run }) => {
          run.daemon.kill()
          run.world.environment.set('REDIS_SHOP', 'a-good-password')
          run.start()
        },
      ],
    },
  },
  {
    code: 'MemoryInUse',
    says: 'raise spec.resources.memory in the manifest of …, or set spec.config.maxmemory-policy to one that evicts, such as allkeys-lru, or delete data   (flotilla cli … info memory shows how much is held)',
    proof: {
      comesOf: holdMemory(200),
      inWords: [
        ({ run }) => run.edit({ more: 'resources: { memory: 512Mi }' }),
        ({ run }) => run.edit({ more: `${littleMemory}\n  config: { maxmemory-policy: allkeys-lru }` }),
        holdMemory(20),
      ],
    },
  },
]

/** The keyring in our state directory is another one, and the right one is in another state directory. */
function replaceKeyring({ run }: Scene): void {
  const { files } = run.world
  run.daemon.kill()
  files.put(`${otherStateDirectory}/secrets/${flotilla}.json`, files.peek(keyringPath) ?? '')
  const theirs = { control: 'control-2', replication: 'replication-2', application: 'application-2' }
  files.put(keyringPath, JSON.stringify(theirs))
  run.start()
}

/** Somebody changes its users by hand, so that it lets in nobody with our password any more. */
function lockOut(world: Scene['run']['world'], node: number): void {
  const process = world.processOf(node)
  if (process === null) return
  process.users.set(controlUser, ['on', passwordRule('changed', controlUser)])
  for (const close of [...process.closers]) close()
}

/** Ends the master as often as it starts, as a server that can't read its data does. */
function endOverData(said: string): (scene: Scene) => void {
  return ({ run, inject }) => {
    const container = run.world.containerOf(0)
    if (container?.state !== 'running') return
    run.world.engine.controls.writeLog(container.id, said)
    inject({ kind: 'exit', node: 0, code: 1 })
  }
}

/** What befalls the gateway of a flotilla that has one. */
function withGateway(comesOf: Played['comesOf']): Played {
  return { spec: { more: gatewayField }, comesOf }
}

function useNewGatewayImage({ run }: Scene): void {
  run.world.engine.controls.addImage('haproxy:3.3', { user: '99' })
  run.edit({ more: 'gateway: { master: 127.0.0.1:6379, image: haproxy:3.3 }' })
}

/** It is made to follow a Redis of somebody else, which is like this. */
function toFollow(
  server: Partial<ForeignServer> = {},
  then: (scene: Scene) => void = () => undefined,
): Omit<Played, 'inWords'> {
  return {
    isFromTheStart: true,
    spec: following,
    comesOf(scene) {
      scene.run.world.foreign.add({ name: 'old-redis', ...server })
      then(scene)
    },
  }
}

/** What comes once it follows, and has had the time to be seen to; and what goes on from then. */
function afterFollowing(
  comes: (scene: Scene) => void,
  { goesOn = () => undefined }: Pick<Played, 'goesOn'> = {},
): Played {
  let followsSinceMs: number | null = null
  return {
    ...toFollow({}, () => {
      followsSinceMs = null
    }),
    goesOn(scene) {
      const { world } = scene.run
      if (followsSinceMs === Infinity) return goesOn(scene)
      if (world.processOf(0)?.link?.state !== 'up') return
      followsSinceMs ??= world.clock.monotonicMs()
      if (world.clock.monotonicMs() - followsSinceMs < 8_000) return
      followsSinceMs = Infinity
      comes(scene)
    },
  }
}

/** So many MiB in every node, of which most are to have less memory from now on. */
function holdMemory(mebibytes: number): (scene: Scene) => void {
  return ({ run }) => {
    for (const process of run.world.redis.processes) process.usedBytes = mebibytes * 1_048_576
    run.edit({ more: littleMemory })
  }
}

/** Two keys of its own. */
function writeAs({ run }: Scene, node: number): void {
  const process = run.world.processOf(node)
  if (process === null) return
  for (const key of ['a', 'b'])
    takeWrite(run.world.redis.wire, process, { key, value: 'theirs', waitFor: 0 }, () => undefined)
}

/** A container of somebody else on our network, under a name of ours or answering to one. */
function squat(
  { engine }: Scene['run']['world'],
  { name, aliases = [] }: { readonly name: string; readonly aliases?: readonly string[] },
): void {
  const id = engine.world.create(
    {
      ...{ name, image: 'redis:1', command: [], labels: {}, mounts: [], dnsOptions: [], hostname: name },
      ...{ openFilesMax: 1_024, stopGraceSeconds: 1, publishPort: null },
      attachment: { network: flotilla, links: [], aliases },
    },
    [],
  )
  if (aliases.length > 0) engine.world.start(engine.world.need(id))
}
