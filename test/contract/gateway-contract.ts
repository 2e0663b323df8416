import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { errorCode } from '../../src/errors.js'
import type { GatewayPort } from '../../src/gateway/gateway.js'
import {
  closedGateway,
  type GatewayFacts,
  type GatewayServer,
  type GatewayTarget,
} from '../../src/model/gateway.js'
import type { NodeSays } from '../support/scripted-node.js'
import { until } from '../support/until.js'

/** A few gateways, nodes behind them and clients in front, and the port under test. */
export interface GatewayWorld {
  readonly gateways: GatewayPort
  /** Starts a gateway that has never been pointed. Resolves when it listens. */
  start(): Promise<GatewayTarget>
  /** Starts the same one again, with what it has written down. */
  restart(target: GatewayTarget): Promise<GatewayTarget>
  /** kill -9; resolves when it is gone. */
  kill(target: GatewayTarget): Promise<void>
  freeze(target: GatewayTarget): Promise<void>
  thaw(target: GatewayTarget): Promise<void>
  /** Cuts the connection over which it is administered, as a network does. */
  cutAdmin(target: GatewayTarget): Promise<void>
  /** Somebody puts this server into service on the master's port, beside those that are. */
  enableByHand(target: GatewayTarget, server: GatewayServer): Promise<void>
  /** A Redis that says this of itself, at an address of its own. */
  startNode(ordinal: number, says: NodeSays): Promise<GatewayServer>
  /** What it says from now on; null: nobody answers at its address. */
  change(server: GatewayServer, says: NodeSays | null): Promise<void>
  /** A client of this port. Resolves when it has reached a node, or the gateway has sent it away. */
  connect(target: GatewayTarget, port: 'master' | 'replicas'): Promise<GatewayClient>
  close(): Promise<void>
}

export interface GatewayClient {
  /** The ordinal of the node that it has reached; null when it was let through to nobody. */
  readonly reached: number | null
  readonly isOpen: boolean
  close(): void
}

const deadlineMs = 3000
const first = 'a'.repeat(40)
const second = 'b'.repeat(40)
const master = { role: 'master', replid: first } as const
const replica = { role: 'replica', replid: first } as const
const successor = { role: 'master', replid: second } as const

/** What every adapter of the gateway port promises. */
export function describeGatewayPort(name: string, createWorld: () => Promise<GatewayWorld>): void {
  describe(`the gateway port: ${name}`, () => {
    let world: GatewayWorld
    beforeEach(async () => {
      world = await createWorld()
    })
    afterEach(() => world.close())

    const point = (
      target: GatewayTarget,
      to: Partial<Parameters<GatewayPort['point']>[1]>,
      keepSessions = false,
    ): Promise<void> =>
      world.gateways.point(target, { ...closedGateway, ...to }, { deadlineMs, keepSessions })

    test('a gateway that was never pointed lets nobody in', async () => {
      const target = await world.start()
      const facts = await factsOf(world, target)
      assert.deepEqual([facts.pointedBy, facts.master, facts.replicas], ['nobody', [], []])
      assert.equal((await world.connect(target, 'master')).reached, null)
      assert.equal((await world.connect(target, 'replicas')).reached, null)
    })

    test('clients reach whom it is pointed at, and it says so', async () => {
      const target = await world.start()
      const nodes = [await world.startNode(0, master), await world.startNode(1, replica)] as const
      await point(target, { master: nodes[0], replicas: [nodes[1]], lineage: first })
      assert.equal((await world.connect(target, 'master')).reached, 0)
      assert.equal((await world.connect(target, 'replicas')).reached, 1)
      const facts = await factsOf(world, target)
      assert.deepEqual([facts.master, facts.replicas], [[nodes[0]], [nodes[1]]])
      assert.deepEqual([facts.pointedBy, facts.lineage, facts.isWrittenDown], ['flotilla', first, true])
      assert.deepEqual(facts.sessions, { master: 1, replicas: 1, total: facts.sessions.total })
    })

    test('pointing it at the same again keeps sessions, also with another lineage', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, replicas: [node] })
      const clients = [await world.connect(target, 'master'), await world.connect(target, 'replicas')]
      await point(target, { master: node, replicas: [node] })
      await point(target, { master: node, replicas: [node], lineage: first })
      assert.equal((await factsOf(world, target)).lineage, first)
      assert.deepEqual(
        clients.map(({ isOpen }) => isOpen),
        [true, true],
      )
    })

    test('sessions with a server that leaves are closed, and who comes back reaches the new one', async () => {
      const target = await world.start()
      const [old, next] = [await world.startNode(0, master), await world.startNode(1, replica)]
      await point(target, { master: old, lineage: first })
      const clients = await Promise.all([0, 1, 2].map(() => world.connect(target, 'master')))
      await point(target, { master: next, lineage: second })
      await until('sessions with the old master to close', deadlineMs, () =>
        clients.every(({ isOpen }) => !isOpen),
      )
      assert.equal((await world.connect(target, 'master')).reached, 1)
      assert.deepEqual((await factsOf(world, target)).master, [next])
    })

    test('a closed port closes its sessions, and leaves those of the other port alone', async () => {
      const target = await world.start()
      const [one, other] = [await world.startNode(0, master), await world.startNode(1, replica)]
      await point(target, { master: one, replicas: [other], lineage: first })
      const writer = await world.connect(target, 'master')
      const reader = await world.connect(target, 'replicas')
      await point(target, { master: null, replicas: [other], lineage: first })
      await until('the writer to be sent away', deadlineMs, () => !writer.isOpen)
      assert.equal(reader.isOpen, true)
      assert.deepEqual((await factsOf(world, target)).master, [])
    })

    test('sessions are kept where asked, while nobody new comes in, until the next pointing', async () => {
      const target = await world.start()
      const [old, next] = [await world.startNode(0, master), await world.startNode(1, replica)]
      await point(target, { master: old, lineage: first })
      const kept = await world.connect(target, 'master')
      await point(target, { master: null, lineage: first }, true)
      const late = world.connect(target, 'master')
      assert.deepEqual((await factsOf(world, target)).master, [])
      assert.equal(kept.isOpen, true)
      await point(target, { master: next, lineage: second })
      await until('the kept session to close', deadlineMs, () => !kept.isOpen)
      assert.equal((await late).reached, 1)
    })

    test('a server that comes back has none of the sessions that were kept from before', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, lineage: first })
      const kept = await world.connect(target, 'master')
      await point(target, { master: null, lineage: first }, true)
      await point(target, { master: node, lineage: first })
      await until('the kept session to close', deadlineMs, () => !kept.isOpen)
      assert.equal((await world.connect(target, 'master')).reached, 0)
    })

    test('a client that comes while it is closed waits, and is let through once it is pointed', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      const clients = [world.connect(target, 'master'), world.connect(target, 'replicas')]
      await factsOf(world, target)
      await point(target, { master: node, replicas: [node], lineage: first })
      assert.deepEqual(
        (await Promise.all(clients)).map(({ reached }) => reached),
        [0, 0],
      )
    })

    test('who waits is let through soon, whenever it came', async () => {
      const target = await world.start()
      const nodes = [await world.startNode(0, master), await world.startNode(1, replica)] as const
      const lateMs: number[] = []
      for (let round = 0; round < 20; round += 1) {
        await point(target, { master: null, lineage: first })
        const waiting = world.connect(target, 'master')
        await factsOf(world, target)
        await point(target, { master: nodes[round % 2] ?? nodes[0], lineage: first })
        const pointedMs = performance.now()
        const client = await waiting
        lateMs.push(performance.now() - pointedMs)
        assert.equal(client.reached, round % 2)
        client.close()
      }
      assert.ok(Math.max(...lateMs) < 500, `the last one ${Math.round(Math.max(...lateMs))} ms later`)
    })

    test('readers are spread over the replicas, and those of one that leaves are sent away', async () => {
      const target = await world.start()
      const nodes = [await world.startNode(1, replica), await world.startNode(2, replica)] as const
      await point(target, { replicas: nodes, lineage: first })
      const clients: GatewayClient[] = []
      for (const _ of [1, 2, 3, 4]) clients.push(await world.connect(target, 'replicas'))
      assert.equal(clients.filter(({ reached }) => reached === 1).length, 2)
      await point(target, { replicas: [nodes[1]], lineage: first })
      await until('readers of the other to close', deadlineMs, () =>
        clients.every(({ isOpen, reached }) => isOpen === (reached === 2)),
      )
      assert.equal((await world.connect(target, 'replicas')).reached, 2)
    })

    test('a node that has another address is reached there', async () => {
      const target = await world.start()
      await point(target, { master: await world.startNode(0, master), lineage: first })
      const client = await world.connect(target, 'master')
      const moved = await world.startNode(0, master)
      await point(target, { master: moved, lineage: first })
      await until('the session with the old address to close', deadlineMs, () => !client.isOpen)
      assert.equal((await world.connect(target, 'master')).reached, 0)
      assert.deepEqual((await factsOf(world, target)).master, [moved])
    })

    test('what somebody changes by hand shows, and the next pointing undoes it', async () => {
      const target = await world.start()
      const [node, other] = [await world.startNode(0, master), await world.startNode(1, replica)]
      await point(target, { master: node, lineage: first })
      await world.enableByHand(target, other)
      assert.deepEqual((await factsOf(world, target)).master, [node, other])
      await point(target, { master: node, lineage: first })
      assert.deepEqual((await factsOf(world, target)).master, [node])
      for (const _ of [1, 2, 3]) assert.equal((await world.connect(target, 'master')).reached, 0)
    })

    test('an ordinal that it has no place for is refused, and nothing changes', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, lineage: first })
      await assert.rejects(point(target, { master: { ...node, ordinal: 10_000 } }), hasCode('gateway/failed'))
      assert.deepEqual((await factsOf(world, target)).master, [node])
    })

    test('its end is told at once, and then it refuses', async () => {
      const target = await world.start()
      await factsOf(world, target)
      const lost: GatewayTarget[] = []
      world.gateways.onConnectionLost(one => lost.push(one))
      await world.kill(target)
      await until('the loss to be told', deadlineMs, () => lost.length === 1)
      assert.equal(lost[0]?.containerId, target.containerId)
      assert.equal((await world.gateways.probe(target, { deadlineMs })).kind, 'refused')
      await assert.rejects(point(target, {}), hasCode('gateway/unreachable'))
    })

    test('after a cut of its admin connection it goes on, and is spoken to over another one', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, lineage: first })
      const client = await world.connect(target, 'master')
      const lost: GatewayTarget[] = []
      world.gateways.onConnectionLost(one => lost.push(one))
      await world.cutAdmin(target)
      await until('the loss to be told', deadlineMs, () => lost.length === 1)
      assert.equal(client.isOpen, true)
      assert.deepEqual((await factsOf(world, target)).master, [node])
    })

    test('one that is frozen is silent until the deadline, and does as it is told afterwards', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await factsOf(world, target)
      await world.freeze(target)
      assert.equal((await world.gateways.probe(target, { deadlineMs: 100 })).kind, 'silent')
      const pointing = { ...closedGateway, master: node }
      await assert.rejects(
        world.gateways.point(target, pointing, { deadlineMs: 100 }),
        hasCode('gateway/timeout'),
      )
      await world.thaw(target)
      await point(target, { master: node })
      assert.equal((await world.connect(target, 'master')).reached, 0)
    })

    test('of orders that were stuck in a frozen one, none is carried out after a later one', async () => {
      const target = await world.start()
      const [old, next] = [await world.startNode(0, master), await world.startNode(1, replica)]
      await point(target, { master: old })
      await world.freeze(target)
      const stuck = [old, next, old, old].map(node =>
        world.gateways.point(target, { ...closedGateway, master: node }, { deadlineMs: 50 }),
      )
      await Promise.allSettled(stuck)
      const later = point(target, { master: next, lineage: second })
      await world.thaw(target)
      await later
      assert.equal((await world.connect(target, 'master')).reached, 1)
      const facts = await factsOf(world, target)
      assert.deepEqual([facts.master, facts.lineage], [[next], second])
    })

    test('a call is ended by its signal', async () => {
      const target = await world.start()
      await world.freeze(target)
      const call = new AbortController()
      const pointed = world.gateways.point(target, closedGateway, { deadlineMs, signal: call.signal })
      call.abort()
      await assert.rejects(pointed, hasCode('gateway/aborted'))
    })

    test('restarted with no daemon there, it comes back to the master that is still the one of its lineage', async () => {
      const target = await world.start()
      const nodes = [await world.startNode(0, master), await world.startNode(1, replica)] as const
      await point(target, { master: nodes[0], replicas: [nodes[1]], lineage: first })
      // It writes down after it has answered.
      assert.equal((await factsOf(world, target)).isWrittenDown, true)
      await world.kill(target)
      const again = await world.restart(target)
      assert.equal((await world.connect(again, 'master')).reached, 0)
      assert.equal((await world.connect(again, 'replicas')).reached, 1)
      const facts = await factsOf(world, again)
      assert.deepEqual([facts.pointedBy, facts.lineage], ['itself', first])
      assert.deepEqual([facts.master, facts.replicas], [[nodes[0]], [nodes[1]]])
    })

    for (const [title, says] of [
      ['has another lineage', successor],
      ['is a replica by now', replica],
      ['is gone', null],
    ] as const)
      test(`restarted with no daemon there, it stays closed when the recorded master ${title}`, async () => {
        const target = await world.start()
        const node = await world.startNode(0, master)
        await point(target, { master: node, lineage: first })
        await world.kill(target)
        await world.change(node, says)
        const again = await world.restart(target)
        assert.equal((await world.connect(again, 'master')).reached, null)
        assert.deepEqual((await factsOf(world, again)).master, [])
      })

    test('restarted with no daemon there, it stays closed when it never learned the lineage', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, lineage: null })
      await world.kill(target)
      assert.equal((await world.connect(await world.restart(target), 'master')).reached, null)
    })

    test('restarted after it was pointed at nobody, it stays closed', async () => {
      const target = await world.start()
      const node = await world.startNode(0, master)
      await point(target, { master: node, lineage: first })
      await point(target, closedGateway)
      await world.kill(target)
      assert.equal((await world.connect(await world.restart(target), 'master')).reached, null)
    })

    test('what it has written down counts for nothing once it was pointed', async () => {
      const target = await world.start()
      const [old, next] = [await world.startNode(0, master), await world.startNode(1, successor)]
      await point(target, { master: old, lineage: first })
      await world.kill(target)
      await world.change(old, null)
      const again = await world.restart(target)
      await point(again, { master: next, lineage: second })
      await world.change(old, master)
      // Longer than it takes a gateway that comes back by itself to ask again.
      const endMs = performance.now() + 500
      while (performance.now() < endMs) {
        const client = await world.connect(again, 'master')
        assert.equal(client.reached, 1)
        client.close()
      }
      assert.deepEqual((await factsOf(world, again)).master, [next])
    })
  })
}

async function factsOf(world: GatewayWorld, target: GatewayTarget): Promise<GatewayFacts> {
  const probe = await world.gateways.probe(target, { deadlineMs })
  if (probe.kind === 'answered') return probe.facts
  return assert.fail(`${probe.kind}: ${probe.reason}`)
}

function hasCode(code: string): (error: unknown) => boolean {
  return error => errorCode(error) === code
}
