import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { encryptReplication } from '../../../../src/reconciler/plan/settings/replication-tls.js'
import type { Action, Plan } from '../../../../src/model/plan.js'
import { master, planInput, replica, stopped } from '../../support/world.js'
import type { TransportFacts } from '../../../../src/model/redis.js'
import type { TlsView } from '../../../../src/model/tls-view.js'

/**
 * A plan in which node 1 is told to follow node 0: is it told to do so over TLS (true), in plain text
 * (false), or is nothing said of it?
 */

const plain: TransportFacts = { plainPort: 6379, tlsPort: 0, fingerprint: null, encryptsReplication: false }
const both: TransportFacts = { ...plain, tlsPort: 6380 }
const encrypted: TransportFacts = { ...both, plainPort: 0 }
const without: TransportFacts = { ...plain, tlsPort: null }

function tlsView(mode: TlsView['mode'], overrides: Partial<TlsView> = {}): TlsView {
  const certificates = { kind: 'shared', fingerprint: 'f' } as const
  return { mode, certificates, refused: null, expiresAtMs: null, expiring: null, ...overrides }
}

function told(
  tls: TlsView | null,
  { nodes, beside = [] }: { readonly nodes: readonly ObservedNode[]; readonly beside?: readonly Action[] },
): boolean | undefined {
  const follow: Action = { kind: 'follow', ordinal: 1, master: 0, reconnect: false, cause: 'a test' }
  const plan: Plan = { flotilla: 'shop', stages: [beside, [follow]], waits: [], refusals: [], failing: [] }
  const { stages } = encryptReplication(plan, planInput({ nodes, ...(tls === null ? {} : { tls }) }))
  assert.deepEqual(stages[0], beside)
  const action = stages.flat().find(one => one.kind === 'follow')
  return action?.kind === 'follow' ? action.encrypted : assert.fail()
}

const pair = (activeMaster: TransportFacts, following: TransportFacts): readonly ObservedNode[] => [
  replica(2, { transport: without }),
  master(0, { transport: activeMaster }),
  replica(1, { transport: following }),
]
const start = (ordinal: number): Action => ({
  ...{ kind: 'start-container', ordinal, name: 'shop', cause: 'a test' },
})
const certify = (ordinal: number): Action => ({ kind: 'load-certificate', ordinal, cause: 'a test' })

test('where TLS was never asked for, or nothing is in force, nothing is said of a link', () => {
  assert.equal(told(null, { nodes: pair(both, both) }), undefined)
  assert.equal(
    told(tlsView('require', { certificates: { kind: 'none' } }), { nodes: pair(both, both) }),
    undefined,
  )
})

test('a server that was built without TLS is not told what it does not know', () => {
  assert.equal(told(tlsView('prefer'), { nodes: pair(both, without) }), undefined)
})

test('a replica goes where its master listens', () => {
  for (const mode of ['off', 'prefer', 'require'] as const) {
    assert.equal(told(tlsView(mode), { nodes: pair(plain, both) }), false)
    assert.equal(told(tlsView(mode), { nodes: pair(without, both) }), false)
    assert.equal(told(tlsView(mode), { nodes: pair(encrypted, plain) }), true)
  }
})

test('where the master listens in both ways it goes as the spec asks, and as it can', () => {
  assert.equal(told(tlsView('off'), { nodes: pair(both, both) }), false)
  for (const mode of ['prefer', 'require'] as const) {
    assert.equal(told(tlsView(mode), { nodes: pair(both, both) }), true)
    assert.equal(told(tlsView(mode), { nodes: pair(both, plain) }), false)
    assert.equal(told(tlsView(mode), { nodes: pair(both, plain), beside: [certify(1)] }), true)
    assert.equal(told(tlsView(mode), { nodes: pair(both, plain), beside: [certify(2)] }), false)
    assert.equal(told(tlsView(mode), { nodes: pair(both, plain), beside: [start(2)] }), false)
  }
})

test('a master that this plan gives a certificate listens for TLS by then', () => {
  assert.equal(told(tlsView('prefer'), { nodes: pair(plain, both), beside: [certify(0)] }), true)
  assert.equal(told(tlsView('prefer'), { nodes: pair(plain, both), beside: [certify(1)] }), false)
})

test('who is started by this plan, or says nothing, listens as the spec asks by then', () => {
  const started = (mode: TlsView['mode'], ordinal: number): boolean | undefined =>
    told(tlsView(mode), { nodes: pair(plain, plain), beside: [start(ordinal)] })
  assert.deepEqual([started('off', 0), started('prefer', 0), started('require', 0)], [false, false, true])
  const down = [stopped(0), stopped(1)]
  const silent = (mode: TlsView['mode'], nodes: readonly ObservedNode[]): boolean | undefined =>
    told(tlsView(mode), { nodes })
  assert.deepEqual(
    [silent('off', down), silent('prefer', down), silent('require', down)],
    [false, true, true],
  )
  assert.deepEqual([silent('off', []), silent('prefer', []), silent('require', [])], [false, true, true])
})
