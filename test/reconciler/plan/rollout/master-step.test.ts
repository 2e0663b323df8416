import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Request } from '../../../../src/model/record.js'
import type { FlotillaSpec } from '../../../../src/model/spec.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  follower,
  master,
  memory,
  nowMs,
  operation,
  planInput,
  planText,
  replica,
  request,
  spec,
  type Case,
} from '../../support/world.js'

const olderMaster = master(0, { followers: [follower(1), follower(2)] }, asOlder(0))

function asOlder(ordinal: number): object {
  const made = replica(ordinal).container
  return {
    container: {
      name: ordinal === 0 ? 'shop-master' : made.name,
      labels: { ...made.labels, 'io.flotilla.spec-hash': 'hash-old' },
    },
  }
}

/** Only the master is of an older spec. */
function due(update: Partial<FlotillaSpec['update']>, facts: Case = {}): Case {
  return {
    spec: { update: { ...spec().update, ...update } },
    nodes: [olderMaster, replica(1), replica(2)],
    seen: { resources: null },
    ...facts,
  }
}

const approved = (overrides: Partial<Request> = {}) =>
  memory(0, { request: request({ kind: 'approve', ...overrides }) })
/** A Monday at noon, in UTC. */
const openNow = { schedule: { cron: '0 11 * * 1', timeZone: 'UTC' }, durationMs: 7_200_000 }
const openLater = { ...openNow, schedule: { cron: '0 3 * * 6', timeZone: 'UTC' } }

describe('the last step of a roll, the master’s', () => {
  test('is done at once where nothing is said', () => {
    assert.match(planText(due({})), /record switchover/)
  })

  test('waits for a person, and says how to go on', () => {
    const text = planText(due({ master: 'approve' }))
    assert.doesNotMatch(text, /stage 1/)
    assert.match(
      text,
      /RolloutPaused.*node 0, the master, is the last to be replaced: that waits for a person/,
    )
    assert.match(text, /flotilla rollout approve shop/)
  })

  test('is done when a person has approved it, and that answers the approval', () => {
    for (const update of [{ master: 'approve' }, { master: 'window', window: openLater }] as const) {
      const input = planInput(due(update, { memory: approved() }))
      const plan = planFlotilla(input)
      const begun = plan.stages.flat().find(action => action.kind === 'begin-operation')
      assert.equal(begun?.operation.requestId, 'request-1')
      assert.deepEqual(violationsOf(plan, input), [])
    }
  })

  test('waits for its window, and says when that opens', () => {
    assert.match(
      planText(due({ master: 'window', window: openLater })),
      /waits for its window, which opens next at 2026-11-28T03:00Z.*\n.*flotilla rollout approve shop {3}\(it is done now\)/,
    )
  })

  test('is done while its window is open', () => {
    assert.match(planText(due({ master: 'window', window: openNow })), /record switchover/)
  })

  test('keeps no replica waiting', () => {
    const nodes = [olderMaster, replica(1, {}, asOlder(1)), replica(2)]
    assert.match(planText(due({ master: 'approve' }, { nodes })), /^stage 1\n {2}stop shop-replica-1/)
  })

  test('is no matter of a failover', () => {
    const nodes = [replica(1), replica(2)].map(node => ({ ...node }))
    const text = planText(due({ master: 'approve' }, { nodes }))
    assert.doesNotMatch(text, /RolloutPaused/)
  })
})

describe('an approval', () => {
  const answer = (facts: Case): string => {
    const done = planFlotilla(planInput(facts))
      .stages.flat()
      .find(action => action.kind === 'complete-request')
    return done === undefined ? 'open' : `${done.result}: ${done.detail}`
  }

  test('of what does not wait for one is answered at once', () => {
    const nodes = [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)]
    assert.equal(
      answer(due({ master: 'approve' }, { nodes, memory: approved() })),
      'refused: node 0, the master, is up to date: nothing waits for approval',
    )
  })

  test('that comes too early says when to give it', () => {
    const nodes = [olderMaster, replica(1, {}, asOlder(1)), replica(2)]
    assert.equal(
      answer(due({ master: 'approve' }, { nodes, memory: approved() })),
      'refused: node 1 is replaced first; approve when flotilla status shop says RolloutPaused',
    )
  })

  test('stays open while something passes that is in its way', () => {
    const nodes = [olderMaster, replica(1, { keys: 0 }), replica(2, { keys: 0 })]
    assert.equal(answer(due({ master: 'approve' }, { nodes, memory: approved() })), 'open')
  })

  test('whose time is over counts for nothing', () => {
    const text = planText(
      due({ master: 'approve' }, { memory: approved({ atMs: nowMs - 60_000, timeoutMs: 30_000 }) }),
    )
    assert.match(text, /RolloutPaused/)
  })

  test('is not refused while the switchover that it allowed is under way', () => {
    const underWay = operation({
      kind: 'switchover',
      phase: 'switching',
      from: 0,
      to: 1,
      requestId: 'request-1',
    })
    assert.doesNotMatch(
      answer(due({ master: 'approve' }, { memory: { ...approved(), operation: underWay } })),
      /refused/,
    )
  })
})
