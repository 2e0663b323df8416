import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { GatewayConfig } from '../../src/gateway/render-gateway.js'
import { controlUser } from '../../src/model/acl-user.js'
import type { GatewayServer, GatewayTarget } from '../../src/model/gateway.js'
import type { NodeTarget } from '../../src/model/redis.js'
import { Secret } from '../../src/secret.js'
import { until } from '../support/until.js'
import { createRealGatewayWorld, haproxyMissing, type RealGatewayWorld } from './gateway-servers.js'
import { createRealWorld, type RealWorld } from './redis-servers.js'

const deadlineMs = 5000
const credentials = {
  control: new Secret('control'),
  replication: new Secret('replication'),
  application: new Secret('application'),
}

describe('a gateway that restarts with no daemon asks Redis itself', { skip: haproxyMissing }, () => {
  let gateways: RealGatewayWorld
  let redis: RealWorld
  beforeEach(async () => {
    gateways = await createRealGatewayWorld()
    redis = await createRealWorld()
  })
  afterEach(async () => {
    await gateways.close()
    await redis.close()
  })

  const login = { user: controlUser, password: credentials.control }

  /** Points a gateway at a master, and ends both its process and whoever pointed it. */
  async function killPointed(node: NodeTarget, nodes: GatewayConfig['nodes']): Promise<GatewayTarget> {
    const target = await gateways.start({ nodes })
    await redis.redis.promote(node, { deadlineMs })
    const probe = await redis.redis.probe(node, { deadlineMs })
    assert.ok(probe.kind === 'answered')
    const master = serverOf(node)
    const pointing = { master, replicas: [], lineage: probe.facts.replid }
    await gateways.gateways.point(target, pointing, { deadlineMs })
    // It writes down after it has answered.
    await gateways.gateways.probe(target, { deadlineMs })
    await gateways.kill(target)
    return target
  }

  test('it logs in, and is right again within 1 s of listening', async () => {
    const node = await redis.startNode('shop-0', { credentials })
    const target = await killPointed(node, { login, tls: null })
    const again = await gateways.restart(target)
    const startMs = performance.now()
    await untilServed(again, serverOf(node))
    assert.ok(performance.now() - startMs < 1_000)
  })

  test('with a password that is not right any more it stays closed', async () => {
    const node = await redis.startNode('shop-0', { credentials })
    const wrong = { user: controlUser, password: new Secret('another') }
    await staysClosed(await killPointed(node, { login: wrong, tls: null }))
  })

  test('a master that was started again and promoted is another lineage, and it stays closed', async () => {
    const node = await redis.startNode('shop-0', { credentials, persistence: 'none' })
    const target = await killPointed(node, { login, tls: null })
    const reborn = await redis.restartNode(node)
    await redis.redis.promote(reborn, { deadlineMs })
    await staysClosed(target)
  })

  test('it asks encrypted where nodes are, and believes only who proves to be one', async () => {
    const node = await redis.startEncrypted('shop-0', 'require')
    const { tls } = node
    assert.ok(tls !== undefined)
    const trusted = { authorities: tls.authorities, serverName: tls.serverName, client: null }
    const others = { user: controlUser, password: redis.credentials.control }
    const believing = await killPointed(node, { login: quoted(others), tls: trusted })
    await untilServed(await gateways.restart(believing), serverOf(node))
    const wrongName = { ...trusted, serverName: 'cart-0' }
    await staysClosed(await killPointed(node, { login: quoted(others), tls: wrongName }))
  })

  async function untilServed(target: GatewayTarget, server: GatewayServer): Promise<void> {
    await until('the gateway to be right again', deadlineMs, async () => {
      const probe = await gateways.gateways.probe(target, { deadlineMs })
      assert.ok(probe.kind === 'answered')
      assert.deepEqual([probe.facts.pointedBy, probe.facts.master], ['itself', [server]])
      return true
    })
  }

  async function staysClosed(target: GatewayTarget): Promise<void> {
    const again = await gateways.restart(target)
    // As long as a client waits for somebody to be let through to.
    assert.equal((await gateways.connect(again, 'master')).reached, null)
    const probe = await gateways.gateways.probe(again, { deadlineMs })
    assert.deepEqual(probe.kind === 'answered' && probe.facts.master, [])
  }
})

function serverOf({ host, port }: NodeTarget): GatewayServer {
  return { ordinal: 0, host, port }
}

/** The passwords of these tests need quotes; those of a gateway never do. */
function quoted({ user, password }: { user: string; password: Secret }): { user: string; password: Secret } {
  return { user, password: new Secret(JSON.stringify(password.reveal())) }
}
