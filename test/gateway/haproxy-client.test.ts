import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { systemClock } from '../../src/clock.js'
import { errorCode } from '../../src/errors.js'
import { createGatewayClient } from '../../src/gateway/haproxy-client.js'
import type { GatewayPort } from '../../src/gateway/gateway.js'
import { closedGateway, type GatewayTarget } from '../../src/model/gateway.js'
import { gatewayIdentities } from '../support/gateway-identities.js'

/** What somebody who proves to be the gateway answers to a line, by its number. */
type Script = (socket: TLSSocket, line: string, count: number) => void

const deadlineMs = 2000

describe('whoever answers at the admin port, the client ends in time and says what it saw', () => {
  let gateways: GatewayPort
  let server: Server
  let script: Script
  let target: GatewayTarget
  let accepted: number

  beforeEach(async () => {
    const { authority, gateway, flotilla } = await gatewayIdentities()
    accepted = 0
    server = createServer(
      {
        ...{ cert: gateway.certificate, key: gateway.key.reveal() },
        ...{ ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
      },
      socket => {
        let count = 0
        socket.on('error', () => undefined)
        socket.on('data', bytes => {
          for (const line of bytes.toString().trim().split('\n')) {
            script(socket, line, count)
            count += 1
          }
        })
      },
    ).listen(0, '127.0.0.1')
    // Before TLS, which on a busy machine may take longer than a call does.
    server.on('connection', () => {
      accepted += 1
    })
    await once(server, 'listening')
    gateways = createGatewayClient({ clock: systemClock })
    target = {
      ...{ flotilla: 'shop', containerId: 'gateway', startedAtMs: 1, host: '127.0.0.1' },
      port: (server.address() as AddressInfo).port,
      access: {
        ...{ authorities: authority.certificate, serverName: 'shop-gateway' },
        ...{ certificate: flotilla.certificate, key: flotilla.key },
      },
    }
  })
  afterEach(() => {
    gateways.close()
    server.close()
  })

  const shown = (serial: number): string =>
    `version 3.0\nuptime 1\nconfig c\nserial ${serial}\npointed-by nobody\nlineage -\nwritten yes\n` +
    `sessions master 0 0\nsessions replicas 0 0\nend\n\n> `

  test('an answer in pieces is one answer', async () => {
    script = (socket, line) => {
      if (line === 'prompt') socket.write('\n> ')
      else for (const letter of shown(0)) socket.write(letter)
    }
    assert.equal((await gateways.probe(target, { deadlineMs })).kind, 'answered')
    assert.equal(accepted, 1)
  })

  test('an answer without an end is given up, and so is its connection', async () => {
    script = socket => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
        if (!socket.destroyed) socket.once('drain', pour)
      }
      pour()
    }
    const probe = await gateways.probe(target, { deadlineMs })
    assert.equal(probe.kind === 'denied' && probe.cause, 'other', JSON.stringify(probe))
    await assert.rejects(gateways.point(target, closedGateway, { deadlineMs }), hasCode('gateway/denied'))
  })

  for (const [what, answer] of [
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n\n> '],
    ['a HAProxy that is none of ours', 'Unknown command: "flotilla"\n\n> '],
    ['bytes', `${Buffer.from([0, 1, 2, 200, 255]).toString('latin1')}\n> `],
  ] as const)
    test(`${what} is no gateway of ours`, async () => {
      script = (socket, line) => socket.write(line === 'prompt' ? '\n> ' : answer)
      const probe = await gateways.probe(target, { deadlineMs })
      assert.equal(probe.kind === 'denied' && probe.cause, 'other', JSON.stringify(probe))
      await assert.rejects(gateways.point(target, closedGateway, { deadlineMs }), hasCode('gateway/denied'))
    })

  test('who says more than it was asked is not listened to', async () => {
    script = socket => socket.write(`\n> \n> \n> ${shown(0)}`)
    assert.equal((await gateways.probe(target, { deadlineMs })).kind, 'denied')
  })

  test('who says nothing is silent, and the next call begins again', async () => {
    script = () => undefined
    assert.equal((await gateways.probe(target, { deadlineMs: 50 })).kind, 'silent')
    script = (socket, line) => socket.write(line === 'prompt' ? '\n> ' : shown(0))
    assert.equal((await gateways.probe(target, { deadlineMs })).kind, 'answered')
    assert.equal(accepted, 2)
  })

  test('who hangs up in an answer refuses', async () => {
    script = (socket, line) => {
      if (line === 'prompt') socket.write('\n> ')
      else socket.end('version 3.0\nupt')
    }
    assert.equal((await gateways.probe(target, { deadlineMs })).kind, 'refused')
  })

  test('an order that is out of date is given again after the one that was later', async () => {
    const orders: string[] = []
    script = (socket, line) => {
      if (line === 'prompt') socket.write('\n> ')
      else if (line === 'flotilla show') socket.write(shown(1))
      else {
        orders.push(line)
        socket.write(orders.length === 1 ? 'stale 9\n\n> ' : 'done 10\n\n> ')
      }
    }
    await gateways.point(target, closedGateway, { deadlineMs })
    await gateways.point(target, closedGateway, { deadlineMs })
    assert.deepEqual(
      orders.map(line => line.split(' ')[2]),
      ['1', '9', '10'],
    )
  })

  test('an order that is out of date for ever ends with the deadline', async () => {
    script = (socket, line) => {
      if (line === 'flotilla show') socket.write(shown(1))
      else socket.write(line === 'prompt' ? '\n> ' : 'stale 9\n\n> ')
    }
    await assert.rejects(
      gateways.point(target, closedGateway, { deadlineMs: 100 }),
      hasCode('gateway/timeout'),
    )
  })

  test('two calls at once share one connection', async () => {
    script = (socket, line) => socket.write(line === 'prompt' ? '\n> ' : shown(0))
    const probes = [1, 2, 3].map(() => gateways.probe(target, { deadlineMs }))
    assert.deepEqual(
      (await Promise.all(probes)).map(({ kind }) => kind),
      ['answered', 'answered', 'answered'],
    )
    assert.equal(accepted, 1)
  })
})

function hasCode(code: string): (error: unknown) => boolean {
  return error => errorCode(error) === code
}
