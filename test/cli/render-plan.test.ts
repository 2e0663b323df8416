import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createColors } from '../../src/cli/colors.js'
import { renderPlanDiff } from '../../src/cli/render-plan.js'
import type { Plan } from '../../src/model/plan.js'
import { planFlotilla } from '../../src/reconciler/plan/plan-flotilla.js'
import { planTeardown } from '../../src/reconciler/plan/nodes/teardown.js'
import { specHashLabel } from '../../src/runtime/labels.js'
import {
  container,
  follower,
  master,
  memory,
  nothingThere,
  planInput,
  replica,
  request,
  resources,
  settledNodes,
  stopped,
  witnessed,
  type Case,
} from '../reconciler/support/world.js'
import { compareScreens } from '../support/golden.js'

const older = (ordinal: number) => ({
  container: { labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' } },
})

const plans: Readonly<Record<string, Plan>> = {
  creation: planOf({
    spec: { replicas: 1 },
    memory: memory(null),
    nodes: [],
    seen: { resources: { ...nothingThere, image: null } },
  }),
  rollout: planOf({
    nodes: [
      master(0, { followers: [follower(1), follower(2)] }, { container: { name: 'shop-master' } }),
      replica(1, {}, older(1)),
      replica(2),
    ],
    seen: { resources: resources() },
  }),
  switchover: planOf({
    memory: witnessed([1, 2], { request: request({ kind: 'switchover', to: 2 }) }),
    nodes: settledNodes(),
    seen: { resources: null },
  }),
  refusal: planOf({
    memory: witnessed([1, 2]),
    nodes: [stopped(0, { name: 'shop-master' })],
    seen: { foreignContainers: [{ name: 'shop-replica-1', containerId: 'f00', image: 'nginx:1' }] },
  }),
  removal: planTeardown(
    {
      flotilla: 'shop',
      gateways: [],
      containers: [{ ordinal: 0, name: 'shop-master', state: 'running' }],
      volumes: [{ ordinal: 0, volume: 'shop-0' }],
      leftovers: [],
      hasNetwork: true,
    },
    { removeVolumes: true },
  ),
}

describe('a plan as a diff', () => {
  for (const [name, plan] of Object.entries(plans))
    compareScreens(`plan-${name}`, screen => renderPlanDiff(plan, screen))

  test('says in one line that there is nothing to do', () => {
    const plan = planOf({ nodes: settledNodes(), seen: { resources: null } })
    assert.equal(renderPlanDiff(plan, { columns: 80, colors: createColors(false) }), 'shop: nothing to do\n')
  })

  test('in a pipe has one line for each action, whatever its length', () => {
    const text = renderPlanDiff(plans['rollout'] ?? planOf({}), {
      columns: null,
      colors: createColors(false),
    })
    const actions = plans['rollout']?.stages.flat() ?? []
    assert.equal(text.split('\n').filter(line => line.includes('  # ')).length, actions.length)
  })
})

function planOf(facts: Case): Plan {
  return planFlotilla(planInput(facts))
}
