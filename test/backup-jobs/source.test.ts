import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostSuitable } from '../../src/backup-jobs/source.js'
import { master, replica } from '../reconciler/support/world.js'
import type { ObservedNode } from '../../src/model/observation.js'

const nobody: ReadonlySet<number> = new Set()

function answered(...nodes: readonly ObservedNode[]) {
  return nodes.map(({ ordinal, probe }) => {
    assert.ok(probe?.kind === 'answered')
    return { ordinal, facts: probe.facts }
  })
}

function chosen(
  nodes: ReturnType<typeof answered>,
  from: 'replica' | 'master' = 'replica',
  except = nobody,
): number | null {
  return mostSuitable(nodes, from, except)?.ordinal ?? null
}

test('the replica that is most advanced is read, of equals the first', () => {
  const nodes = answered(
    master(0, { offset: 9_000 }),
    replica(3, { offset: 8_000 }),
    replica(2, { offset: 8_000 }),
    replica(1, { offset: 7_000 }),
  )
  assert.equal(chosen(nodes), 2)
  assert.equal(chosen(nodes, 'replica', new Set([2])), 3)
  assert.equal(chosen(nodes, 'replica', new Set([1, 2, 3])), 0)
})

test('a replica of another lineage, without its link, or that loads, is not, however far it is', () => {
  const unfit = [{ replid: 'another' }, { upstream: { link: 'down' } }, { asyncLoading: true }] as const
  for (const facts of unfit) {
    const far = replica(1, { offset: 9_000_000, ...facts })
    assert.equal(chosen(answered(master(0), far)), 0)
    assert.equal(chosen(answered(master(0), far, replica(2, { offset: 5 }))), 2)
  }
})

test('the master is read where it is asked for, and nobody instead of it', () => {
  const nodes = answered(master(0), replica(1))
  assert.equal(chosen(nodes, 'master'), 0)
  assert.equal(chosen(nodes, 'master', new Set([0])), null)
  assert.equal(chosen(answered(replica(1)), 'master'), null)
})

test('without a master a replica whose link is up will do, and without anybody none', () => {
  assert.equal(chosen(answered(replica(1))), 1)
  assert.equal(chosen([]), null)
})
