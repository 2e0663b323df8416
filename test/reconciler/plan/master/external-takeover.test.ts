import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceSpec } from '../../../../src/model/spec.js'
import type { FlotillaMemory, Operation, Request } from '../../../../src/model/record.js'
import type { ObservedNode, ObservedSource } from '../../../../src/model/observation.js'
import { noUpstream } from '../../../../src/model/actions/sources.js'
import type { Action } from '../../../../src/model/plan.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { lagBytesMax } from '../../../../src/reconciler/plan/master/change-of-master.js'
import { isFenced } from '../../../../src/reconciler/plan/master/external-takeover.js'
import {
  answered,
  master,
  memory,
  node,
  nowMs,
  operation,
  planInput,
  planText,
  redisFacts,
  replica,
  request,
  stopped,
  upstream,
  type Case,
  planIs,
} from '../../support/world.js'
import type { RedisFacts } from '../../../../src/model/redis.js'

/** Node 0 follows redis-old, node 1 follows node 0, and somebody wants it to be so no longer. */

const from: SourceSpec = {
  at: { kind: 'container', container: 'redis-old', port: 6379 },
  user: null,
  passwordFile: null,
}
const following: FlotillaMemory = {
  ...memory(null),
  source: { from, leader: 0, phase: 'followed', network: null, sinceMs: nowMs - 60_000 },
  epoch: 4,
}
const there = { host: '172.17.0.2', port: 6379 }
const fenced = { role: 'replica', upstream: upstream({ ...noUpstream, link: 'down' }) } as const

function source(facts: Partial<RedisFacts> = {}, overrides: Partial<ObservedSource> = {}): ObservedSource {
  return {
    displayName: 'redis-old',
    upstream: there,
    network: null,
    address: { ...there, containerId: 'old', startedAtMs: 0 },
    probe: answered({ runId: 'run-old', ...facts }),
    problem: null,
    ...overrides,
  }
}

const named = { container: { name: 'shop-master' } }
const leading = (facts: Parameters<typeof replica>[1] = {}): ObservedNode =>
  replica(0, { ...facts, upstream: { host: there.host, ...facts.upstream } }, named)
const busy: ObservedNode = node(0, { ...named, probe: { kind: 'busy', reason: 'BUSY' } })
const asked = (overrides: Partial<Request> = {}): Request => request({ kind: 'take-over', ...overrides })
const begun = operation({ kind: 'take-over', phase: 'switching', from: null, to: 0, requestId: 'request-1' })

function caseOf(
  seen: {
    readonly leader?: ObservedNode
    readonly others?: readonly ObservedNode[]
    readonly source?: ObservedSource
  },
  known: Partial<FlotillaMemory> = { request: asked() },
): Case {
  return {
    spec: { replicas: 1, bootstrap: from },
    memory: { ...following, ...known },
    nodes: [seen.leader ?? leading(), ...(seen.others ?? [replica(1)])],
    seen: { source: seen.source ?? source() },
  }
}

function actionsOf(given: Case): readonly Action[] {
  return planFlotilla(planInput(given)).stages.flat()
}

function kindsOf(given: Case): readonly string[] {
  return actionsOf(given).map(({ kind }) => kind)
}

test('a take-over is written down as what it is, in the next epoch, for whom it was asked', () => {
  const [action] = actionsOf(caseOf({}))
  assert.deepEqual(action?.kind === 'begin-operation' ? action.operation : null, {
    kind: 'take-over',
    phase: 'switching',
    epoch: 5,
    from: null,
    to: 0,
    reason: 'it was asked for',
    troubleAtMs: nowMs,
    startedAtMs: nowMs,
    requestId: 'request-1',
  } satisfies Operation)
})

test('by force it is written down that the source is left as it is, and what that may cost', () => {
  const given = caseOf({}, { request: asked({ force: true }) })
  planIs(
    given,
    `
      1 begin-operation take-over epoch=5 to=0
      2 restore-login 0
      3 promote 0
      4 end-operation take-over epoch=5 to=0 result=done lostKeys=0
      5 follow 1 master=0 reconnect
    `,
    'external-takeover/by force it is written down that the source is left as it is',
  )
  const end = actionsOf(given).find(({ kind }) => kind === 'end-operation')
  assert.equal(
    end?.kind === 'end-operation' ? end.detail : '',
    'by force, so redis-old was neither paused nor made read-only: what it takes from now on, and what node 0 had not got yet, is not here',
  )
  const proper = actionsOf(caseOf({})).find(({ kind }) => kind === 'end-operation')
  assert.equal(proper?.kind === 'end-operation' ? proper.detail : '', null)
})

test('only who follows the leader is told to reconnect', () => {
  const others = [
    replica(1, { upstream: { link: 'down' } }),
    stopped(2),
    replica(3, { upstream: { host: 'elsewhere' } }),
    replica(4),
  ]
  const given = { ...caseOf({ others }), spec: { replicas: 4, bootstrap: from } }
  const told = actionsOf(given).flatMap(one => (one.kind === 'follow' ? [one.ordinal] : []))
  assert.deepEqual(told, [1, 4])
})

test('what stands in the way of a take-over without a loss is the answer', () => {
  const answerTo = (seen: Parameters<typeof caseOf>[0]): string => {
    const [action, ...others] = actionsOf(caseOf(seen))
    assert.deepEqual(others, [])
    return action?.kind === 'complete-request' ? `${action.result}: ${action.detail}` : `${action?.kind}`
  }
  const force = '; with --force it takes over with what it has'
  const silent = 'refused: the node that follows the source does not answer'
  assert.equal(answerTo({ leader: busy }), silent)
  assert.equal(
    answerTo({ leader: node(0, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica' }) } }) }),
    silent,
  )
  const pausing = "refused: redis-old can't be asked to pause its writes"
  assert.equal(
    answerTo({ source: source({}, { probe: null }) }),
    `${pausing} (it is not reached from here)${force}`,
  )
  assert.equal(
    answerTo({ source: source({}, { probe: { kind: 'busy', reason: 'BUSY' } }) }),
    `${pausing} (BUSY)${force}`,
  )
  assert.equal(
    answerTo({ source: source({}, { probe: { kind: 'loading', facts: redisFacts() } }) }),
    `${pausing} (it is not reached from here)${force}`,
  )
  assert.equal(
    answerTo({ source: source({}, { probe: null, problem: 'it is gone' }) }),
    `${pausing} (it is gone)${force}`,
  )
  const behind = `refused: node 0 is not in sync with redis-old${force}`
  assert.equal(answerTo({ leader: leading({ upstream: { link: 'down' } }) }), behind)
  assert.equal(answerTo({ leader: leading({ upstream: { syncing: true } }) }), behind)
  assert.equal(
    answerTo({ source: source({ offset: 1_001 + lagBytesMax }) }),
    `refused: node 0 lags ${lagBytesMax + 1} bytes behind redis-old; try again later`,
  )
  assert.equal(kindsOf(caseOf({ source: source({ offset: 1_000 + lagBytesMax }) }))[0], 'begin-operation')
})

test('not even by force a node takes over that does not answer or never had anything', () => {
  const forced = { request: asked({ force: true }) }
  const answerTo = (leader: ObservedNode): string => {
    const [action] = actionsOf(caseOf({ leader }, forced))
    return action?.kind === 'complete-request' ? `${action.result}: ${action.detail}` : `${action?.kind}`
  }
  assert.equal(answerTo(busy), 'refused: the node that follows the source does not answer')
  const never = { upstream: { appliedOffset: null } } as const
  assert.equal(
    answerTo(leading({ keys: 0, ...never })),
    'refused: the node that follows the source has never been in sync with it',
  )
  assert.equal(answerTo(leading({ keys: 1, ...never })), 'begin-operation')
  assert.equal(answerTo(leading({ keys: 0 })), 'begin-operation')
})

test('cut short behind a fenced source it goes on only with a leader that has all that the source holds', () => {
  const of = (leader: ObservedNode, theirs: Partial<RedisFacts> = {}): readonly string[] =>
    kindsOf(
      caseOf({ leader, others: [], source: source({ ...fenced, ...theirs }) }, { operation: begun }),
    ).filter(kind => kind !== 'create-container' && kind !== 'start-container')
  const goesOn = ['restore-login', 'promote', 'resume-writes', 'end-operation', 'disconnect-clients']
  const calledOff = ['unfence-source', 'resume-writes', 'end-operation']
  assert.deepEqual(of(leading()), goesOn)
  assert.deepEqual(of(leading({ offset: 1_001 })), goesOn)
  assert.deepEqual(of(leading({ offset: 999 })), calledOff)
  assert.deepEqual(of(leading({ replid: 'replid-of-a-new-process' })), calledOff)
  assert.deepEqual(of(busy), [])
})

test('cut short behind a fenced source it waits for a leader that does not answer', () => {
  const given = caseOf({ leader: busy, source: source(fenced) }, { operation: begun })
  assert.equal(planText(given), 'waiting for: node 0 answers\n')
  const loading = node(0, { probe: { kind: 'loading', facts: redisFacts({ role: 'replica', offset: 0 }) } })
  assert.equal(
    planText(caseOf({ leader: loading, source: source(fenced) }, { operation: begun })),
    'waiting for: node 0 answers\n',
  )
})

test('a leader that lost what it had hands back, and the source takes writes again', () => {
  const given = caseOf({ leader: leading({ offset: 0 }), source: source(fenced) }, { operation: begun })
  const reason = 'node 0 was restarted and has not all that redis-old holds'
  assert.deepEqual(kindsOf(given), ['unfence-source', 'resume-writes', 'end-operation'])
  const end = actionsOf(given).find(({ kind }) => kind === 'end-operation')
  assert.equal(end?.kind === 'end-operation' ? `${end.result}: ${end.detail}` : '', `aborted: ${reason}`)
})

test('cut short before the source was fenced it is aborted, and writes there go on', () => {
  for (const theirs of [
    {},
    { role: 'replica', upstream: upstream({ host: noUpstream.host, port: 6379 }) } as const,
    { role: 'replica', upstream: upstream({ host: 'elsewhere', port: noUpstream.port }) } as const,
  ]) {
    const given = caseOf({ source: source(theirs) }, { operation: begun })
    assert.deepEqual(kindsOf(given), ['resume-writes', 'end-operation'])
    const end = actionsOf(given).find(({ kind }) => kind === 'end-operation')
    assert.equal(
      end?.kind === 'end-operation' ? `${end.result}: ${end.detail}` : '',
      'aborted: it was interrupted half way, and the source still takes writes',
    )
  }
})

test('cut short where the source can not be seen it waits for a person, and says why it can not be seen', () => {
  const of = (overrides: Partial<ObservedSource>): string =>
    planText(caseOf({ source: source({}, overrides) }, { operation: begun }))
  const hold = (reason: string): string =>
    `refuses (BootstrapBlocked): the take-over was cut short, and whether redis-old still takes writes can't be seen: ${reason}\n  fix: flotilla promote shop --force   (goes on with what the nodes have), or see that redis-old answers\n`
  assert.equal(of({ probe: null }), hold('it does not answer'))
  assert.equal(of({ probe: { kind: 'busy', reason: 'BUSY' } }), hold('BUSY'))
  assert.equal(of({ probe: { kind: 'loading', facts: redisFacts() } }), hold('it does not answer'))
  assert.equal(of({ probe: null, problem: 'it is gone' }), hold('it is gone'))
})

test('by force one that was cut short goes on without the source, as what the person asked for last', () => {
  const unseen = source({}, { probe: null })
  const of = (leader: ObservedNode, operationId: string): Case =>
    caseOf(
      { leader, source: unseen },
      {
        operation: { ...begun, epoch: 5, requestId: operationId, reason: 'as it was begun' },
        request: asked({ force: true }),
      },
    )
  planIs(
    of(leading(), 'request-1'),
    `
      1 restore-login 0
      2 promote 0
      3 end-operation take-over epoch=5 to=0 result=done lostKeys=0
      4 follow 1 master=0 reconnect
    `,
    'external-takeover/by force one that was cut short goes on without the source',
  )
  assert.deepEqual(kindsOf(of(leading(), 'request-1')), [
    'restore-login',
    'promote',
    'end-operation',
    'follow',
  ])
  const [begin] = actionsOf(of(leading(), 'request-0'))
  assert.deepEqual(
    begin?.kind === 'begin-operation'
      ? [begin.operation.epoch, begin.operation.requestId, begin.operation.reason]
      : begin,
    [5, 'request-1', 'it was asked for, by force: redis-old is left as it is'],
  )
  assert.equal(planText(of(busy, 'request-1')), 'waiting for: node 0 answers\n')
})

test('a leader that is promoted already is only written down, and the clients of the source are let go where it was fenced', () => {
  const of = (seen: ObservedSource): readonly string[] =>
    kindsOf(caseOf({ leader: master(0), source: seen }, { operation: begun }))
  const told = ['end-operation', 'follow']
  assert.deepEqual(of(source(fenced)), ['resume-writes', 'end-operation', 'disconnect-clients', 'follow'])
  assert.deepEqual(of(source()), told)
  assert.deepEqual(of(source({}, { probe: null })), told)
  assert.deepEqual(of(source({}, { probe: { kind: 'loading', facts: redisFacts(fenced) } })), told)
})

test('a leader that was promoted by hand is told how both ways out are typed, and a polite request is declined', () => {
  const refusal = (given: Case): string => {
    const [first] = planFlotilla(planInput(given)).refusals
    return `${first?.code}: ${first?.reason} / ${first?.remedy}`
  }
  const reason =
    'BootstrapBlocked: node 0 should follow the source, and says that it is master; it was promoted by hand / flotilla promote shop --force   (it stays master), or docker rm -f shop-master   (it follows again)'
  assert.equal(refusal(caseOf({ leader: master(0) }, {})), reason)
  assert.deepEqual(actionsOf(caseOf({ leader: master(0) }, {})), [])
  const polite = caseOf({ leader: master(0) })
  assert.equal(refusal(polite), reason)
  const [answer] = actionsOf(polite)
  assert.equal(
    answer?.kind === 'complete-request' ? `${answer.result}: ${answer.detail}` : '',
    'refused: it was promoted by hand already',
  )
})

test('by force a leader that was promoted by hand is taken for what it is', () => {
  const given = caseOf({ leader: master(0) }, { request: asked({ force: true }) })
  const [begin, end, ...others] = actionsOf(given)
  assert.deepEqual(others, [])
  assert.equal(end?.kind, 'end-operation')
  assert.deepEqual(begin?.kind === 'begin-operation' ? begin.operation : null, {
    kind: 'take-over',
    phase: 'switching',
    epoch: 5,
    from: null,
    to: 0,
    reason: 'it was asked for, by force: it had been promoted by hand',
    troubleAtMs: nowMs,
    startedAtMs: nowMs,
    requestId: 'request-1',
  } satisfies Operation)
})

test('a source is fenced when it is a replica of nobody, and in no other case', () => {
  const of = (facts: Partial<RedisFacts>): boolean => isFenced(redisFacts(facts))
  assert.equal(of(fenced), true)
  assert.equal(of({ role: 'master', upstream: fenced.upstream }), false)
  assert.equal(of({ role: 'replica', upstream: null }), false)
  assert.equal(of({ role: 'replica', upstream: upstream() }), false)
})
