import { systemClock } from '../../src/clock.js'
import { createFakeRedis } from '../fakes/redis/fake-redis.js'
import { saveSnapshot, type FakeProcess } from '../fakes/redis/fake-process.js'
import { Secret } from '../../src/secret.js'
import { describeRedisPort, type RedisWorld, type StartOptions } from './redis-contract.js'
import type { NodeTarget } from '../../src/model/redis.js'

describeRedisPort('in memory', async () => createFakeWorld())

const credentials = {
  control: new Secret('control'),
  replication: new Secret('replication'),
  application: new Secret('application'),
}

function createFakeWorld(): RedisWorld {
  const fake = createFakeRedis({ clock: systemClock })
  const redis = fake.connect()
  const persistences = new Map<string, StartOptions['persistence']>()
  let count = 0
  let renewals = 0
  const processOf = ({ containerId }: NodeTarget): FakeProcess => {
    const process = fake.processOf(containerId)
    if (process === null) throw new Error(`nothing runs in ${containerId}`)
    return process
  }
  const begin = (target: NodeTarget, options: { readonly slowLoad?: boolean } = {}): NodeTarget => {
    const { nodeAlias: alias, containerId, startedAtMs, host, port } = target
    const process = fake.start({
      ...{
        alias,
        containerId,
        startedAtMs,
        host,
        port,
        credentials,
        upstream: { host, port },
        volume: alias,
      },
      ...{ persistence: persistences.get(alias) ?? 'rdb', slowLoad: options.slowLoad ?? false },
    })
    process.unknownOptions.add('no-such-option')
    return target
  }
  const kill = async (node: NodeTarget): Promise<void> => {
    const process = fake.processOf(node.containerId)
    if (process !== null) fake.kill(process)
  }
  const world: RedisWorld = {
    redis,
    async startNode(nodeAlias, { persistence = 'rdb', renamed = {} } = {}) {
      count += 1
      persistences.set(nodeAlias, persistence)
      const node = begin({
        ...{ nodeAlias, flotilla: 'shop', containerId: `container of ${nodeAlias}`, startedAtMs: count },
        ...{ host: `10.0.0.${count}`, port: 6379, credentials },
      })
      for (const [name, other] of Object.entries(renamed))
        processOf(node).renamed.set(name, other === '""' ? '' : other)
      return node
    },
    async restartNode(node, options) {
      await kill(node)
      if (options?.persistence !== undefined) persistences.set(node.nodeAlias, options.persistence)
      return begin({ ...node, startedAtMs: (node.startedAtMs ?? 0) + 100 }, options)
    },
    save: async node => saveSnapshot(processOf(node)),
    kill,
    async stop(node) {
      await fake.terminate(processOf(node))
    },
    freeze: async node => fake.freeze(processOf(node)),
    thaw: async node => fake.thaw(processOf(node)),
    makeBusy: async node => {
      processOf(node).state = 'busy'
    },
    watch: async node => {
      processOf(node).sentinels.add('10.0.0.9')
      return '10.0.0.9'
    },
    readConfig: async (node, option) => processOf(node).config.get(option) ?? '',
    close: async () => {
      redis.close()
      for (const process of [...fake.processes]) fake.kill(process)
    },
    async startEncrypted(nodeAlias, mode) {
      const target = await world.startNode(nodeAlias)
      processOf(target).transport = {
        ...{ plainPort: mode === 'prefer' ? 6379 : 0, tlsPort: 6380 },
        ...{ fingerprint: '0'.repeat(16), encryptsReplication: true },
      }
      const tls = { authorities: 'the authority', serverName: nodeAlias }
      return { ...target, port: 6380, tls, fallback: { host: target.host, port: 6379 } }
    },
    async renew() {
      renewals += 1
      const fingerprint = String(renewals).padStart(16, '0')
      return { fingerprint, options: { 'tls-ca-cert-file': `/ca-${fingerprint}.crt` } }
    },
  }
  return world
}
