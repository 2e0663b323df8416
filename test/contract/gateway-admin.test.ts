import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { createGatewayClient } from '../../src/gateway/haproxy-client.js'
import { gatewayPaths } from '../../src/gateway/layout.js'
import type { GatewayTarget } from '../../src/model/gateway.js'
import { gatewayIdentities, issueGatewayIdentities } from '../support/gateway-identities.js'
import {
  createRealGatewayWorld,
  haproxyMissing,
  haproxyProgram,
  type RealGatewayWorld,
} from './gateway-servers.js'

const deadlineMs = 3000
const questions = 'show info\nflotilla show\nshow servers state\n'

describe('nobody but Flotilla administers a gateway', { skip: haproxyMissing }, () => {
  let world: RealGatewayWorld
  let target: GatewayTarget
  before(async () => {
    world = await createRealGatewayWorld()
    target = await world.start()
  })
  after(() => world.close())

  // HAProxy 2.6 with "ssl" on a stats socket says that its configuration is valid, and then answers here.
  test('in plain text nothing is said to anybody', async () => {
    const socket = connect(target.port, target.host)
    socket.write(questions)
    assert.equal(await everything(socket), '')
  })

  test('who shows no certificate is told nothing', async () => {
    assert.equal(await askEncrypted(target, {}), '')
  })

  test('who shows a certificate of another authority is told nothing', async () => {
    const { flotilla } = await issueGatewayIdentities()
    assert.equal(await askEncrypted(target, { cert: flotilla.certificate, key: flotilla.key.reveal() }), '')
  })

  test('who shows the right certificate is answered', async () => {
    const { flotilla } = await gatewayIdentities()
    const said = await askEncrypted(target, { cert: flotilla.certificate, key: flotilla.key.reveal() })
    assert.match(said, /^Name: HAProxy/m)
  })

  test('what our own client is told names the certificate as the cause, either way round', async () => {
    const other = await issueGatewayIdentities()
    const gateways = createGatewayClient({ clock: systemClock })
    const { access } = target
    const notBelieved = { ...access, certificate: other.flotilla.certificate, key: other.flotilla.key }
    const notBelieving = { ...access, authorities: other.authority.certificate }
    const anotherName = { ...access, serverName: 'cart-gateway' }
    for (const one of [notBelieved, notBelieving, anotherName]) {
      const probe = await gateways.probe({ ...target, access: one }, { deadlineMs })
      assert.equal(probe.kind === 'denied' && probe.cause, 'certificate', JSON.stringify(probe))
    }
    gateways.close()
  })

  test('neither port of clients answers to orders of HAProxy', async () => {
    const { ports } = world.layoutOf(target)
    for (const port of [ports.master, ports.replicas]) {
      const socket = connect(port, '127.0.0.1')
      socket.write(questions)
      assert.equal(await everything(socket), '')
    }
  })

  test('its configuration is one that HAProxy has nothing to say about', () => {
    const { config } = gatewayPaths(world.layoutOf(target))
    const { status, stdout, stderr } = spawnSync(haproxyProgram, ['-c', '-f', config], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.doesNotMatch(`${stdout}${stderr}`, /WARNING|ALERT/)
  })
})

async function askEncrypted(target: GatewayTarget, identity: ConnectionOptions): Promise<string> {
  const { host, port, access } = target
  const socket = connectTls({
    ...{ host, port, ca: access.authorities, servername: access.serverName, ...identity },
  })
  socket.write(questions)
  return everything(socket)
}

/** All that comes until the other side hangs up, or it has said something and nothing more. */
async function everything(socket: ReturnType<typeof connect>): Promise<string> {
  let said = ''
  socket.on('error', () => undefined)
  socket.on('data', bytes => {
    said += bytes.toString()
    socket.end()
  })
  await new Promise(resolve => socket.once('close', resolve))
  return said
}
