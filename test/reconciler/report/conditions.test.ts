import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encryptionOf, foldTransport } from '../../../src/reconciler/record/connection-security.js'
import type { ObservedNode } from '../../../src/model/observation.js'
import { renderRequestResult } from '../../../src/reconciler/report/request-result-text.js'
import { appliedAuthFiles, appliedUsers } from '../../../src/reconciler/plan/settings/users.js'
import { decide, membersOf } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { ConditionValue } from '../../../src/model/condition-value.js'
import { isInSyncWithSource } from '../../../src/reconciler/report/source-sync.js'
import { computeStatus } from '../../../src/reconciler/report/compute-status.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import {
  conditionsOf,
  container,
  historyEntry,
  master,
  memory,
  node,
  nodeRecord,
  nowMs,
  observation,
  planInput,
  replica,
  settledNodes,
  spec,
  stopped,
  type Case,
} from '../support/world.js'
import type { TransportFacts } from '../../../src/model/redis.js'
import type { AuthView } from '../../../src/model/auth-view.js'
import type { TlsView } from '../../../src/model/tls-view.js'

/** What a condition says of a case: `True Reason: message`. */
function said({ status, reason, message }: ConditionValue): string {
  return `${status} ${reason}: ${message}`
}

const encrypted: TransportFacts = {
  ...{ plainPort: 0, tlsPort: 6380, fingerprint: 'f', encryptsReplication: true },
}
const both: TransportFacts = { ...encrypted, plainPort: 6379 }
const plain: TransportFacts = { ...both, tlsPort: 0, fingerprint: null }

function tlsView(mode: TlsView['mode'], overrides: Partial<TlsView> = {}): TlsView {
  const certificates = { kind: 'shared', fingerprint: 'f' } as const
  return { mode, certificates, refused: null, expiresAtMs: null, expiring: null, ...overrides }
}

function pair(transport: TransportFacts | undefined, port: number): readonly ObservedNode[] {
  const facts = transport === undefined ? {} : { transport }
  return [master(0, facts), replica(1, { ...facts, upstream: { port } })]
}

test('whether connections are encrypted as the manifest asks is told by what the nodes say', () => {
  const of = (tls: TlsView | null, nodes: readonly ObservedNode[]): string => {
    const input = planInput({ spec: { replicas: 1 }, nodes, ...(tls === null ? {} : { tls }) })
    return said(conditionsOf(input).TlsApplied)
  }
  assert.equal(of(null, pair(plain, 6379)), 'False Off: connections are not encrypted')
  assert.equal(
    of(tlsView('require', { refused: 'the key is another one' }), pair(plain, 6379)),
    'False Refused: the key is another one',
  )
  assert.equal(
    of(tlsView('require', { certificates: { kind: 'none' } }), pair(plain, 6379)),
    'False Refused: there is no certificate yet',
  )
  const applied = 'True Applied: every connection is encrypted'
  assert.equal(of(tlsView('require'), pair(encrypted, 6380)), applied)
  assert.equal(
    of(tlsView('require', { expiresAtMs: Date.UTC(2027, 0, 2) }), pair(encrypted, 6380)),
    `${applied}; the first certificate ends on 2027-01-02`,
  )
  assert.equal(
    of(tlsView('prefer'), pair(both, 6380)),
    'True Applied: nodes talk to each other over TLS, clients may',
  )
  const behind = (mode: string, nodes: string): string =>
    `False Applying: ${mode} is not applied on node ${nodes} yet`
  assert.equal(of(tlsView('require'), pair(both, 6380)), behind('require', '0, 1'))
  assert.equal(of(tlsView('require'), pair(encrypted, 6379)), behind('require', '1'))
  assert.equal(
    of(tlsView('require'), pair({ ...encrypted, fingerprint: 'old' }, 6380)),
    behind('require', '0, 1'),
  )
  assert.equal(
    of(tlsView('require'), pair({ ...encrypted, fingerprint: null }, 6380)),
    behind('require', '0, 1'),
  )
  assert.equal(of(tlsView('prefer'), pair(plain, 6379)), behind('prefer', '0, 1'))
  assert.equal(of(tlsView('prefer'), pair(undefined, 6380)), behind('prefer', '0, 1'))
  assert.equal(
    of(tlsView('off'), [master(0, { transport: plain }), replica(1, { transport: both })]),
    behind('off', '1'),
  )
  assert.equal(
    of(tlsView('off'), [
      master(0, { transport: { ...plain, tlsPort: null } }),
      replica(1, { transport: both }),
    ]),
    behind('off', '1'),
  )
})

test('a certificate that is about to end is told, with what to do', () => {
  const expiring = { subject: 'the certificate of node 1', expiresAtMs: Date.UTC(2027, 0, 2) }
  const of = (tls: TlsView, overrides: Case['spec'] = {}): string =>
    said(conditionsOf(planInput({ spec: overrides, tls })).CertificateExpiring)
  assert.equal(of(tlsView('require')), 'False None: ')
  assert.equal(
    of(tlsView('require', { expiring })),
    'True ExpiresSoon: the certificate of node 1 ends on 2027-01-02T00:00:00.000Z. It should have been renewed; fix: flotilla status shop, and see what keeps its node from being changed',
  )
  const certificates = {
    kind: 'files',
    certFile: '/own.crt',
    keyFile: '/own.key',
    caFile: '/ca.crt',
  } as const
  assert.match(
    of(tlsView('require', { expiring }), { tls: { mode: 'require', clientAuth: 'none', certificates } }),
    /Put another one at \/own\.crt; it is taken over within seconds$/,
  )
})

test('whether every node has its users and passwords is told, and what is in the way', () => {
  const nodes = settledNodes(1)
  const given = (...ordinals: readonly number[]) =>
    memory(0, {
      nodes: nodes.map(({ ordinal, container: facts }) => {
        const digest = ordinals.includes(ordinal) ? 'today' : 'yesterday'
        return nodeRecord(ordinal, {
          applied: { ...appliedAuthFiles(facts, digest), ...appliedUsers(facts, digest) },
        })
      }),
    })
  const view: AuthView = {
    digest: 'today',
    pending: [],
    former: [],
    departed: [],
    others: [],
    problems: [],
    isPartial: false,
  }
  const of = (
    auth: Partial<AuthView> | null,
    known = given(0, 1),
    previous: FlotillaStatus | null = null,
  ): string => {
    const facts: Case = { spec: { replicas: 1 }, nodes, memory: known }
    const input = planInput(auth === null ? facts : { ...facts, auth: { ...view, ...auth } })
    return said(conditionsOf(input, previous).AuthApplied)
  }
  assert.equal(of(null), 'False Off: it has no passwords yet')
  assert.equal(of({}), 'True Applied: every node has its users and passwords')
  const former = [{ user: 'default', own: false, untilMs: nowMs }]
  const until = 'the former password of default is accepted until 2026-11-23T12:00:00.000Z'
  assert.equal(of({ former }), `True PasswordOverlap: ${until}`)
  const late = "node 1 (online) has not been given today's users and passwords yet"
  assert.equal(of({}, given(0)), `False Pending: ${late}`)
  assert.equal(of({ former }, given(0)), `False Pending: ${late}; ${until}`)
  assert.match(of({}, given()), /^False Pending: node 0 \(master\), node 1 \(online\) have not been given/)
  assert.equal(
    of({ pending: [{ user: 'default', own: false }] }),
    'False Rotating: every node accepts the new password of default, which comes into use',
  )
  const problems = [{ user: 'app', reason: 'it is gone', remedy: 'install it' }]
  const unread =
    "False PasswordUnavailable: the password of app can't be read, and the last good one stays in force: it is gone. Fix: install it"
  assert.equal(of({ problems }), unread)
  const before = {
    conditions: [
      { type: 'AuthApplied', status: 'False', reason: 'PasswordUnavailable', message: 'as it was' },
    ],
  } as unknown as FlotillaStatus
  assert.equal(of({ isPartial: true }, given(0, 1), before), 'False PasswordUnavailable: as it was')
  assert.equal(of({ isPartial: true }), 'True Applied: every node has its users and passwords')
  const refused = { ...given(0, 1), usersRefused: { digest: 'today', reason: 'no such command' } }
  assert.match(of({}, refused), /^False RulesRejected: .*no such command\. Fix: change the rules/)
  const outdated = { ...refused, usersRefused: { digest: 'yesterday', reason: 'no such command' } }
  assert.equal(of({}, outdated), 'True Applied: every node has its users and passwords')
})

test('whether the options of the manifest are in force is told, and on which node not', () => {
  const of = (facts: Case): string => {
    return said(conditionsOf(planInput(facts)).ConfigApplied)
  }
  const settled = { spec: { replicas: 1 }, nodes: settledNodes(1) }
  assert.equal(of(settled), 'True NoOptions: spec.config asks for nothing')
  assert.equal(of({ ...settled, configPending: [1] }), 'False Pending: node 1 is pending')
  const old = replica(1, {}, { container: { labels: {}, name: container(1).name } })
  assert.equal(
    of({ ...settled, nodes: [master(0), old] }),
    'False Pending: node 1 is outdated, node 2 is pending',
  )
  assert.equal(
    of({ ...settled, spec: { replicas: 1, config: { hz: ['50'] } } }),
    'False Probing: the options are tried on a throwaway container',
  )
})

test('a flotilla is in sync with the source when the leader is, and the others are with the leader', () => {
  const source = {
    from: { at: { kind: 'host', host: 'old', port: 1 }, user: null, passwordFile: null },
    ...{ leader: 0, network: null, sinceMs: 0 },
  } as const
  const of = (nodes: readonly ObservedNode[], phase: 'followed' | 'left' | null = 'followed'): boolean => {
    const known = memory(null, { source: phase === null ? null : { ...source, phase } })
    const input = planInput({ spec: { replicas: 1 }, memory: known, nodes })
    return isInSyncWithSource(input, membersOf(input, 0).wanted)
  }
  const leader = replica(0, { upstream: { host: 'old' } })
  assert.equal(of([leader, replica(1)]), true)
  assert.equal(of([replica(0, { upstream: { host: 'old', link: 'down' } }), replica(1)]), false)
  assert.equal(of([leader, replica(1, { upstream: { link: 'down' } })]), false)
  assert.equal(of([leader, stopped(1)]), false)
  assert.equal(of([leader, replica(1)], 'left'), false)
  assert.equal(of([leader, replica(1)], null), false)
})

test('what became of a request is one line', () => {
  const entry = historyEntry({ startedAtMs: nowMs, endedAtMs: nowMs + 12, epoch: 3, to: 1, from: 0 })
  assert.equal(renderRequestResult('shop', entry), 'shop: node 1 is master now (epoch 3, took 12 ms)')
  assert.equal(
    renderRequestResult('shop', { ...entry, detail: 'node 0 stays master' }),
    'node 0 stays master',
  )
  assert.equal(
    renderRequestResult('shop', { ...entry, result: 'aborted', detail: 'it lagged' }),
    'shop: aborted: it lagged; node 0 is still master',
  )
  assert.equal(
    renderRequestResult('shop', { ...entry, result: 'aborted', from: null, reason: 'as it was asked' }),
    'shop: aborted: as it was asked; nobody has changed',
  )
  assert.equal(
    renderRequestResult('shop', { ...entry, result: 'refused', detail: 'no' }),
    'shop: refused: no',
  )
  assert.equal(
    renderRequestResult('shop', { ...entry, result: 'refused', reason: 'as it was asked' }),
    'shop: refused: as it was asked',
  )
})

test('nodes are spoken to in plain text until they listen for TLS, and never again afterwards', () => {
  const access = (tls: TlsView) => ({ tlsView: tls, authorities: 'PEM', client: null })
  const orderOf = (mode: TlsView['mode'], transport: 'plain' | 'mixed' | 'encrypted', tls = tlsView(mode)) =>
    encryptionOf(
      { name: 'shop', tls: { mode, clientAuth: 'none', certificates: { kind: 'generated', lifetimeMs: 1 } } },
      { transport },
      access(tls),
    ).encryption
  assert.deepEqual(encryptionOf({ name: 'shop', tls: spec().tls }, { transport: 'mixed' }, null), {})
  assert.equal(orderOf('require', 'mixed', tlsView('require', { certificates: { kind: 'none' } })), undefined)
  assert.equal(orderOf('off', 'plain'), undefined)
  assert.equal(orderOf('off', 'mixed')?.order, 'plain-first')
  assert.equal(orderOf('require', 'mixed')?.order, 'encrypted-first')
  assert.equal(orderOf('prefer', 'encrypted')?.order, 'encrypted-only')
  assert.equal(orderOf('require', 'mixed')?.serverName, 'shop-master')
  const each = tlsView('require', { certificates: { kind: 'perNode', fingerprints: {} } })
  assert.equal(orderOf('require', 'mixed', each)?.serverName, null)
})

test('how the nodes listen is remembered: encrypted for good, plain only when none speaks TLS any more', () => {
  const of = (
    before: 'plain' | 'mixed' | 'encrypted',
    mode: TlsView['mode'],
    nodes: readonly ObservedNode[],
  ): string =>
    foldTransport(
      memory(0, { transport: before }),
      { tls: { mode, clientAuth: 'none', certificates: { kind: 'generated', lifetimeMs: 1 } } },
      observation(nodes),
    ).transport
  const silent = node(1, { probe: { kind: 'busy', reason: 'BUSY' } })
  assert.equal(of('plain', 'prefer', pair(plain, 6379)), 'mixed')
  assert.equal(of('mixed', 'prefer', pair(both, 6380)), 'encrypted')
  assert.equal(of('mixed', 'prefer', [master(0, { transport: both }), silent]), 'mixed')
  assert.equal(of('mixed', 'prefer', [master(0, { transport: both }), stopped(1)]), 'encrypted')
  assert.equal(of('mixed', 'prefer', []), 'mixed')
  assert.equal(of('encrypted', 'require', pair(plain, 6379)), 'encrypted')
  assert.equal(of('encrypted', 'off', pair(both, 6379)), 'mixed')
  assert.equal(of('mixed', 'off', pair(plain, 6379)), 'plain')
  assert.equal(of('mixed', 'off', pair({ ...plain, tlsPort: null }, 6379)), 'plain')
  assert.equal(of('mixed', 'off', [master(0, { transport: plain }), silent]), 'mixed')
  assert.equal(of('plain', 'off', pair(both, 6379)), 'plain')
})

test('a server that runs as root is told, by whoever has seen it and by whoever has had no time to look', () => {
  const as = (uid: number | null) => (one: ObservedNode) => ({ ...one, processUser: uid })
  const of = (uid: number | null, previous: FlotillaStatus | null) => {
    const input = planInput({ nodes: settledNodes().map(as(uid)) })
    const context = { specProblem: null, failure: null, previous }
    return computeStatus(input, decide(input), context)
  }
  const conditionOf = ({ conditions }: FlotillaStatus) => conditions.find(({ type }) => type === 'RunsAsRoot')
  const seen = of(0, null)
  assert.equal(conditionOf(seen)?.status, 'True')
  assert.match(conditionOf(seen)?.message ?? '', /node 0, node 1, node 2 .* flotilla restart shop/)
  assert.equal(conditionOf(of(null, seen))?.message, conditionOf(seen)?.message)
  assert.equal(conditionOf(of(999, seen))?.status, 'False')
  assert.equal(conditionOf(of(null, null))?.status, 'False')
})
