import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planTeardown, type OwnedResources } from '../../../../src/reconciler/plan/nodes/teardown.js'
import { renderPlan } from '../../../../src/reconciler/plan/render-plan.js'

const ownedResources: OwnedResources = {
  flotilla: 'shop',
  gateways: [],
  containers: [
    { ordinal: 0, name: 'shop-master', state: 'running' },
    { ordinal: 1, name: 'shop-replica-1', state: 'paused' },
    { ordinal: 2, name: 'shop-replica-2', state: 'exited' },
  ],
  leftovers: [],
  hasNetwork: true,
  volumes: [{ ordinal: 0, volume: 'shop-0' }],
}
const kept = 'the flotilla is to be removed; its volumes are kept'
const all = 'the flotilla and its data are to be removed'

test('a flotilla is removed with its network, what runs is stopped first, and its volumes stay', () => {
  assert.equal(
    renderPlan(planTeardown(ownedResources, { removeVolumes: false })),
    [
      'stage 1',
      `  stop shop-master  # ${kept}`,
      `  stop shop-replica-1  # ${kept}`,
      'stage 2',
      `  remove container shop-master  # ${kept}`,
      `  remove container shop-replica-1  # ${kept}`,
      `  remove container shop-replica-2  # ${kept}`,
      'stage 3',
      `  remove network shop  # ${kept}`,
      '',
    ].join('\n'),
  )
})

test('its volumes go when that is asked for', () => {
  const text = renderPlan(planTeardown({ ...ownedResources, containers: [] }, { removeVolumes: true }))
  assert.equal(
    text,
    ['stage 1', `  remove network shop  # ${all}`, `  remove volume shop-0  # ${all}`, ''].join('\n'),
  )
})

test('where nothing is left there is nothing to do', () => {
  const nothing = {
    flotilla: 'shop',
    gateways: [],
    containers: [],
    leftovers: [],
    hasNetwork: false,
    volumes: [],
  }
  assert.equal(renderPlan(planTeardown(nothing, { removeVolumes: true })), 'nothing to do\n')
})

test('a gateway goes with its flotilla', () => {
  const gateways = [{ name: 'shop-gateway', state: 'running' as const }]
  const plan = planTeardown({ ...ownedResources, gateways, containers: [] }, { removeVolumes: false })
  assert.deepEqual(
    plan.stages.map(stage => stage.map(({ kind }) => kind)),
    [['stop-gateway'], ['remove-gateway'], ['remove-network']],
  )
})
