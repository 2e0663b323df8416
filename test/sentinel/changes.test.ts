import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressFor, type Asker } from '../../src/sentinel/asker.js'
import { changesSince } from '../../src/sentinel/changes.js'
import type { AddressBook } from '../../src/sentinel/describe.js'
import type { MasterSet } from '../../src/sentinel/master-set.js'
import { failedOverSet, setNode, setReplica, settledSet } from './support/sets.js'

const book: AddressBook = (asker, node) =>
  addressFor(asker, node, { mode: 'container-ip', hostIsApart: false })
const reachedAt = '10.0.0.5'
const host: Asker = { kind: 'host', reachedAt }
const container: Asker = { kind: 'container', networkIds: ['net-shop'], reachedAt }

/** What is published while one of these becomes the next. */
function published(asker: Asker, ...sets: readonly MasterSet[]): readonly string[] {
  let announced = null as Parameters<typeof changesSince>[0]
  return sets.flatMap(set => {
    const { messages, announced: next } = changesSince(announced, set, book)
    announced = next
    return messages.flatMap(({ channel, text }) => {
      const body = text(asker)
      return body === null ? [] : [`${channel} ${body}`]
    })
  })
}

test('nothing is published of what is first seen, nor while nothing changes', () => {
  assert.deepEqual(published(host, settledSet(), settledSet({ seenAtMs: 5_000 })), [])
})

const failing = settledSet({ master: null, isChanging: true, isFailover: true })

test('a failover is published as Sentinel publishes one, each client by addresses that it can use', () => {
  assert.deepEqual(published(host, settledSet(), failing, failing, failedOverSet()), [
    '+sdown master shop 172.20.0.2 6379',
    '+odown master shop 172.20.0.2 6379 #quorum 1/1',
    '+switch-master shop 172.20.0.2 6379 172.20.0.3 6379',
    '+slave slave 172.20.0.2:6379 172.20.0.2 6379 @ shop 172.20.0.3 6379',
    '+sdown slave 172.20.0.2:6379 172.20.0.2 6379 @ shop 172.20.0.3 6379',
    '+slave slave 172.20.0.4:6379 172.20.0.4 6379 @ shop 172.20.0.3 6379',
  ])
  assert.deepEqual(published(container, settledSet(), failing, failedOverSet()).slice(2, 3), [
    '+switch-master shop shop-0 6379 shop-1 6379',
  ])
})

test('a switchover is published when it is over, without a word of a master that is down', () => {
  const switching = settledSet({ master: null, isChanging: true })
  assert.deepEqual(
    published(host, settledSet(), switching, failedOverSet())[0],
    '+switch-master shop 172.20.0.2 6379 172.20.0.3 6379',
  )
})

test('a master that is back is published, and its new address to those who use addresses', () => {
  const down = settledSet({ master: null })
  assert.deepEqual(published(host, settledSet(), down, settledSet()).slice(2), [
    '-sdown master shop 172.20.0.2 6379',
    '-odown master shop 172.20.0.2 6379',
  ])
  const moved = settledSet({ master: setNode(0, { address: { host: '172.20.0.9', port: 6379 } }) })
  assert.deepEqual(published(host, settledSet(), moved), [
    '+switch-master shop 172.20.0.2 6379 172.20.0.9 6379',
  ])
  assert.deepEqual(published(container, settledSet(), moved), [])
})

test('a replica is published when it comes, leaves the service and is back', () => {
  const out = settledSet({ replicas: [setReplica(1, { isInService: false }), setReplica(2)] })
  const more = settledSet({ replicas: [setReplica(1), setReplica(2), setReplica(3)] })
  assert.deepEqual(published(container, settledSet(), out, settledSet(), more), [
    '+sdown slave shop-1:6379 shop-1 6379 @ shop shop-0 6379',
    '-sdown slave shop-1:6379 shop-1 6379 @ shop shop-0 6379',
    '+slave slave shop-3:6379 shop-3 6379 @ shop shop-0 6379',
  ])
})

test('behind a gateway a failover changes no address, and nothing is published of it', () => {
  const behind = (set: MasterSet): MasterSet => {
    const gateway = { host: '0.0.0.0', port: 7000 }
    const master = set.master === null ? null : { ...set.master, gateway }
    return { ...set, master, recorded: master }
  }
  const outside: Asker = { kind: 'outside', address: '10.0.0.6', reachedAt }
  assert.deepEqual(published(outside, behind(settledSet()), behind(failedOverSet())), [])
})
