import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { systemClock } from '../../src/clock.js'
import { Secret } from '../../src/secret.js'
import { addressFor, type Asker } from '../../src/sentinel/asker.js'
import type { MasterSet } from '../../src/sentinel/master-set.js'
import { limits, SentinelServer } from '../../src/sentinel/server.js'
import { until } from '../support/until.js'
import { failedOverSet, knownSets, settledSet } from './support/sets.js'

interface Running {
  readonly server: SentinelServer
  readonly port: number
  readonly errors: readonly unknown[]
  readonly put: (set: MasterSet) => void
  readonly client: (options?: { readonly password?: string }) => Redis
  /** A connection, what was sent over it so far, and whether it is over. */
  readonly raw: () => {
    readonly socket: Socket
    readonly text: () => string
    readonly isOver: () => boolean
  }
}

async function start(
  t: TestContext,
  options: { readonly password?: string; readonly asker?: Asker; readonly set?: MasterSet } = {},
): Promise<Running> {
  const { password, asker = { kind: 'host', reachedAt: '127.0.0.1' }, set = settledSet() } = options
  const sets = knownSets(set)
  const errors: unknown[] = []
  const server = new SentinelServer({
    sets,
    clock: systemClock,
    book: (who, node) => addressFor(who, node, { mode: 'container-ip', hostIsApart: false }),
    askerOf: () => Promise.resolve(asker),
    password: password === undefined ? null : new Secret(password),
    myId: 'a'.repeat(40),
    flotillaVersion: '0.0.0',
    onError: error => void errors.push(error),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const ends: (() => void)[] = []
  t.after(async () => {
    for (const end of ends) end()
    await server.close()
    assert.deepEqual(errors, [])
  })
  server.refresh(set.name)
  return {
    ...{ server, port, errors },
    put(next) {
      sets.put(next)
      server.refresh(next.name)
    },
    client(given = {}) {
      const client = new Redis({ port, retryStrategy: null, enableReadyCheck: false, ...given })
      client.on('error', () => undefined)
      ends.push(() => client.disconnect())
      return client
    },
    raw() {
      const socket = connect(port, '127.0.0.1')
      let [text, isOver] = ['', false]
      socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      socket.on('error', () => undefined).on('close', () => (isOver = true))
      ends.push(() => socket.destroy())
      return { socket, text: () => text, isOver: () => isOver }
    },
  }
}

describe('questions', () => {
  test('get-master-addr-by-name names the master, and nobody where there is none', async t => {
    const { client, put } = await start(t)
    const redis = client()
    const ask = (name: string) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)
    assert.deepEqual(await ask('shop'), ['172.20.0.2', '6379'])
    assert.equal(await ask('cart'), null)
    put(settledSet({ master: null }))
    assert.equal(await ask('shop'), null)
    put(failedOverSet())
    assert.deepEqual(await ask('shop'), ['172.20.0.3', '6379'])
  })

  test('a question in the middle of a change waits for its end, and is answered with nobody when it takes too long', async t => {
    const { client, put } = await start(t, { set: settledSet({ master: null, isChanging: true }) })
    const waiting = client().call('SENTINEL', 'get-master-addr-by-name', 'shop')
    const given = client().call('SENTINEL', 'master', 'shop')
    await client().ping()
    put(failedOverSet())
    assert.deepEqual(await waiting, ['172.20.0.3', '6379'])
    assert.equal(fieldsOf(await given)['ip'], '172.20.0.3')
    put(settledSet({ master: null, isChanging: true }))
    assert.equal(await client().call('SENTINEL', 'get-master-addr-by-name', 'shop'), null)
    const { flags, ip, port } = fieldsOf(await client().call('SENTINEL', 'master', 'shop'))
    assert.deepEqual(
      [flags, ip, port],
      ['s_down,o_down,master,disconnected,failover_in_progress', '0.0.0.0', '0'],
    )
  })

  test('a replica that is not in sync is s_down, and slaves says what replicas says', async t => {
    const { client } = await start(t, { set: failedOverSet() })
    const redis = client()
    const replicas = await redis.call('SENTINEL', 'replicas', 'shop')
    assert.ok(Array.isArray(replicas))
    assert.deepEqual(
      replicas.map(fieldsOf).map(({ name, flags }) => [name, flags]),
      [
        ['172.20.0.4:6379', 'slave'],
        ['172.20.0.2:6379', 's_down,slave,disconnected'],
      ],
    )
    const slaves = await redis.call('SENTINEL', 'slaves', 'shop')
    assert.ok(Array.isArray(slaves))
    assert.deepEqual(
      slaves.map(fieldsOf).map(({ name }) => name),
      ['172.20.0.4:6379', '172.20.0.2:6379'],
    )
  })

  test('who can reach no node is told why, and gets no address', async t => {
    const asker: Asker = { kind: 'outside', address: '10.0.0.6', reachedAt: '10.0.0.5' }
    const { client } = await start(t, { asker, password: 'secret' })
    const redis = client({ password: 'secret' })
    for (const subcommand of ['get-master-addr-by-name', 'master', 'replicas'])
      await assert.rejects(
        () => redis.call('SENTINEL', subcommand, 'shop'),
        /^ReplyError: NOREACH 10\.0\.0\.6 is neither on the network shop nor this host/,
      )
  })

  test('is-master-down-by-addr knows a master that is down, and votes for nobody', async t => {
    const { client, put } = await start(t)
    const redis = client()
    const ask = (runId: string) =>
      redis.call('SENTINEL', 'is-master-down-by-addr', '172.20.0.2', '6379', '0', runId)
    assert.deepEqual(await ask('*'), [0, '*', 0])
    put(settledSet({ master: null }))
    assert.deepEqual(await ask('*'), [1, '*', 0])
    await assert.rejects(() => ask('b'.repeat(40)), /votes are refused/)
  })

  for (const [subcommand, ...args] of [
    ['failover', 'shop'],
    ['set', 'shop', 'quorum', '1'],
    ['monitor', 'x', '127.0.0.1', '1', '1'],
    ['remove', 'shop'],
    ['reset', '*'],
    ['config', 'set', 'a', 'b'],
    ['flushconfig'],
    ['simulate-failure', 'crash-after-election'],
  ])
    test(`SENTINEL ${subcommand} is refused, with what to do instead`, async t => {
      const { client } = await start(t)
      await assert.rejects(
        () => client().call('SENTINEL', String(subcommand), ...args),
        /ERR SENTINEL [A-Z-]+ is refused: Flotilla alone decides\. \w/,
      )
    })

  for (const command of [
    ['GET', 'a'],
    ['CONFIG', 'GET', '*'],
    ['constructor'],
    ['PUBLISH', 'a', 'b'],
    ['SHUTDOWN'],
  ])
    test(`${command.join(' ')} is no command`, async t => {
      const { client } = await start(t)
      const [name = '', ...args] = command
      await assert.rejects(() => client().call(name, ...args), /ERR unknown command/)
      await assert.rejects(() => client().call('SENTINEL', name, ...args), /ERR/)
    })
})

describe('publishing', () => {
  test('a subscriber hears of a switch once by channel and once by each pattern, in RESP2 and RESP3', async t => {
    const { raw, put } = await start(t)
    const [two, three] = [raw(), raw()]
    two.socket.write('SUBSCRIBE +switch-master\r\nPSUBSCRIBE [-+]s* x\r\n')
    three.socket.write('HELLO 3\r\nSUBSCRIBE +switch-master\r\nPING\r\n')
    await until(
      'both to have subscribed',
      5_000,
      () => two.text().includes(':3\r\n') && three.text().includes('+PONG'),
    )
    put(failedOverSet())
    const body = 'shop 172.20.0.2 6379 172.20.0.3 6379'
    await until('both to hear', 5_000, () => two.text().includes('pmessage') && three.text().includes(body))
    const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
    assert.ok(two.text().includes(`*3\r\n${bulk('message')}${bulk('+switch-master')}${bulk(body)}`))
    assert.ok(
      two.text().includes(`*4\r\n${bulk('pmessage')}${bulk('[-+]s*')}${bulk('+switch-master')}${bulk(body)}`),
    )
    assert.ok(three.text().includes(`>3\r\n${bulk('message')}${bulk('+switch-master')}${bulk(body)}`))
  })

  test('in RESP2 a subscriber may ask for nothing else until it has unsubscribed', async t => {
    const { raw } = await start(t)
    const one = raw()
    one.socket.write('SUBSCRIBE a\r\nROLE\r\nPING\r\nUNSUBSCRIBE\r\nROLE\r\nQUIT\r\n')
    await until('the end', 5_000, () => one.isOver())
    assert.match(one.text(), /-ERR Can't execute 'role'[^\r]*\r\n\*2\r\n\$4\r\npong\r\n\$0\r\n\r\n/)
    assert.match(one.text(), /\$8\r\nsentinel\r\n\*1\r\n\$4\r\nshop\r\n\+OK\r\n$/)
  })
})

describe('who is let in', () => {
  test('without the password nothing is answered, with it all is, and the third wrong one ends the connection', async t => {
    const { raw } = await start(t, { password: 'séc ret' })
    const one = raw()
    one.socket.write(
      'PING\r\nSENTINEL MASTERS\r\nHELLO 3\r\nSUBSCRIBE a\r\nAUTH x\r\nAUTH default y\r\nAUTH root séc\r\nPING\r\n',
    )
    await until('the end', 5_000, () => one.isOver())
    assert.equal(one.text().match(/-NOAUTH/g)?.length, 4)
    assert.equal(one.text().match(/-WRONGPASS/g)?.length, 3)
    assert.ok(!one.text().includes('PONG'))
    const two = raw()
    two.socket.write('*3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$8\r\nséc ret\r\n*1\r\n$4\r\nPING\r\n')
    await until('an answer', 5_000, () => two.text() === '+OK\r\n+PONG\r\n')
  })

  test('without a password another machine is turned away', async t => {
    const { raw } = await start(t, { asker: { kind: 'outside', address: '10.0.0.6', reachedAt: '10.0.0.5' } })
    const one = raw()
    one.socket.write('SENTINEL MASTERS\r\n')
    await until('the end', 5_000, () => one.isOver())
    assert.equal(one.text(), '-NOAUTH a password is needed to ask from another machine\r\n')
  })

  test('what a browser was made to send ends the connection, unanswered', async t => {
    const { raw } = await start(t)
    for (const text of ['POST / HTTP/1.1\r\nPING\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nPING\r\n']) {
      const one = raw()
      one.socket.write(text)
      await until('the end', 5_000, () => one.isOver())
      assert.ok(!one.text().includes('PONG'))
    }
  })
})

describe('bounds', () => {
  test('one connection more than there may be takes the place of the one that has been quiet for longest, and of no subscriber', async t => {
    const { raw, server } = await start(t)
    const subscriber = raw()
    subscriber.socket.write('SUBSCRIBE +switch-master\r\n')
    await until('a subscription', 5_000, () => subscriber.text() !== '')
    const others = Array.from({ length: limits.connections - 1 }, () => raw())
    await until('all to be there', 20_000, () => server.stats.connections === limits.connections)
    others[0]?.socket.write('PING\r\n')
    await until('an answer', 5_000, () => others[0]?.text() === '+PONG\r\n')
    const late = raw()
    late.socket.write('PING\r\n')
    await until('an answer to the late one', 5_000, () => late.text() === '+PONG\r\n')
    await until('one to be cut', 5_000, () => others.some(one => one.isOver()))
    assert.ok(!subscriber.isOver())
    assert.ok(others[0]?.isOver() === false)
  })

  test('who sends and never reads is cut, and others are answered meanwhile', async t => {
    const { port, client, server } = await start(t)
    const deaf = connect({
      port,
      host: '127.0.0.1',
      onread: { buffer: Buffer.alloc(1), callback: () => false },
    })
    t.after(() => deaf.destroy())
    deaf.on('error', () => undefined)
    const redis = client()
    await redis.ping()
    await until('both to be connected', 5_000, () => server.stats.connections === 2)
    deaf.write('SENTINEL MASTERS\r\n'.repeat(100_000))
    await until('the deaf one to be cut', 30_000, async () => {
      const startedMs = performance.now()
      await redis.ping()
      assert.ok(performance.now() - startedMs < 5_000)
      return server.stats.connections === 1
    })
  })

  test('what is no request is answered with why, and ends the connection', async t => {
    const { raw } = await start(t)
    for (const [sent, answer] of [
      ['*1\r\n:4\r\n', "-ERR Protocol error: expected '$', got ':'\r\n"],
      ['*100000000\r\n', '-ERR Protocol error: invalid multibulk length\r\n'],
      ['a'.repeat(20_000), '-ERR Protocol error: too big a request\r\n'],
    ] as const) {
      const one = raw()
      one.socket.write(sent)
      await until('the end', 5_000, () => one.isOver())
      assert.equal(one.text(), answer)
    }
  })
})

function fieldsOf(reply: unknown): Readonly<Record<string, string>> {
  assert.ok(Array.isArray(reply))
  const words = reply.map(String)
  return Object.fromEntries(
    words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : [])),
  )
}
