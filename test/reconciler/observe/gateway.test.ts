import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import type { PointOptions } from '../../../src/gateway/gateway.js'
import type { GatewayFacts, GatewayServer, Pointing } from '../../../src/model/gateway.js'
import { GatewayObserver } from '../../../src/reconciler/observe/gateway.js'
import { flotillaLabel, gatewayLabel } from '../../../src/runtime/labels.js'
import { Secret } from '../../../src/secret.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { noGateway } from '../../support/no-gateway.js'
import { container, networkId } from '../support/world.js'

const server = (ordinal: number): GatewayServer => ({ ordinal, host: `10.0.0.${ordinal}`, port: 6_379 })

/** A gateway that leads to this node, and what it is ordered. */
async function leadingTo(master: number) {
  const facts: GatewayFacts = {
    ...{ version: '2.6.12', uptimeSeconds: 60, configDigest: 'x', configSum: null, filesDigest: null },
    ...{ lineage: 'ab', master: [server(master)], replicas: [server(2)], pointedBy: 'flotilla' },
    ...{ isWrittenDown: true, sessions: { master: 0, replicas: 0, total: 0 } },
  }
  const orders: [Pointing, PointOptions][] = []
  const observer = new GatewayObserver({
    port: {
      ...noGateway,
      probe: () => Promise.resolve({ kind: 'answered', facts }),
      point: (_target, pointing, options) => Promise.resolve(void orders.push([pointing, options])),
    },
    runtime: createFakeRuntime({ clock: systemClock }).runtime,
    ...{ reach: 'container-ip', nowMs: () => 0 },
  })
  const look = (fastPath: boolean) =>
    observer.observe(
      [
        {
          ...container(9),
          labels: { [flotillaLabel]: 'shop', [gatewayLabel]: 'true' },
          networks: [{ network: 'shop', networkId, address: '10.0.0.99', links: [], aliases: [] }],
        },
      ],
      {
        ...{ flotilla: 'shop', image: 'haproxy:3.2', specHash: null, fastPath },
        access: {
          ...{ authorities: 'CA', serverName: 'shop-gateway', certificate: 'CERT' },
          key: new Secret('KEY'),
        },
      },
    )
  await look(false)
  return { observer, orders, look }
}

test('when the master may have died new clients wait, those that are there stay, and the plan knows of it', async () => {
  const { observer, orders, look } = await leadingTo(0)
  assert.notEqual(await observer.holdClientsOf('shop', 0), null)
  const [[pointing, options] = []] = orders
  assert.deepEqual(pointing, { master: null, replicas: [server(2)], lineage: null })
  assert.equal(options?.keepSessions, true)
  const probe = (await look(true))?.probe
  assert.deepEqual(probe?.kind === 'answered' && probe.facts.master, [])
})

test('a gateway that leads to somebody else already is left alone, and so is that of another flotilla', async () => {
  const { observer, orders } = await leadingTo(1)
  assert.equal(await observer.holdClientsOf('shop', 0), null)
  assert.equal(await observer.holdClientsOf('cart', 1), null)
  assert.deepEqual(orders, [])
})
