import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayProbe, GatewayServer } from '../../../src/model/gateway.js'
import type { Action, ActionBody } from '../../../src/model/plan.js'
import { violationsOf } from '../../../src/reconciler/judge/judge.js'
import { memory, operation, planInput, settledNodes, type Case } from '../support/world.js'

const server = (ordinal: number): GatewayServer => ({ ordinal, host: `10.0.0.${ordinal}`, port: 6_379 })

/** What the gateway says that it leads to. */
function leadingTo(...ordinals: readonly number[]): Case {
  const probe: GatewayProbe = {
    kind: 'answered',
    facts: {
      ...{
        version: '2.6.12',
        uptimeSeconds: 60,
        configDigest: 'x',
        configSum: null,
        filesDigest: null,
        lineage: 'replid-a',
      },
      ...{ master: ordinals.map(server), replicas: [], pointedBy: 'flotilla', isWrittenDown: true },
      ...{ sessions: { master: 0, replicas: 0, total: 0 } },
    },
  }
  const gateway = { containers: [], probe, silentSinceMs: null, lastLogLines: [], hasImage: true }
  return { memory: memory(0), nodes: settledNodes(), seen: { gateway } }
}

function violations(facts: Case, ...stages: readonly (readonly ActionBody[])[]): readonly string[] {
  const plan = {
    ...{ flotilla: 'shop', waits: [], refusals: [], failing: [] },
    stages: stages.map(stage => stage.map((body): Action => ({ ...body, cause: 'a bad idea' }))),
  }
  return violationsOf(plan, planInput(facts)).filter(reason => reason.includes('gateway'))
}

const point = (master: number | null, afterPromotionOf: number | null = null): ActionBody => ({
  ...{ kind: 'point-gateway', name: 'shop-gateway', master, replicas: [], lineage: null },
  ...{ keepsSessions: false, afterPromotionOf },
})
const begin: ActionBody = { kind: 'begin-operation', operation: operation({ kind: 'failover', to: 1 }) }
const promote: ActionBody = { kind: 'promote', ordinal: 1 }

test('the gateway may lead to the recorded master while that says that it is one, and to nobody else', () => {
  assert.deepEqual(violations(leadingTo(), [point(0)]), [])
  assert.deepEqual(violations(leadingTo(), [point(null)]), [])
  assert.deepEqual(violations(leadingTo(), [point(1)]), [
    'the gateway would lead clients to node 1, which is not the recorded master',
  ])
})

test('it may lead to whom the plan promotes, once that is done and not before', () => {
  const closed = leadingTo()
  assert.deepEqual(violations(closed, [begin], [promote, point(1, 1)]), [])
  assert.deepEqual(violations(closed, [begin], [promote], [point(1)]), [])
  const tooEarly = ['the gateway would lead clients to node 1, which is not the recorded master']
  assert.deepEqual(violations(closed, [begin], [promote, point(1)]), tooEarly)
  assert.deepEqual(violations(closed, [begin, point(1)], [promote]), tooEarly)
})

test('nobody is promoted while the gateway leads to another one', () => {
  const open = leadingTo(0)
  assert.deepEqual(violations(open, [begin, point(null)], [promote, point(1, 1)]), [])
  const both = ['node 1 would be promoted while the gateway leads to another one']
  assert.deepEqual(violations(open, [begin], [promote]), both)
  assert.deepEqual(violations(open, [begin], [promote, point(null)]), both)
})
