import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersOf } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  master,
  memory,
  node,
  planInput,
  replica,
  resources,
  stopped,
  type Case,
} from '../../support/world.js'

/** `wanted / excess`, each node with its bucket where it has a container. */
function members(facts: Case, recordedMaster: number | null = 0): string {
  const { wanted, excess } = membersOf(planInput(facts), recordedMaster)
  const list = (nodes: typeof wanted): string =>
    nodes.map(one => (one.seen === null ? `(${one.ordinal})` : String(one.ordinal))).join(' ')
  return `${list(wanted)} / ${list(excess)}`
}

const wrongUpstream = { upstream: { host: 'elsewhere' } }
const syncing = { upstream: { link: 'down' } } as const
const locked = { probe: { kind: 'denied', cause: 'other', reason: 'full' } } as const
const unreachable = {
  probe: { kind: 'silent', reason: 'nothing', lastByteAtMs: null },
  unreachableSinceMs: 1,
} as const

test('who is well stays rather than who is not, in this order', () => {
  const ranked = [
    replica(9),
    replica(8, syncing),
    replica(7, wrongUpstream),
    node(6, { probe: { kind: 'busy', reason: 'a script' } }),
    node(5, locked),
    node(4, unreachable),
    stopped(3),
    node(2, { container: { state: 'removing' } }),
  ]
  for (const kept of ranked.keys()) {
    const left = ranked.slice(0, kept).map(one => one.ordinal)
    const gone = ranked.slice(kept).map(one => one.ordinal)
    assert.equal(
      members({ spec: { replicas: kept }, nodes: [master(0), ...ranked] }),
      `${[0, ...left.toReversed()].join(' ')} / ${gone.toReversed().join(' ')}`,
    )
  }
})

test('among equals the lower ordinal stays, and the lists are by ordinal', () => {
  const nodes = [replica(5), replica(3), master(0), replica(4), replica(2)]
  assert.equal(members({ spec: { replicas: 2 }, nodes }), '0 2 3 / 4 5')
  assert.equal(members({ spec: { replicas: 1 }, nodes: [replica(2), master(1), replica(0)] }, 1), '0 1 / 2')
})

test('the recorded master stays, whatever has become of it', () => {
  assert.equal(members({ spec: { replicas: 1 }, nodes: [stopped(5), replica(1), replica(2)] }, 5), '1 5 / 2')
  assert.equal(members({ spec: { replicas: 0 }, nodes: [replica(1), replica(2)] }, 5), '(5) / 1 2')
  assert.equal(members({ spec: { replicas: 1 }, nodes: [replica(1), replica(2)] }, 5), '1 (5) / 2')
})

test('what is missing is filled up with the lowest free ordinals', () => {
  assert.equal(members({ spec: { replicas: 3 }, nodes: [master(2), replica(0)] }, 2), '0 (1) 2 (3) / ')
  assert.equal(members({ spec: { replicas: 1 }, nodes: [], seen: { resources: null } }, null), '(0) (1) / ')
})

test('without a recorded master no node is too many, nor a volume that was kept', () => {
  const volumes = ['shop-1', 'odd-7']
  assert.equal(
    members(
      {
        spec: { replicas: 0 },
        memory: memory(null),
        nodes: [replica(2), replica(4)],
        seen: { resources: resources({ volumes }) },
      },
      null,
    ),
    '(1) 2 4 (7) / ',
  )
  assert.equal(
    members(
      {
        spec: { replicas: 1 },
        memory: memory(null),
        nodes: [],
        seen: { resources: resources({ volumes: ['shop-10'] }) },
      },
      null,
    ),
    '(0) (10) / ',
  )
})

test('what is up to date stays rather than what is not', () => {
  const old = { container: { labels: {} } }
  assert.equal(
    members({ spec: { replicas: 2 }, nodes: [master(0), replica(1, {}, old), replica(2), replica(3)] }),
    '0 2 3 / 1',
  )
})
