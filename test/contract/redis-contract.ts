import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { aclUsers, aclPasswordsOf } from '../../src/redis/acl.js'
import { errorCode } from '../../src/errors.js'
import type { RedisPort } from '../../src/redis/redis.js'
import { Secret } from '../../src/secret.js'
import type { NodeTarget, Probe, RedisFacts, Upstream } from '../../src/model/redis.js'

/** A few nodes to act upon, and the port under test. */
export interface RedisWorld {
  readonly redis: RedisPort
  /** Starts a node that is born a replica of itself. It may not listen yet when this resolves. */
  startNode(nodeAlias: string, options?: StartOptions): Promise<NodeTarget>
  /**
   * The same for a node that listens for TLS on its target's address; with `prefer` in plain text too, on the
   * target's `otherwise`.
   */
  startEncrypted(nodeAlias: string, mode: 'prefer' | 'require'): Promise<NodeTarget>
  /** Puts another certificate where the node's is. @returns the options that make it load that. */
  renew(
    node: NodeTarget,
  ): Promise<{ readonly fingerprint: string; readonly options: Readonly<Record<string, string>> }>
  /** Starts it again, on the data that it saved: another run, at the same address. */
  restartNode(node: NodeTarget, options?: StartOptions & { readonly slowLoad?: boolean }): Promise<NodeTarget>
  /** Makes sure that the data is on disk. */
  save(node: NodeTarget): Promise<void>
  /** kill -9. */
  kill(node: NodeTarget): Promise<void>
  /** SIGTERM; resolves when it has ended. */
  stop(node: NodeTarget): Promise<void>
  freeze(node: NodeTarget): Promise<void>
  thaw(node: NodeTarget): Promise<void>
  /** A script that never ends, past the threshold from which on Redis says BUSY. */
  makeBusy(node: NodeTarget): Promise<void>
  /** A Sentinel begins to watch it. @returns from which host, as the node sees it. */
  watch(node: NodeTarget): Promise<string>
  readConfig(node: NodeTarget, option: string): Promise<string>
  close(): Promise<void>
}

export interface StartOptions {
  readonly persistence?: 'aof' | 'rdb' | 'none'
  /** `rename-command`. */
  readonly renamed?: Readonly<Record<string, string>>
}

const deadlineMs = 5000
/** An address where nobody is. */
const unusedUpstream: Upstream = { host: '127.0.0.1', port: 1 }

/** What every adapter of the Redis port promises. */
export function describeRedisPort(name: string, createWorld: () => Promise<RedisWorld>): void {
  describe(`the Redis port: ${name}`, () => {
    let world: RedisWorld
    beforeEach(async () => {
      world = await createWorld()
    })
    afterEach(() => world.close())

    test('a node is born a read-only replica of itself, with its link down', async () => {
      const node = await world.startNode('shop-0')
      const facts = await factsWhen(world, node, () => true)
      assert.equal(facts.role, 'replica')
      assert.equal(facts.upstream?.link, 'down')
      assert.equal(facts.upstream?.appliedOffset, null)
      assert.equal(facts.keys, 0)
      await assert.rejects(set(world, node, 'a', '1'), hasCode('redis/refused-command'))
    })

    test('promoting makes a master, and promoting a master changes nothing', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      const once = await factsWhen(world, node, () => true)
      await world.redis.promote(node, { deadlineMs })
      const twice = await factsWhen(world, node, () => true)
      assert.equal(once.role, 'master')
      assert.equal(once.upstream, null)
      assert.deepEqual([twice.role, twice.replid], ['master', once.replid])
    })

    test('a follower gets the lineage and the data of its master, which knows it by its alias', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      const followed = await factsWhen(world, replica, facts => facts.keys === 1)
      const leading = await factsWhen(world, master, facts => facts.followers[0]?.state === 'online')
      assert.equal(followed.replid, leading.replid)
      assert.equal(followed.upstream?.appliedOffset, leading.offset)
      assert.equal(leading.followers[0]?.host, 'shop-1')
      assert.equal(await world.redis.command(replica, ['GET', 'a'], { deadlineMs }), '1')
    })

    test('following whom it follows already is a success and keeps the link', async () => {
      const { master, replica } = await startPair(world)
      const before = await factsWhen(world, master, () => true)
      await world.redis.follow(replica, upstreamOf(master), { deadlineMs })
      const facts = await factsWhen(world, replica, () => true)
      const after = await factsWhen(world, master, () => true)
      assert.equal(facts.upstream?.link, 'up')
      assert.deepEqual(after.syncs, before.syncs)
    })

    test('a reconnect brings a link that is down up at once', async () => {
      const { master, replica } = await startPair(world)
      await world.kill(master)
      await factsWhen(world, replica, facts => facts.upstream?.link === 'down')
      const reborn = await world.restartNode(master)
      await world.redis.promote(reborn, { deadlineMs })
      await world.redis.follow(replica, upstreamOf(reborn), { deadlineMs, reconnect: unusedUpstream })
      // Redis by itself tries once a second.
      await factsWhen(world, replica, facts => facts.upstream?.link === 'up', { withinMs: 500 })
    })

    test('a snapshot is read as a replica would be sent it, and one that is too large is given up', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      await factsWhen(world, replica, facts => facts.keys === 1)
      for (const node of [master, replica]) {
        const snapshot = await world.redis.readSnapshot(node, { bytesMax: 100_000, deadlineMs })
        assert.match(Buffer.from(snapshot ?? assert.fail()).toString('latin1'), /^REDIS\d{4}/)
        assert.equal(await world.redis.readSnapshot(node, { bytesMax: 10, deadlineMs }), null)
      }
      const facts = await factsWhen(world, master, ({ followers }) => followers.length === 1)
      assert.equal(facts.followers[0]?.host, 'shop-1')
    })

    test('a snapshot of any size comes in pieces, with the lineage and the position that it is of', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      await factsWhen(world, replica, facts => facts.keys === 1)
      for (const node of [master, replica]) {
        const { replid, offset, bytes, close } = await world.redis.openSnapshot(node, {
          silenceMs: deadlineMs,
        })
        const pieces: Uint8Array[] = []
        for await (const piece of bytes) pieces.push(piece)
        close()
        const facts = await factsWhen(world, node, () => true)
        assert.equal(replid, facts.replid)
        assert.ok(offset <= facts.offset, `${offset} ≤ ${facts.offset}`)
        assert.match(Buffer.concat(pieces).toString('latin1'), /^REDIS\d{4}/)
      }
    })

    test('a snapshot whose server dies half way fails, and is not taken for a whole one', async () => {
      const { master } = await startPair(world)
      await set(world, master, 'a', '1'.repeat(8_000_000))
      const { bytes } = await world.redis.openSnapshot(master, { silenceMs: deadlineMs })
      const pieces = bytes[Symbol.asyncIterator]()
      await pieces.next()
      await world.kill(master)
      await assert.rejects(async () => {
        while ((await pieces.next()).done !== true);
      }, hasCode('redis/unreachable'))
    })

    test('who has no link to its master has no snapshot to give', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      await assert.rejects(
        world.redis.readSnapshot(node, { bytesMax: 100_000, deadlineMs }),
        hasCode('redis/refused-command'),
      )
    })

    test('a snapshot is read over TLS where a node speaks nothing else', async () => {
      const node = await world.startEncrypted('shop-0', 'require')
      await world.redis.promote(node, { deadlineMs })
      const snapshot = await world.redis.readSnapshot(node, { bytesMax: 100_000, deadlineMs })
      assert.match(Buffer.from(snapshot ?? assert.fail()).toString('latin1'), /^REDIS\d{4}/)
    })

    test('a former master that is started again keeps its data, leads nobody, and wipes nobody', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      await factsWhen(world, replica, facts => facts.keys === 1)
      await world.save(master)
      await world.kill(master)
      const reborn = await world.restartNode(master)
      const facts = await factsWhen(world, reborn, () => true)
      assert.equal(facts.role, 'replica')
      assert.equal(facts.keys, 1)
      await factsWhen(world, replica, ({ keys, upstream }) => keys === 1 && upstream?.link === 'down')
    })

    test('a promoted replica remembers the lineage that it comes from', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      const before = await factsWhen(world, replica, facts => facts.keys === 1)
      await world.kill(master)
      await world.redis.promote(replica, { deadlineMs })
      const facts = await factsWhen(world, replica, ({ role }) => role === 'master')
      assert.notEqual(facts.replid, before.replid)
      assert.deepEqual(facts.previous, { replid: before.replid, untilOffset: before.offset + 1 })
    })

    test('a master that never had a replica stands at offset 0, however much it holds', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      const facts = await factsWhen(world, node, ({ keys }) => keys === 1)
      assert.deepEqual([facts.offset, facts.followers], [0, []])
    })

    test('a link that was cut goes on from where it was, without a copy of everything', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      const before = await factsWhen(world, master, ({ followers }) => followers[0]?.state === 'online')
      await world.redis.follow(replica, upstreamOf(master), { deadlineMs, reconnect: unusedUpstream })
      await factsWhen(world, replica, ({ keys, upstream }) => keys === 1 && upstream?.link === 'up')
      const after = await factsWhen(world, master, ({ syncs }) => syncs.partialOk > before.syncs.partialOk)
      assert.equal(after.syncs.full, before.syncs.full)
    })

    test('whoever watches a node as a Sentinel does is known by its host', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      assert.deepEqual(await world.redis.listSentinels(node, { deadlineMs }), [])
      const host = await world.watch(node)
      assert.deepEqual(await world.redis.listSentinels(node, { deadlineMs }), [host])
    })

    test('a full copy is had whatever the replica holds, and it takes no writes of its own from then on', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      const before = await factsWhen(world, master, ({ followers }) => followers[0]?.state === 'online')
      await world.redis.setConfig(replica, { 'replica-read-only': 'no' }, { deadlineMs })
      await factsWhen(world, replica, ({ upstream }) => upstream?.readOnly === false)
      await world.redis.follow(replica, upstreamOf(master), { deadlineMs, fullCopy: true })
      const after = await factsWhen(world, master, ({ syncs }) => syncs.full > before.syncs.full)
      const copy = await factsWhen(
        world,
        replica,
        ({ keys, upstream }) => keys === 1 && upstream?.link === 'up',
      )
      assert.equal(copy.replid, after.replid)
      assert.equal(copy.upstream?.readOnly, true)
    })

    test('the other replicas go on from a promoted one, because it remembers their lineage', async () => {
      const { master, replica } = await startPair(world)
      const other = await world.startNode('shop-2')
      await world.redis.follow(other, upstreamOf(master), { deadlineMs })
      await set(world, master, 'a', '1')
      await factsWhen(world, other, ({ keys, upstream }) => keys === 1 && upstream?.link === 'up')
      await factsWhen(world, replica, ({ keys }) => keys === 1)
      await world.kill(master)
      await world.redis.promote(replica, { deadlineMs })
      await world.redis.follow(other, upstreamOf(replica), { deadlineMs })
      const promoted = await factsWhen(world, replica, ({ followers }) => followers[0]?.state === 'online')
      const moved = await factsWhen(world, other, ({ upstream }) => upstream?.link === 'up')
      assert.deepEqual([promoted.syncs.full, promoted.syncs.partialOk], [0, 1])
      assert.equal(moved.replid, promoted.replid)
    })

    test('an old master without a write of its own goes on from the new one; with one it copies everything, and loses it', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      await factsWhen(world, replica, ({ keys }) => keys === 1)
      await world.redis.promote(replica, { deadlineMs })
      await world.redis.follow(master, upstreamOf(replica), { deadlineMs })
      await factsWhen(world, master, ({ upstream }) => upstream?.link === 'up')
      const once = await factsWhen(world, replica, ({ followers }) => followers.length === 1)
      assert.deepEqual([once.syncs.full, once.syncs.partialOk], [0, 1])

      await world.redis.promote(master, { deadlineMs })
      await set(world, replica, 'of its own', '1')
      await world.redis.follow(replica, upstreamOf(master), { deadlineMs })
      await factsWhen(world, replica, ({ keys, upstream }) => keys === 1 && upstream?.link === 'up')
      const twice = await factsWhen(world, master, ({ followers }) => followers.length === 1)
      assert.deepEqual([twice.syncs.full - 1, twice.syncs.partialRefused], [1, 1])
    })

    test('nobody gets anything from a node that has no master itself, and nobody loses anything by asking', async () => {
      const [first, second] = [await world.startNode('shop-0'), await world.startNode('shop-1')]
      await world.redis.promote(second, { deadlineMs })
      await set(world, second, 'a', '1')
      await world.redis.follow(second, upstreamOf(first), { deadlineMs })
      const facts = await factsWhen(world, second, ({ role }) => role === 'replica')
      const asked = await factsWhen(world, first, ({ uptimeSeconds }) => uptimeSeconds >= 1)
      assert.deepEqual([facts.upstream?.link, facts.keys, asked.syncs.full], ['down', 1, 0])
    })

    test('a replica of a replica gets what the master has', async () => {
      const { master, replica } = await startPair(world)
      const last = await world.startNode('shop-2')
      await world.redis.follow(last, upstreamOf(replica), { deadlineMs })
      await factsWhen(world, last, ({ upstream }) => upstream?.link === 'up')
      await set(world, master, 'a', '1')
      const facts = await factsWhen(world, last, ({ keys }) => keys === 1)
      assert.equal(facts.replid, (await factsWhen(world, master, () => true)).replid)
    })

    test('a node that is started again on a snapshot knows its lineage and offset, and goes on from there', async () => {
      const { master, replica } = await startPair(world)
      await set(world, master, 'a', '1')
      const before = await factsWhen(world, replica, ({ keys }) => keys === 1)
      await world.save(replica)
      const reborn = await world.restartNode(replica)
      const facts = await factsWhen(world, reborn, ({ keys }) => keys === 1)
      assert.deepEqual([facts.replid, facts.upstream?.appliedOffset], [before.replid, before.offset])
      await world.redis.follow(reborn, upstreamOf(master), { deadlineMs })
      await factsWhen(world, reborn, ({ upstream }) => upstream?.link === 'up')
      const after = await factsWhen(world, master, ({ followers }) => followers[0]?.state === 'online')
      assert.deepEqual([after.syncs.full, after.syncs.partialOk], [1, 1])
    })

    test('a node that is killed and started again on an append-only file has its data and no lineage, and copies everything', async () => {
      const master = await world.startNode('shop-0', { persistence: 'aof' })
      const replica = await world.startNode('shop-1', { persistence: 'aof' })
      await world.redis.promote(replica, { deadlineMs })
      await set(world, replica, 'a', '1')
      const before = await factsWhen(world, replica, ({ keys }) => keys === 1)
      const reborn = await world.restartNode(replica)
      const facts = await factsWhen(world, reborn, ({ keys }) => keys === 1)
      assert.notEqual(facts.replid, before.replid)
      assert.equal(facts.upstream?.appliedOffset, null)
      await world.redis.promote(master, { deadlineMs })
      await world.redis.follow(reborn, upstreamOf(master), { deadlineMs })
      await factsWhen(world, reborn, ({ keys, upstream }) => keys === 0 && upstream?.link === 'up')
      const after = await factsWhen(world, master, ({ followers }) => followers[0]?.state === 'online')
      assert.deepEqual([after.syncs.full, after.syncs.partialOk], [1, 0])
    })

    test('a snapshot that is asked for tells when it is done, and holds what was there', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      const before = (await factsWhen(world, node, () => true)).persistence.rdbLastSaveAtMs ?? 0
      // Redis counts in seconds.
      for (let lastMs = before; lastMs <= before;) {
        await world.redis.saveSnapshot(node, { deadlineMs })
        const { persistence } = await factsWhen(world, node, facts => !facts.persistence.rdbSaveInProgress)
        assert.ok(persistence.rdbLastSaveOk)
        lastMs = persistence.rdbLastSaveAtMs ?? 0
      }
      const reborn = await world.restartNode(node)
      assert.equal((await factsWhen(world, reborn, () => true)).keys, 1)
    })

    test('a node that is shut down has saved everything, with an append-only file or without', async () => {
      for (const persistence of ['none', 'aof'] as const) {
        const node = await world.startNode(`shop-${persistence}`, { persistence })
        await world.redis.promote(node, { deadlineMs })
        await set(world, node, 'a', '1')
        await world.redis.shutDown(node, { save: persistence === 'none', deadlineMs })
        const end = Date.now() + deadlineMs
        while ((await world.redis.probe(node, { deadlineMs })).kind !== 'refused' && Date.now() < end);
        const reborn = await world.restartNode(node)
        assert.equal((await factsWhen(world, reborn, () => true)).keys, 1)
      }
    })

    test('an append-only file that is begun on a running node holds everything when its rewrite is done', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      await world.redis.setConfig(node, { appendonly: 'yes' }, { deadlineMs })
      await factsWhen(
        world,
        node,
        ({ persistence: { aofEnabled, aofRewriteInProgress, aofLastRewriteOk } }) =>
          aofEnabled && !aofRewriteInProgress && aofLastRewriteOk,
      )
      await set(world, node, 'b', '2')
      const reborn = await world.restartNode(node, { persistence: 'aof' })
      assert.equal((await factsWhen(world, reborn, () => true)).keys, 2)
    })

    test('a node that is started with an append-only file that is not there comes up empty, beside a snapshot of everything', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      await world.save(node)
      const reborn = await world.restartNode(node, { persistence: 'aof' })
      assert.equal((await factsWhen(world, reborn, () => true)).keys, 0)
    })

    test('a node without persistence comes back empty', async () => {
      const node = await world.startNode('shop-0', { persistence: 'none' })
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      const reborn = await world.restartNode(node)
      assert.equal((await factsWhen(world, reborn, () => true)).keys, 0)
    })

    test('a node with save points that is told to end saves first', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      await world.stop(node)
      const reborn = await world.restartNode(node)
      assert.equal((await factsWhen(world, reborn, () => true)).keys, 1)
    })

    test('a master refuses writes while fewer replicas are in sync than it needs', async () => {
      const [master, replica] = [await world.startNode('shop-0'), await world.startNode('shop-1')]
      await world.redis.promote(master, { deadlineMs })
      const needed = { 'min-replicas-to-write': '1', 'min-replicas-max-lag': '10' }
      await world.redis.setConfig(master, needed, { deadlineMs })
      await assert.rejects(set(world, master, 'a', '1'), {
        code: 'redis/refused-command',
        message: /NOREPLICAS/,
      })
      await world.redis.follow(replica, upstreamOf(master), { deadlineMs })
      await factsWhen(world, master, ({ followers }) => followers[0]?.state === 'online')
      await set(world, master, 'a', '1')
    })

    test('a killed node is refused, and an order to it fails by its deadline', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      await world.kill(node)
      assert.equal((await probeOnce(world, node)).kind, 'refused')
      await assert.rejects(world.redis.promote(node, { deadlineMs: 200 }), hasCode('redis/unreachable'))
    })

    test('the loss of a kept connection is told once, and only when it was not us', async () => {
      const left = await world.startNode('shop-0')
      const killed = await world.startNode('shop-1')
      const lost: string[] = []
      const unsubscribed: string[] = []
      world.redis.onConnectionLost(node => lost.push(node.nodeAlias))
      world.redis.onConnectionLost(node => unsubscribed.push(node.nodeAlias))()
      await factsWhen(world, left, () => true)
      await factsWhen(world, killed, () => true)
      world.redis.retain(new Set([killed.containerId]))
      await world.kill(killed)
      await world.kill(left)
      await probeOnce(world, killed)
      await probeOnce(world, left)
      assert.deepEqual(lost, ['shop-1'])
      assert.deepEqual(unsubscribed, [])
    })

    test('a frozen node that was talked to before is hung, with the time of its last byte', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      await world.freeze(node)
      const probe = await world.redis.probe(node, { deadlineMs: 200 })
      assert.equal(probe.kind, 'hung')
      assert.ok(probe.kind === 'hung' && probe.lastByteAtMs !== null && probe.lastByteAtMs > 0)
      await world.thaw(node)
      await factsWhen(world, node, () => true)
    })

    test('a frozen node that is met for the first time is silent, then hung', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      world.redis.retain(new Set())
      await world.freeze(node)
      const first = await world.redis.probe(node, { deadlineMs: 200 })
      const second = await world.redis.probe(node, { deadlineMs: 200 })
      assert.deepEqual([first.kind, second.kind], ['silent', 'hung'])
      await world.thaw(node)
    })

    test('a ping tells one that is silent from one that nobody has a connection to', async () => {
      const node = await world.startNode('shop-0')
      const ping = () => world.redis.ping(node, { deadlineMs: 100 })
      assert.equal(await ping(), 'not-connected')
      await factsWhen(world, node, () => true)
      assert.equal(await ping(), 'alive')
      await world.freeze(node)
      assert.equal(await ping(), 'silent')
      await world.thaw(node)
      await world.kill(node)
      assert.equal(await ping(), 'not-connected')
    })

    test('an order to a frozen node fails at its deadline and is not carried out after the thaw', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      await world.freeze(node)
      await assert.rejects(world.redis.promote(node, { deadlineMs: 200 }), hasCode('redis/timeout'))
      await world.thaw(node)
      assert.equal((await factsWhen(world, node, () => true)).role, 'replica')
    })

    test('a node in an endless script is busy, which is life', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      await world.makeBusy(node)
      const probe = await probeOnce(world, node)
      assert.equal(probe.kind, 'busy')
      assert.match(probe.kind === 'busy' ? probe.reason : '', /script/)
    })

    test('a node that reads its data from disk is loading, and takes no promotion until it is done', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      for (let index = 0; index < 60; index++) await set(world, node, `key ${index}`, 'x'.repeat(1000))
      await world.save(node)
      await world.kill(node)
      const reborn = await world.restartNode(node, { slowLoad: true })
      const probe = await probeWhen(world, reborn, ({ kind }) => kind !== 'refused' && kind !== 'silent')
      assert.equal(probe.kind, 'loading')
      assert.ok(probe.kind === 'loading' && probe.facts.loading !== null && probe.facts.role === 'replica')
      await assert.rejects(world.redis.promote(reborn, { deadlineMs: 100 }), hasCode('redis/timeout'))
    })

    test('a wrong password is denied in plain words, for probes and orders, and told to nobody', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      world.redis.retain(new Set())
      const wrong = { ...node, credentials: { ...node.credentials, control: new Secret('not-the-password') } }
      const probe = await probeOnce(world, wrong)
      assert.ok(probe.kind === 'denied')
      assert.equal(probe.cause, 'credentials')
      assert.match(probe.reason, /does not accept our password/)
      const error: unknown = await world.redis
        .promote(wrong, { deadlineMs })
        .catch((thrown: unknown) => thrown)
      assert.equal(errorCode(error), 'redis/denied')
      assert.match(String(error), /shop-0/)
      assert.doesNotMatch(String(error), /not-the-password/)
    })

    test('a Redis that is not ours is got into with the login that it has, by probes and orders', async () => {
      const node = await world.startNode('shop-0')
      await factsWhen(world, node, () => true)
      world.redis.retain(new Set())
      const { application } = node.credentials
      const none = new Secret('')
      const foreign: NodeTarget = {
        ...{ ...node, containerId: 'somebody else', nodeAlias: 'shop-0' },
        credentials: { control: none, replication: none, application: null },
        login: application === null ? null : { user: null, password: application },
      }
      assert.equal((await probeOnce(world, foreign)).kind, 'answered')
      await world.redis.promote(foreign, { deadlineMs })
      assert.equal((await factsWhen(world, foreign, ({ role }) => role === 'master')).role, 'master')
      const wrong = {
        ...foreign,
        containerId: 'again',
        login: { user: null, password: new Secret('not-it') },
      }
      const probe = await probeOnce(world, wrong)
      assert.ok(probe.kind === 'denied')
      assert.equal(probe.cause, 'credentials')
    })

    test('commands are known by their own names, and those that have another, or none, are told apart', async () => {
      const node = await world.startNode('shop-0', { renamed: { flushdb: 'wipe', flushall: '""' } })
      await factsWhen(world, node, () => true)
      world.redis.retain(new Set())
      const { application } = node.credentials
      const login = application === null ? null : { user: 'default', password: application }
      const commands = await world.redis.listCommands({ ...node, login }, { deadlineMs })
      const of = (wanted: string) => commands.find(one => one.name === wanted)
      assert.deepEqual(of('set'), { name: 'set', writes: true, hasItsName: true, calls: 0 })
      assert.deepEqual(of('flushdb'), { name: 'flushdb', writes: true, hasItsName: false, calls: 0 })
      assert.equal(of('flushall'), undefined)
      assert.equal(of('get')?.writes, false)
    })

    test('while writes are paused a write waits and a read does not, until they are resumed', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await set(world, node, 'a', '1')
      await world.redis.pauseWrites(node, { forMs: 60_000, deadlineMs })
      const late = world.redis.command(node, ['SET', 'a', '2'], { deadlineMs: 200 })
      await assert.rejects(late, hasCode('redis/timeout'))
      assert.equal(await world.redis.command(node, ['GET', 'a'], { deadlineMs }), '1')
      await world.redis.resumeWrites(node, { deadlineMs })
      await set(world, node, 'a', '3')
      assert.equal(await world.redis.command(node, ['GET', 'a'], { deadlineMs }), '3')
    })

    test('a write that waits for the end of a pause is told, and its end too', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      assert.equal((await factsWhen(world, node, () => true)).writesPaused, false)
      await world.redis.pauseWrites(node, { forMs: 60_000, deadlineMs })
      const waiting = set(world, node, 'a', '1')
      await factsWhen(world, node, ({ writesPaused }) => writesPaused)
      await world.redis.resumeWrites(node, { deadlineMs })
      await waiting
      await factsWhen(world, node, ({ writesPaused }) => !writesPaused)
    })

    test('a master tells how many replicas are good enough for a write, where a write needs some', async () => {
      const { master } = await startPair(world)
      assert.equal((await factsWhen(world, master, () => true)).goodReplicas, null)
      const needed = { 'min-replicas-to-write': '1', 'min-replicas-max-lag': '10' }
      await world.redis.setConfig(master, needed, { deadlineMs })
      await factsWhen(world, master, ({ goodReplicas }) => goodReplicas === 1)
      const lone = await world.startNode('shop-2')
      await world.redis.promote(lone, { deadlineMs })
      await world.redis.setConfig(lone, needed, { deadlineMs })
      await factsWhen(world, lone, ({ goodReplicas }) => goodReplicas === 0)
    })

    test('a pause of writes ends by itself', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      await world.redis.pauseWrites(node, { forMs: 1, deadlineMs })
      const endMs = performance.now() + 5000
      let written = false
      while (!written && performance.now() < endMs)
        written = await world.redis.command(node, ['SET', 'a', '1'], { deadlineMs: 500 }).then(
          () => true,
          () => false,
        )
      assert.equal(written, true)
    })

    test('dropping clients spares our own connection and the replicas', async () => {
      const master = await world.startNode('shop-0')
      const replica = await world.startNode('shop-1')
      await world.redis.promote(master, { deadlineMs })
      await world.redis.follow(replica, { host: master.host, port: master.port }, { deadlineMs })
      await factsWhen(world, replica, facts => facts.upstream?.link === 'up')
      let lost = 0
      const unsubscribe = world.redis.onConnectionLost(() => (lost += 1))
      await world.redis.disconnectClients(master, { deadlineMs })
      await factsWhen(world, replica, facts => facts.upstream?.link === 'up')
      await factsWhen(world, master, facts => facts.followers.length === 1)
      assert.equal(lost, 0)
      unsubscribe()
    })

    test('options that the server knows are set, and those it does not know are returned', async () => {
      const node = await world.startNode('shop-0')
      const config = { hz: '17', 'no-such-option': '1', 'repl-timeout': '33' }
      const unknown = await world.redis.setConfig(node, config, { deadlineMs })
      assert.deepEqual(unknown, ['no-such-option'])
      assert.equal(await world.readConfig(node, 'hz'), '17')
      assert.equal(await world.readConfig(node, 'repl-timeout'), '33')
    })

    test('options are read by name, and those that the server does not know are left out', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.setConfig(node, { hz: '17', 'repl-timeout': '33' }, { deadlineMs })
      const names = ['hz', 'no-such-option', 'repl-timeout', '*']
      const config = await world.redis.getConfig(node, names, { deadlineMs })
      assert.deepEqual(config, { hz: '17', 'repl-timeout': '33' })
    })

    test('a node that speaks TLS alone proves who it is, and says how it is connected', async () => {
      const node = await world.startEncrypted('shop-0', 'require')
      const { transport } = await factsWhen(world, node, () => true)
      assert.equal(transport?.plainPort, 0)
      assert.equal(transport?.tlsPort, node.port)
      assert.equal(transport?.encryptsReplication, true)
      assert.match(transport?.fingerprint ?? '', /^[0-9a-f]{16}$/)
    })

    test('a node with TLS answers at once, from its birth on, and its link is down', async () => {
      const node = await world.startEncrypted('shop-0', 'require')
      await factsWhen(world, node, ({ upstream }) => upstream?.link === 'down')
      // Redis tries to connect once a second.
      const slowest = await slowestPing(world, node, { forMs: 2_500 })
      assert.ok(slowest < 1_500, `it stood still for ${slowest} ms`)
    })

    test('a node that can not prove who it is is told nothing: probes are denied, and orders fail', async () => {
      const node = await world.startEncrypted('shop-0', 'prefer')
      await factsWhen(world, node, () => true)
      const { tls = assert.fail() } = node
      const doubted = { ...node, startedAtMs: -1, tls: { ...tls, serverName: 'shop-7' } }
      const probe = await probeOnce(world, doubted)
      assert.deepEqual([probe.kind, probe.kind === 'denied' && probe.cause], ['denied', 'certificate'])
      await assert.rejects(world.redis.promote(doubted, { deadlineMs }), hasCode('redis/denied'))
    })

    test('where nobody listens for TLS the other way is taken, and never the other way round', async () => {
      const plain = await world.startNode('shop-0')
      const { tls = assert.fail() } = await world.startEncrypted('shop-1', 'require')
      const { host, port } = plain
      const encryptedFirst = { ...plain, port: unusedUpstream.port, tls, fallback: { host, port } }
      const facts = await factsWhen(world, encryptedFirst, () => true)
      assert.deepEqual([facts.transport?.plainPort, facts.transport?.encryptsReplication], [port, false])
      const { fallback: _, ...encryptedOnly } = encryptedFirst
      assert.equal((await probeOnce(world, { ...encryptedOnly, startedAtMs: -1 })).kind, 'refused')
    })

    test('a link is encrypted when that is asked for, and in plain text when that is', async () => {
      const master = await world.startEncrypted('shop-0', 'prefer')
      const replica = await world.startEncrypted('shop-1', 'prefer')
      await world.redis.promote(master, { deadlineMs })
      const { fallback = assert.fail() } = master
      for (const { encrypted, ...at } of [
        { ...upstreamOf(master), encrypted: true },
        { ...upstreamOf({ ...master, ...fallback }), encrypted: false },
      ]) {
        // Whether or not its server can look at names: the certificates are good for this one.
        const expecting = { ...at, encrypted, expectedName: 'shop-0' }
        await world.redis.follow(replica, expecting, { deadlineMs })
        const facts = await factsWhen(world, replica, ({ upstream }) => upstream?.link === 'up')
        assert.equal(facts.upstream?.port, at.port)
        assert.equal(facts.transport?.encryptsReplication, encrypted)
      }
    })

    test('a certificate is renewed in the running process, and no connection ends', async () => {
      const master = await world.startEncrypted('shop-0', 'require')
      const replica = await world.startEncrypted('shop-1', 'require')
      await world.redis.promote(master, { deadlineMs })
      await world.redis.follow(replica, { ...upstreamOf(master), encrypted: true }, { deadlineMs })
      await factsWhen(world, replica, ({ upstream }) => upstream?.link === 'up')
      let lost = 0
      const unsubscribe = world.redis.onConnectionLost(() => (lost += 1))
      const { fingerprint, options } = await world.renew(master)
      const before = await factsWhen(world, master, () => true)
      await world.redis.setConfig(master, options, { deadlineMs })
      const after = await factsWhen(world, master, ({ transport }) => transport?.fingerprint === fingerprint)
      assert.notEqual(before.transport?.fingerprint, fingerprint)
      assert.deepEqual([after.runId, after.syncs, lost], [before.runId, before.syncs, 0])
      // Whoever comes now is shown the new one.
      const { transport } = await factsWhen(world, { ...master, startedAtMs: -1 }, () => true)
      assert.equal(transport?.fingerprint, fingerprint)
      unsubscribe()
    })

    test('a user has the passwords that it was given, all of them, and connections outlive a change', async () => {
      const node = await world.startNode('shop-0')
      await world.redis.promote(node, { deadlineMs })
      const { control, replication, application } = node.credentials
      const next = new Secret('the next password')
      const as = (password: Secret | null): NodeTarget => ({
        ...node,
        credentials: { ...node.credentials, application: password },
      })
      const give = (passwords: readonly Secret[]): Promise<void> => {
        const keys = {
          ...aclPasswordsOf({ control, replication, application: null }),
          application: passwords,
        }
        return world.redis.setUsers(node, { set: aclUsers(keys), remove: ['nobody'] }, { deadlineMs })
      }
      const ping = (password: Secret | null): Promise<unknown> =>
        world.redis.command(as(password), ['PING'], { deadlineMs })
      assert.ok(application !== null)
      await assert.rejects(ping(next), { code: 'redis/denied' })
      await give([application, next])
      assert.deepEqual([await ping(application), await ping(next)], ['PONG', 'PONG'])
      await give([next])
      await assert.rejects(ping(application), { code: 'redis/denied' })
      assert.equal(await ping(next), 'PONG')
      assert.equal((await world.redis.probe(node, { deadlineMs })).kind, 'answered')
    })

    test('its users are listed with how they come in, also those that somebody has made by hand', async () => {
      const node = await world.startNode('shop-0')
      const stranger = { name: 'stranger', rules: ['on', 'nopass', '~*', '+@read'] }
      await world.redis.setUsers(node, { set: [stranger], remove: [] }, { deadlineMs })
      const lines = await world.redis.listUsers(node, { deadlineMs })
      const named = lines.map(line => line.split(' ')[1] ?? '').toSorted((a, b) => a.localeCompare(b))
      assert.deepEqual(named, ['default', 'flotilla', 'replication', 'stranger'])
      for (const { name: user, rules } of aclUsers(aclPasswordsOf(node.credentials)))
        assert.match(
          lines.find(line => line.startsWith(`user ${user} `)) ?? '',
          new RegExp(` on .*${rules.find(rule => rule.startsWith('#'))} `),
        )
    })

    test('our own password can be changed by the connection that uses it', async () => {
      const node = await world.startNode('shop-0')
      const next = new Secret('our next password')
      const keys = { ...aclPasswordsOf(node.credentials), control: [next] }
      await world.redis.probe(node, { deadlineMs })
      await world.redis.setUsers(node, { set: aclUsers(keys), remove: [] }, { deadlineMs })
      assert.equal((await world.redis.probe(node, { deadlineMs })).kind, 'answered')
      world.redis.retain(new Set())
      assert.equal((await world.redis.probe(node, { deadlineMs })).kind, 'denied')
      const renewed = { ...node, credentials: { ...node.credentials, control: next } }
      assert.equal((await world.redis.probe(renewed, { deadlineMs })).kind, 'answered')
    })

    test('a command that Redis refuses fails with the node, the command and what Redis said', async () => {
      const node = await world.startNode('shop-0')
      await assert.rejects(world.redis.command(node, ['SET', 'a', '1'], { deadlineMs }), {
        code: 'redis/refused-command',
        message: /^shop-0: SET: READONLY /,
      })
    })
  })
}

async function startPair(world: RedisWorld): Promise<{ master: NodeTarget; replica: NodeTarget }> {
  const [master, replica] = await Promise.all([world.startNode('shop-0'), world.startNode('shop-1')])
  await world.redis.promote(master, { deadlineMs })
  await world.redis.follow(replica, upstreamOf(master), { deadlineMs })
  await factsWhen(world, replica, facts => facts.upstream?.link === 'up')
  return { master, replica }
}

function upstreamOf({ host, port }: NodeTarget): Upstream {
  return { host, port }
}

function set(world: RedisWorld, node: NodeTarget, key: string, value: string): Promise<unknown> {
  return world.redis.command(node, ['SET', key, value], { deadlineMs })
}

function probeOnce(world: RedisWorld, node: NodeTarget): Promise<Probe> {
  return world.redis.probe(node, { deadlineMs: 2000 })
}

/** How long the slowest answer took of those asked for meanwhile. */
async function slowestPing(
  { redis }: RedisWorld,
  node: NodeTarget,
  { forMs }: { readonly forMs: number },
): Promise<number> {
  const endMs = performance.now() + forMs
  let slowest = 0
  while (performance.now() < endMs) {
    const sentMs = performance.now()
    await redis.ping(node, { deadlineMs })
    slowest = Math.max(slowest, performance.now() - sentMs)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return slowest
}

/** The first facts that are as wanted, of a node that answers. */
export async function factsWhen(
  world: Pick<RedisWorld, 'redis'>,
  node: NodeTarget,
  wanted: (facts: RedisFacts) => boolean,
  { withinMs = 5000 } = {},
): Promise<RedisFacts> {
  const probe = await probeWhen(world, node, each => each.kind === 'answered' && wanted(each.facts), {
    withinMs,
  })
  assert.equal(probe.kind, 'answered')
  return probe.kind === 'answered' ? probe.facts : assert.fail()
}

/** The first probe that is as wanted, looking every few milliseconds. */
export async function probeWhen(
  world: Pick<RedisWorld, 'redis'>,
  node: NodeTarget,
  wanted: (probe: Probe) => boolean,
  { withinMs = 5000 } = {},
): Promise<Probe> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const probe = await world.redis.probe(node, { deadlineMs: 2000 })
    if (wanted(probe)) return probe
    if (performance.now() > endMs)
      assert.fail(`${node.nodeAlias} was not as wanted within ${withinMs} ms: ${JSON.stringify(probe)}`)
    await new Promise(resolve => setTimeout(resolve, 4))
  }
}

export function hasCode(code: string): (error: unknown) => boolean {
  return error => {
    assert.equal(errorCode(error), code, String(error))
    return true
  }
}
