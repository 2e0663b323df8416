import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appliedAuthFiles } from '../../../../src/reconciler/plan/settings/users.js'
import type { FlotillaMemory } from '../../../../src/model/record.js'
import {
  master,
  memory,
  node,
  nodeRecord,
  planIs,
  planText,
  replica,
  resources,
  stopped,
  witnessed,
} from '../../support/world.js'

const wrongPassword = { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } as const

test('nodes that another state directory made are named, with where their passwords are to be found', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(null),
      nodes: [
        node(0, { container: { name: 'shop-master' }, probe: wrongPassword }),
        node(1, { probe: wrongPassword }),
      ],
      seen: { resources: null },
    },
    `
      hold AuthFailure
        flotilla run --state <the directory that made them>
        flotilla down shop && flotilla up shop
    `,
    'auth-failure/nodes that another state directory made are named with where their passwords',
  )
})

test('who is let in nowhere changes nothing: no node is made, started, stopped or cleared up', () => {
  const foreign = node(0, { container: { name: 'shop-master' }, probe: wrongPassword })
  const leftovers = [{ containerId: 'c'.repeat(64), name: 'shop-0-trial' }]
  const refusal = /^refuses \(AuthFailure\): node 0 [^\n]*\n  fix: [^\n]*\n$/
  for (const recorded of [null, 0])
    for (const other of [[], [stopped(1)], [node(1, { container: { networks: [] } })], [stopped(7)]])
      assert.match(
        planText({
          spec: { replicas: 1 },
          memory: memory(recorded),
          nodes: [foreign, ...other],
          seen: { leftovers, resources: resources({ network: { kind: 'absent' } }) },
        }),
        refusal,
      )
})

test('who trusts no certificate and was never let in changes nothing; who was before starts nodes with a new one', () => {
  const nodes = [node(0, { container: { name: 'shop-master' }, probe: strange }), stopped(1)]
  const of = (known: FlotillaMemory): string => planText({ spec: { replicas: 1 }, memory: known, nodes })
  assert.doesNotMatch(of(memory(null)), /start shop/)
  assert.match(of(witnessed([1])), /start shop-replica-1/)
})

test('a replica that does not let us in beside a well master is told how it is recreated', () => {
  planIs(
    { spec: { replicas: 2 }, nodes: [master(0), replica(1), node(2, { probe: wrongPassword })] },
    `
      wait 2 1000ms
      hold AuthFailure
        docker rm -f shop-replica-2
    `,
    'auth-failure/a replica that does not let us in beside a well master',
  )
})

test('a node whose file has our users gets them back by a restart, the master last', () => {
  const nodes = [
    node(0, { container: { name: 'shop-master' }, probe: wrongPassword }),
    node(1, { probe: wrongPassword }),
  ]
  const known = memory(0, {
    nodes: nodes.map(({ ordinal, container }) =>
      nodeRecord(ordinal, {
        applied: appliedAuthFiles(container, 'today'),
      }),
    ),
  })
  const auth = {
    digest: 'today',
    pending: [],
    former: [],
    departed: [],
    others: [],
    problems: [],
    isPartial: false,
  }
  planIs(
    { spec: { replicas: 1 }, memory: known, nodes, auth },
    `
      hold AuthFailure
        docker restart shop-replica-1
    `,
    'auth-failure/a node whose file has our users gets them back by a restart',
  )
  const alone = nodes.filter(({ ordinal }) => ordinal === 0)
  planIs(
    { spec: { replicas: 0 }, memory: known, nodes: alone, auth },
    `
      hold AuthFailure
        docker restart shop-master
    `,
    'auth-failure/a node whose file has our users gets them back by a restart (2)',
  )
})

test('a node that has no room for one more client is waited for', () => {
  const full = { kind: 'denied', cause: 'other', reason: 'it has as many clients as it allows' } as const
  planIs(
    { spec: { replicas: 1 }, nodes: [master(0), node(1, { probe: full })] },
    'wait 1 1000ms',
    'auth-failure/a node that has no room for one more client is waited',
  )
})

const strange = { kind: 'denied', cause: 'certificate', reason: 'its certificate has ended' } as const

test('nodes whose certificate we do not trust are told, with which is to be started again first: the master last', () => {
  const trusted = {
    spec: { replicas: 2 },
    nodes: [node(0, { probe: strange }), replica(1), node(2, { probe: strange })],
  }
  planIs(
    trusted,
    `
      wait 0 1000ms
      hold AuthFailure
        docker kill shop-replica-2
    `,
    'auth-failure/nodes whose certificate we do not trust are told with which',
  )
  const alone = {
    ...trusted,
    nodes: [node(0, { container: { name: 'shop-master' }, probe: strange }), replica(1), replica(2)],
  }
  planIs(
    alone,
    `
      wait 0 1000ms
      hold AuthFailure
        docker kill shop-master
    `,
    'auth-failure/nodes whose certificate we do not trust are told with which (2)',
  )
  planIs(
    { ...trusted, memory: memory(2) },
    `
      wait 2 1000ms
      hold AuthFailure
        docker kill shop-replica-0
    `,
    'auth-failure/nodes whose certificate we do not trust are told with which (3)',
  )
  planIs(
    { ...trusted, memory: memory(null) },
    `
      wait 0 50ms
      wait 2 50ms
      hold AuthFailure
        docker kill shop-replica-0
    `,
    'auth-failure/nodes whose certificate we do not trust are told with which (4)',
  )
})

test('several nodes that do not let us in are named together, one that is too many as well', () => {
  const odd = (ordinal: number) => node(ordinal, { probe: wrongPassword })
  planIs(
    { spec: { replicas: 1 }, nodes: [master(0), odd(1), odd(2)] },
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      wait 1 1000ms
      hold AuthFailure
        docker rm -f shop-replica-1 shop-replica-2
    `,
    'auth-failure/several nodes that do not let us in are named together one',
  )
})
