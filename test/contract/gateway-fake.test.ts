import assert from 'node:assert/strict'
import { systemClock } from '../../src/clock.js'
import type { GatewayServer, GatewayTarget } from '../../src/model/gateway.js'
import { Secret } from '../../src/secret.js'
import { createFakeGateways } from '../fakes/gateway/fake-gateway.js'
import type { FakeGateway } from '../fakes/gateway/gateway-process.js'
import type { NodeSays } from '../support/scripted-node.js'
import { describeGatewayPort, type GatewayWorld } from './gateway-contract.js'

describeGatewayPort('in memory', async () => createFakeGatewayWorld())

const access = {
  ...{ authorities: 'the authority', serverName: 'shop-gateway' },
  ...{ certificate: 'a certificate', key: new Secret('its key') },
}

function createFakeGatewayWorld(): GatewayWorld {
  const nodes = new Map<string, NodeSays>()
  const addressOf = ({ host, port }: GatewayServer): string => `${host} ${port}`
  const fake = createFakeGateways({ clock: systemClock, ask: server => nodes.get(addressOf(server)) ?? null })
  const gateways = fake.connect()
  let count = 0
  // The fake's own timers don't keep a process alive.
  const alive = setInterval(() => undefined, 1000)
  const gatewayOf = ({ containerId }: GatewayTarget): FakeGateway =>
    fake.find(containerId) ?? assert.fail(containerId)
  const launch = (containerId: string): GatewayTarget => {
    count += 1
    const run = { containerId, startedAtMs: count, host: `10.0.1.${count}` }
    fake.start(run)
    return { ...run, flotilla: 'shop', port: 9999, access }
  }
  return {
    gateways,
    start: async () => launch(`gateway ${count}`),
    restart: async ({ containerId }) => launch(containerId),
    kill: async target => fake.kill(gatewayOf(target)),
    freeze: async target => fake.freeze(gatewayOf(target)),
    thaw: async target => fake.thaw(gatewayOf(target)),
    cutAdmin: async target => fake.cutAdmin(gatewayOf(target)),
    enableByHand: async (target, server) => fake.enableByHand(gatewayOf(target), server),
    async startNode(ordinal, says) {
      count += 1
      const server = { ordinal, host: `10.0.0.${count}`, port: 6379 }
      nodes.set(addressOf(server), says)
      return server
    },
    async change(server, says) {
      if (says === null) nodes.delete(addressOf(server))
      else nodes.set(addressOf(server), says)
    },
    async connect(target, port) {
      const session = await fake.connectClient(gatewayOf(target), port)
      return {
        reached: session?.server.ordinal ?? null,
        get isOpen() {
          return session?.isOpen ?? false
        },
        close: () => undefined,
      }
    },
    async close() {
      clearInterval(alive)
      gateways.close()
      for (const gateway of [...fake.running]) fake.kill(gateway)
    },
  }
}
