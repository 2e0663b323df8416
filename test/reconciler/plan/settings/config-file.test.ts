import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withApplied, type FlotillaMemory } from '../../../../src/model/record.js'
import type { AcceptedConfig } from '../../../../src/model/image-probe.js'
import { appliedConfigFile } from '../../../../src/reconciler/plan/settings/config-file.js'
import { container, planIs, settledNodes, spec, stopped, witnessed } from '../../support/world.js'

const config: AcceptedConfig = { options: { hz: ['20'] }, live: { hz: '20' }, restart: [] }

function filed(memory: FlotillaMemory, ordinals: readonly number[]): FlotillaMemory {
  return ordinals.reduce(
    (known, ordinal) =>
      withApplied(
        known,
        ordinal,
        appliedConfigFile(container(ordinal), { spec: spec(), config: known.config }),
      ),
    memory,
  )
}

const inForce = witnessed([1, 2], { config })
const asked = { config: config.options }
// What the spec asks for has been tried, and is in force.
const trials = [
  {
    image: 'redis:8',
    imageId: 'sha256:8',
    atMs: 0,
    outcome: {
      kind: 'answered' as const,
      product: 'redis' as const,
      version: '8.0.0',
      rdbVersion: 12,
      options: {
        hz: { tried: ['20'], verdict: 'live' as const, byDefault: '10', reads: '20', message: null },
      },
    },
  },
]

test('what was set on a running node is put into its file as well, after it was set', () => {
  planIs(
    {
      spec: asked,
      memory: filed({ ...inForce, trials }, [1, 2]),
      nodes: settledNodes(),
      configPending: [0],
    },
    `
      1 apply-config 0
      2 write-config 0 shop-master
    `,
    'config-file/what was set on a running node is put into its file',
  )
})

test('a container recreated for the same node has another file to be written', () => {
  const elsewhere = withApplied(
    filed({ ...inForce, trials }, [0, 1, 2]),
    1,
    appliedConfigFile({ containerId: 'another container' }, { spec: spec(), config }),
  )
  planIs(
    { spec: asked, memory: elsewhere, nodes: settledNodes() },
    '1 write-config 1 shop-replica-1',
    'config-file/a container recreated for the same node has another file to',
  )
})

test('nothing is written where nothing was ever asked for, nor into a node that is down', () => {
  planIs({ memory: witnessed([1, 2]), nodes: settledNodes() }, 'nothing')
  const [master, first] = settledNodes()
  assert.ok(master !== undefined && first !== undefined)
  planIs(
    {
      spec: asked,
      memory: filed({ ...inForce, trials }, [0, 1]),
      nodes: [master, first, stopped(2)],
    },
    `
      1 start-container 2 shop-replica-2
      2 follow 2 master=0
      3 apply-config 2
    `,
    'config-file/nothing is written where nothing was ever asked for nor into',
  )
})

test('when every option is taken away, the files lose them too', () => {
  const without = { ...filed({ ...inForce, trials }, [0, 1, 2]), config: null }
  planIs(
    { memory: without, nodes: settledNodes() },
    `
      1 write-config 0 shop-master
      1 write-config 1 shop-replica-1
      1 write-config 2 shop-replica-2
    `,
    'config-file/when every option is taken away the files lose them too',
  )
})
