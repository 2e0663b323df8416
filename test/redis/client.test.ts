import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { createRedisClient } from '../../src/redis/client/redis-client.js'
import { Secret } from '../../src/secret.js'
import { factsWhen, hasCode, probeWhen } from '../contract/redis-contract.js'
import { createRealWorld, type RealWorld } from '../contract/redis-servers.js'
import type { NodeTarget, Probe, SourceLogin } from '../../src/model/redis.js'

const deadlineMs = 5000

describe('the ioredis client against redis-server', () => {
  let world: RealWorld
  beforeEach(async () => {
    world = await createRealWorld()
  })
  afterEach(() => world.close())

  test('an order given in the moment of the start waiting for: the node listens', async () => {
    const node = await world.startNode('shop-0')
    await world.redis.promote(node, { deadlineMs })
    assert.equal((await factsWhen(world, node, () => true)).role, 'master')
  })

  test('the loss of a killed node is told at once, and not when a deadline passes', async () => {
    const node = await world.startNode('shop-0')
    await factsWhen(world, node, () => true)
    const lost = new Promise<string>(resolve => {
      world.redis.onConnectionLost(({ nodeAlias }) => resolve(nodeAlias))
    })
    await world.kill(node)
    // Nothing is asked of it any more, so no deadline runs that could tell.
    assert.equal(await lost, 'shop-0')
  })

  test('a node with as many clients as it allows is denied on a new connection, and answers on the kept one', async () => {
    const node = await world.startNode('shop-0', { extraConfig: ['maxclients 1'] })
    await factsWhen(world, node, () => true)
    const stranger = createRedisClient({ clock: systemClock })
    // Many times: what Redis says before it hangs up must never get lost, or a live node would pass for a
    // dead one.
    for (let round = 0; round < 40; round++) {
      const probe = await stranger.probe(node, { deadlineMs: 2000 })
      assert.equal(probe.kind, 'denied', JSON.stringify(probe))
      assert.match(probe.kind === 'denied' ? probe.reason : '', /as many clients as it allows/)
      assert.equal(probe.kind === 'denied' ? probe.cause : '', 'other')
    }
    await assert.rejects(stranger.promote(node, { deadlineMs: 300 }), hasCode('redis/denied'))
    stranger.close()
    assert.equal((await world.redis.probe(node, { deadlineMs: 2000 })).kind, 'answered')
  })

  test('a refused value names the option and what Redis said, sets nothing, and no password gets out', async () => {
    const node = await world.startNode('shop-0')
    const config = { hz: '19', maxmemory: 'a lot', masterauth: 'a-new-password' }
    await assert.rejects(world.redis.setConfig(node, config, { deadlineMs }), error => {
      assert.match(String(error), /shop-0: CONFIG SET hz, maxmemory, masterauth: .*maxmemory/)
      assert.doesNotMatch(String(error), /a-new-password/)
      return hasCode('redis/refused-command')(error)
    })
    assert.equal(await world.readConfig(node, 'hz'), '10')
  })

  test('arguments of a command that Redis does not know are not repeated', async () => {
    const node = await world.startNode('shop-0')
    const command = world.redis.command(node, ['NOSUCH', 'a-password'], { deadlineMs })
    await assert.rejects(command, error => {
      assert.match(String(error), /shop-0: NOSUCH: ERR unknown command/)
      assert.doesNotMatch(String(error), /a-password/)
      return true
    })
  })

  test('nothing but an answer comes of a login that a server does not want, or wants otherwise: the library writes no line of its own', async t => {
    const written: string[] = []
    for (const method of ['log', 'info', 'warn', 'error'] as const)
      t.mock.method(console, method, (...words: readonly unknown[]) => written.push(words.join(' ')))
    const open = { ...world.credentials, application: null }
    const node = await world.startNode('shop-0', { credentials: open })
    await factsWhen(world, node, () => true)
    const as = (login: SourceLogin | null, host: Partial<NodeTarget> = {}): Promise<Probe> =>
      world.redis.probe({ ...node, ...host, containerId: 'theirs', login }, { deadlineMs })
    const password = new Secret('not-wanted')
    const superfluous = await as({ user: null, password })
    assert.match(superfluous.kind === 'denied' ? superfluous.reason : '', /it has no password/)
    assert.equal((await as(null)).kind, 'answered')
    const old = createServer(socket =>
      socket.on('data', () => socket.write("-ERR wrong number of arguments for 'auth' command\r\n")),
    ).listen(0, '127.0.0.1')
    await once(old, 'listening')
    const { port } = old.address() as { readonly port: number }
    const refused = await as({ user: 'admin', password }, { host: '127.0.0.1', port })
    assert.equal(refused.kind, 'denied')
    world.redis.close()
    old.close()
    assert.deepEqual(written, [])
  })

  test('a command as `default` works without a password where none was asked for', async () => {
    const credentials = { ...world.credentials, application: null }
    const node = await world.startNode('shop-0', { credentials })
    assert.equal(await world.redis.command(node, ['PING'], { deadlineMs }), 'PONG')
    assert.equal((await world.redis.probe(node, { deadlineMs })).kind, 'answered')
  })

  for (const persistence of ['aof', 'rdb', 'none'] as const)
    test(`the rendered configuration starts a node with persistence ${persistence}, and it takes its live options`, async () => {
      const node = await world.startNode('shop-0', { persistence })
      const facts = await factsWhen(world, node, () => true)
      assert.equal(facts.persistence.aofEnabled, persistence === 'aof')
      const extras = { 'shutdown-timeout': '3', 'replica-ignore-disk-write-errors': 'yes' }
      assert.deepEqual(await world.redis.setConfig(node, extras, { deadlineMs }), [])
      assert.equal(await world.readConfig(node, 'masterauth'), world.credentials.replication.reveal())
      assert.equal(await world.readConfig(node, 'replica-announce-ip'), 'shop-0')
      assert.equal(await world.readConfig(node, 'protected-mode'), 'yes')
      assert.equal(
        await world.readConfig(node, 'save'),
        persistence === 'rdb' ? '3600 1 300 100 60 10000' : '',
      )
    })

  test('a node that leads itself answers those who want to sync from it with NOMASTERLINK', async () => {
    const [source, asking] = await Promise.all([world.startNode('shop-0'), world.startNode('shop-1')])
    await world.redis.follow(asking, { host: source.host, port: source.port }, { deadlineMs })
    await probeWhen(world, asking, () => /sync.*NOMASTERLINK/is.test(world.log(asking)))
    assert.equal((await factsWhen(world, asking, () => true)).upstream?.link, 'down')
  })

  test('a node that comes up again while orders wait gets them on a connection of its new run', async () => {
    const node = await world.startNode('shop-0')
    await factsWhen(world, node, () => true)
    await world.kill(node)
    const promotion = world.redis.promote(node, { deadlineMs })
    const reborn = await world.restartNode(node)
    await promotion
    assert.equal((await factsWhen(world, reborn, () => true)).role, 'master')
  })

  test('closing leaves no socket and no timer behind, with a frozen node too', async () => {
    const [node, frozen] = await Promise.all([world.startNode('shop-0'), world.startNode('shop-1')])
    await factsWhen(world, node, () => true)
    await factsWhen(world, frozen, () => true)
    await world.freeze(frozen)
    await world.redis.probe(frozen, { deadlineMs: 100 })
    world.redis.close()
    const startMs = performance.now()
    while (openResources().length > 0 && performance.now() - startMs < 10_000)
      await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(openResources(), [])
    await world.thaw(frozen)
  })
})

describe('the ioredis client against something else', () => {
  const listening: (() => void)[] = []
  afterEach(() => {
    for (const close of listening.splice(0)) close()
  })

  test('a server that hangs up without a word is refused: that is how a published port of a dead node looks', async () => {
    const probe = await probeServer(socket => socket.end())
    assert.equal(probe.kind, 'refused')
  })

  test('a server that hangs up once, as when our clients are killed, and then answers is alive', async () => {
    let connections = 0
    const probe = await probeServer(socket => {
      connections += 1
      if (connections === 1) socket.end()
      else socket.on('data', () => socket.write('-BUSY Redis is busy running a script\r\n'))
    })
    assert.equal(probe.kind, 'busy')
    assert.equal(connections, 2)
  })

  test('a server that speaks another protocol is alive, and denied', async () => {
    const probe = await probeServer(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    assert.equal(probe.kind, 'denied')
  })

  test('a server whose INFO is not a node is alive, and denied with what is missing', async () => {
    const probe = await probeServer(socket => socket.on('data', () => socket.write('+OK\r\n')))
    assert.match(probe.kind === 'denied' ? probe.reason : probe.kind, /run_id/)
  })

  test('a kept connection that has gone deaf is replaced by a fresh one that answers', async () => {
    let connections = 0
    const info = 'role:master\r\nrun_id:1\r\nmaster_replid:2\r\n'
    const target = await listen(socket => {
      connections += 1
      const deafAfter = connections === 1 ? 2 : 1000
      let messages = 0
      socket.on('data', chunk => {
        messages += 1
        if (messages > deafAfter) return
        socket.write(chunk.includes('auth') ? '+OK\r\n' : `$${info.length}\r\n${info}\r\n`)
      })
    })
    const redis = createRedisClient({ clock: systemClock })
    const kinds: string[] = []
    for (let round = 0; round < 3; round++) kinds.push((await redis.probe(target, { deadlineMs: 200 })).kind)
    redis.close()
    assert.deepEqual(kinds, ['answered', 'answered', 'answered'])
    assert.equal(connections, 2)
  })

  for (const [server, answer] of [
    ['can look at names', '+OK'],
    [
      'can not, of 7.0 and later',
      "-ERR Unknown option or number of arguments for CONFIG SET - 'tls-expected-peer-name'",
    ],
    ['can not, of 6.2', '-ERR Unsupported CONFIG parameter: tls-expected-peer-name'],
  ] as const)
    test(`a replica whose server ${server} is told whose certificate to expect before whom to follow, and follows`, async () => {
      const heard: string[] = []
      const target = await listen(socket => {
        socket.on('data', chunk => {
          for (const command of commandsIn(chunk.toString())) {
            heard.push(command)
            socket.write(`${command.includes('peer-name') ? answer : '+OK'}\r\n`)
          }
        })
      })
      const redis = createRedisClient({ clock: systemClock })
      const upstream = { host: 'shop-0', port: 6380, encrypted: true, expectedName: 'shop-master' }
      await redis.follow(target, upstream, { deadlineMs })
      redis.close()
      assert.deepEqual(heard.slice(-4), [
        'CONFIG SET tls-expected-peer-name shop-master',
        'CONFIG SET tls-replication yes',
        'CONFIG SET replica-announce-port 6380',
        'REPLICAOF shop-0 6380',
      ])
    })

  async function probeServer(onConnection: (socket: Socket) => void) {
    const redis = createRedisClient({ clock: systemClock })
    const probe = await redis.probe(await listen(onConnection), { deadlineMs: 1000 })
    redis.close()
    return probe
  }

  async function listen(onConnection: (socket: Socket) => void): Promise<NodeTarget> {
    const sockets: Socket[] = []
    const server = createServer(socket => {
      sockets.push(socket)
      socket.on('error', () => {})
      onConnection(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    listening.push(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const control = new Secret('control')
    return {
      nodeAlias: 'shop-9',
      flotilla: 'shop',
      containerId: 'c9',
      startedAtMs: null,
      host: '127.0.0.1',
      port,
      credentials: { control, replication: control, application: null },
    }
  }
})

/** Arrays of bulk strings, whole ones. */
function commandsIn(text: string): readonly string[] {
  return text
    .split(/^\*\d+\r\n/m)
    .slice(1)
    .map(command => [...command.matchAll(/^\$\d+\r\n(.*)\r$/gm)].map(([, word]) => word).join(' '))
}

function openResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter(name => /TCPSocket|TCPConnect|Timeout/.test(name))
}
