import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Planner } from '../../src/reconciler/loop/planner.js'
import * as broken from './support/faulty-planners.js'
import { ruleNames, type RuleName } from './support/rules.js'
import type { Fault, FaultBody, Scenario, SimSpec } from './support/scenario.js'
import { simulate } from './support/simulate.js'

/**
 * A rule that nobody has seen broken proves nothing: each is broken here by a planner with a fault in it, in
 * a scenario in which the sound planner breaks none.
 */
interface FaultCase {
  readonly rule: RuleName
  readonly when: string
  readonly planner: Planner
  readonly scenario: Scenario
}

const killMaster = fault({ kind: 'kill', node: 'master' }, 3_000)
const freezeMaster = fault({ kind: 'freeze', node: 'master', forMs: 20_000 }, 2_000)
const renameReplica = fault({ kind: 'rename-by-hand', node: 2, to: 'by-hand' }, 3_000)
/** One replica hears what the master says three seconds later, the other at once. */
const oneReplicaLags = fault({ kind: 'slow-link', node: 2, byMs: 3_000, forMs: 60_000 }, 500)
const bothReplicasLag = [1, 2].map(node =>
  fault({ kind: 'slow-link', node, byMs: 3_000, forMs: 60_000 }, 500),
)

const gateway = 'gateway: { master: 127.0.0.1:6379, replicas: 127.0.0.1:6380 }'

const faultCases: readonly FaultCase[] = [
  {
    rule: 'one master',
    when: 'silence is taken for death, and nobody is fenced',
    planner: broken.treatsSilenceAsDeath,
    scenario: scenario([freezeMaster]),
  },
  {
    rule: 'one master',
    when: 'a switchover promotes before it demotes',
    planner: broken.promotesBeforeItDemotes,
    scenario: scenario([fault({ kind: 'ask-switchover', to: 1 }, 1_000)]),
  },
  {
    rule: 'nothing more advanced is discarded',
    when: 'the replica that has least is promoted',
    planner: broken.promotesLeastAdvanced,
    scenario: scenario([oneReplicaLags, killMaster]),
  },
  {
    rule: 'acknowledged by a replica survives one fault',
    when: 'the replica that has least is promoted',
    planner: broken.promotesLeastAdvanced,
    scenario: scenario([oneReplicaLags, killMaster]),
  },
  {
    rule: 'no last copy goes',
    when: 'what a replaced master held is not set aside',
    planner: broken.archivesNothing,
    scenario: scenario([...bothReplicasLag, killMaster], { waitFor: 0 }),
  },
  {
    rule: 'nothing of others is touched',
    when: 'a volume without our labels is tidied up',
    planner: broken.removesForeignVolumes,
    scenario: scenario([]),
  },
  {
    rule: 'the judge agrees',
    when: 'silence is taken for death',
    planner: broken.treatsSilenceAsDeathWithJudge,
    scenario: scenario([freezeMaster]),
  },
  {
    rule: 'nobody abuses the world',
    when: 'data is moved while a process uses it',
    planner: broken.archivesDataInUse,
    scenario: scenario([killMaster]),
  },
  {
    rule: 'settled is as wanted',
    when: 'names stay as a hand has changed them',
    planner: broken.skipsRenames,
    scenario: scenario([renameReplica]),
  },
  {
    rule: 'writable again within a bound',
    when: 'the fourth failover is left to a person',
    planner: broken.givesUpAfterThreeFailovers,
    scenario: scenario([fault({ kind: 'kill-again', times: 4, everyMs: 10_000 }, 8_000)], {
      healAfterMs: 90_000,
    }),
  },
  {
    rule: 'it comes to rest',
    when: 'what has ended is not started again',
    planner: broken.neverRestarts,
    scenario: scenario([killMaster]),
  },
  {
    rule: 'it comes to rest',
    when: 'a container that the engine can never start again is started for ever',
    planner: broken.retriesUnusableForever,
    scenario: scenario([fault({ kind: 'leave-unusable', node: 'master' }, 3_000)]),
  },
  {
    rule: 'the gateway leads to the master',
    when: 'clients are led to a replica',
    planner: broken.leadsClientsToAReplica,
    scenario: scenario([killMaster], { more: gateway }),
  },
  {
    rule: 'the gateway follows within a bound',
    when: 'nobody tells the gateway who is master',
    planner: broken.neverPointsTheGateway,
    scenario: scenario([killMaster], { more: gateway, healAfterMs: 60_000 }),
  },
  {
    rule: 'hibernating keeps what was acknowledged',
    when: 'the master ends without having saved',
    planner: broken.hibernatesWithoutSaving,
    scenario: scenario([fault({ kind: 'hibernate', forMs: 20_000 }, 3_000)], { persistence: 'rdb' }),
  },
  {
    rule: 'one node’s trouble is its own',
    when: 'nothing else is done while anything fails',
    planner: broken.stopsOnAnyFailure,
    scenario: scenario([
      fault({ kind: 'node-trouble', node: 2, what: 'create', forMs: 90_000 }, 100),
      fault({ kind: 'remove', node: 2 }, 100),
      killMaster,
    ]),
  },
]

describe('every rule bites', () => {
  for (const { rule, when, planner, scenario: world } of faultCases) {
    test(`${rule}: broken when ${when}`, async () => {
      const { violation } = await simulate(world, { planner, rules: [rule] })
      assert.equal(violation?.rule, rule)
    })
  }

  test('and the sound planner breaks none of them in the same worlds', async () => {
    for (const { scenario: world } of faultCases) assert.equal((await simulate(world)).violation, null)
  })

  test('no rule is without such a test', () => {
    assert.deepEqual(
      ruleNames.filter(rule => !faultCases.some(faultCase => faultCase.rule === rule)),
      [],
    )
  })
})

function fault(body: FaultBody, afterMs: number): Fault {
  return { ...body, afterMs, afterCalls: 0 }
}

function scenario(
  faults: readonly Fault[],
  {
    waitFor = 1,
    healAfterMs = 25_000,
    more = '',
    persistence = 'aof',
  }: {
    readonly waitFor?: number
    readonly healAfterMs?: number
    readonly more?: string
    readonly persistence?: SimSpec['persistence']
  } = {},
): Scenario {
  const spec: SimSpec = {
    ...{ replicas: 2, persistence, image: 'redis:1', minReplicas: 0, mode: 'automatic' },
    ...{ hangTimeoutMs: 2_000, restartWindowMs: 0, more },
  }
  return { seed: 7, spec, writers: [{ everyMs: 60, waitFor }], faults, healAfterMs }
}
