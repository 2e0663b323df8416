import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedSettings, ObservedNode } from '../../../../src/model/observation.js'
import { driftOf } from '../../../../src/reconciler/plan/settings/settings.js'
import { appliedAuthFiles, appliedUsers } from '../../../../src/reconciler/plan/settings/users.js'
import { membersOf, planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { renderAction } from '../../../../src/reconciler/plan/render-plan.js'
import { publishDrift } from '../../../../src/reconciler/report/publish-drift.js'
import type { PlanInput } from '../../../../src/model/plan-input.js'
import { desiredOptions, optionsSetting } from '../../../../src/reconciler/plan/settings/options.js'
import { defaultTls } from '../../../../src/manifest/sections/tls.js'
import { enforcedOptions, versionSpecificOptions } from '../../../../src/redis/config.js'
import {
  conditionsOf,
  memory,
  nodeRecord,
  planInput,
  redisFacts,
  settledNodes,
  type Case,
} from '../../support/world.js'

const auth: NonNullable<Case['auth']> = {
  ...{
    digest: 'today',
    pending: [],
    former: [],
    departed: [],
    others: ['app'],
    problems: [],
    isPartial: false,
  },
}

/** A settled pair whose nodes have been read back, as they should be but for this on node 1. */
function world(
  changed: (applied: ObservedSettings) => Partial<ObservedSettings>,
  {
    listed = 'as-given',
    refused = false,
  }: { readonly listed?: string | null; readonly refused?: boolean } = {},
): PlanInput {
  const plain = planInput({ spec: { replicas: 1 }, nodes: settledNodes(1) })
  const nodes: readonly ObservedNode[] = plain.seen.nodes.map(seen => {
    const applied: ObservedSettings = {
      options: {
        ...enforcedOptions,
        ...versionSpecificOptions(redisFacts()),
        ...desiredOptions(plain, seen.ordinal),
      },
      users: { digest: 'as-given', wrong: [], unknown: [] },
      hasReplicationPassword: true,
    }
    return { ...seen, applied: seen.ordinal === 1 ? { ...applied, ...changed(applied) } : applied }
  })
  return planInput({
    spec: { replicas: 1 },
    nodes,
    auth,
    memory: memory(0, {
      usersRefused: refused ? { digest: 'today', reason: 'no such command' } : null,
      nodes: plain.memory.nodes.map(record => {
        const seen = plain.seen.nodes.find(({ ordinal }) => ordinal === record.ordinal)
        if (seen === undefined) return record
        const { container } = seen
        const users = appliedUsers(container, 'today')
        const incarnation = users['users']?.incarnation ?? ''
        return nodeRecord(record.ordinal, {
          ...record,
          applied: {
            ...record.applied,
            ...appliedAuthFiles(container, 'today'),
            ...users,
            ...(listed === null ? {} : { 'listed-users': { incarnation, digest: listed } }),
          },
        })
      }),
    }),
  })
}

function planOf(input: PlanInput): string {
  return planFlotilla(input)
    .stages.flatMap(stage => stage.map(action => `${renderAction(action)}: ${action.cause}`))
    .join('\n')
}

function driftIn(input: PlanInput): string {
  const node = membersOf(input, 0).wanted.find(({ ordinal }) => ordinal === 1) ?? assert.fail()
  return driftOf(input, node).join(', ')
}

test('what is read back as it was given is no drift', () => {
  const input = world(() => ({}))
  assert.equal(driftIn(input), '')
  assert.equal(planOf(input), '')
})

test('an option that somebody has set by hand is set back, and the plan says why', () => {
  const input = world(({ options }) => ({
    options: { ...options, maxmemory: '1', 'replica-read-only': 'no' },
  }))
  assert.equal(driftIn(input), 'maxmemory, replica-read-only')
  assert.match(planOf(input), /1.*: somebody has changed maxmemory, replica-read-only there/)
})

test('an option that this server does not know is no drift, nor is one of a node that was not tuned yet', () => {
  assert.equal(driftIn(world(() => ({ options: { 'from-another-version': '1' } }))), '')
  const configPending = world(({ options }) => ({ options: { ...options, maxmemory: '1' } }))
  const forgotten = { ...configPending, memory: memory(0) }
  assert.equal(driftIn(forgotten), '')
  const node = membersOf(forgotten, 0).wanted[1] ?? assert.fail()
  assert.ok(!optionsSetting.isApplied(forgotten, node))
})

test('users that somebody has changed or removed are given again', () => {
  const input = world(({ users }) => ({ users: { ...users, wrong: ['default'] } }))
  assert.match(planOf(input), /1.*: somebody has changed its users there: default/)
  assert.match(driftIn(world(() => ({ hasReplicationPassword: false }))), /masterauth/)
})

test('what users may do is compared with what the server itself listed before', () => {
  const changed = ({ users }: ObservedSettings) => ({ users: { ...users, digest: 'changed' } })
  assert.equal(driftIn(world(changed)), 'what they may do')
  assert.equal(driftIn(world(changed, { listed: null })), '')
})

test('a user whose rules the server refuses is not given to it over and over', () => {
  const missing = ({ users }: ObservedSettings) => ({ users: { ...users, wrong: ['app'] } })
  assert.equal(driftIn(world(missing)), 'app')
  assert.equal(driftIn(world(missing, { refused: true })), '')
})

test('drift and unknown users are told once, and AuthApplied says what removes those', () => {
  const told: string[] = []
  const events = { publish: (code: string): void => void told.push(code) }
  const input = world(({ options, users }) => ({
    options: { ...options, maxmemory: '1' },
    users: { ...users, unknown: ['backdoor', '../../etc/passwd'] },
  }))
  const members = membersOf(input, 0)
  publishDrift(events, null, { input, members })
  publishDrift(events, { input, members }, { input, members })
  assert.deepEqual(told, ['node.drifted', 'user.unknown'])
  const { reason, message } = conditionsOf(input).AuthApplied
  assert.equal(reason, 'UnknownUsers')
  assert.match(message, /backdoor.*run: flotilla rotate shop/)
})

test('where nothing is encrypted no name of a certificate is wished for, and nothing differs from what nodes were tuned to before', () => {
  const wishes = (mode: 'off' | 'prefer' | 'require') =>
    desiredOptions(
      planInput({ spec: { replicas: 1, tls: { ...defaultTls, mode } }, nodes: settledNodes(1) }),
      1,
    )
  const plain = wishes('off')
  assert.equal('tls-expected-peer-name' in plain, false)
  for (const mode of ['prefer', 'require'] as const)
    assert.deepEqual(wishes(mode), { ...plain, 'tls-expected-peer-name': 'shop-master' })
})
