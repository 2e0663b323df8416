import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noReconciler as nobodyActsLine } from '../../src/cli/active-reconciler.js'
import { renderStatus, renderStatusList } from '../../src/cli/render-status.js'
import { renderTop } from '../../src/cli/render-top.js'
import type { RenderContext } from '../../src/cli/render-context.js'
import { decide } from '../../src/reconciler/plan/plan-flotilla.js'
import { computeStatus } from '../../src/reconciler/report/compute-status.js'
import type { FlotillaStatus } from '../../src/model/status.js'
import {
  crash,
  follower,
  historyEntry,
  master,
  nodeRecord,
  nowMs,
  planInput,
  replica,
  settledNodes,
  spec,
  stopped,
  witnessed,
  type Case,
} from '../reconciler/support/world.js'
import { createColors } from '../../src/cli/colors.js'
import { compareScreens, type ScreenSettings } from '../support/golden.js'
import { sampleEvents } from './samples.js'

const creation = historyEntry({
  ...{ kind: 'creation', epoch: 1, from: null, to: 0 },
  startedAtMs: nowMs - 400_000_000,
  endedAtMs: nowMs - 399_990_000,
})
const history = [creation, historyEntry({ to: 0, from: 1, endedAtMs: nowMs - 260_000 })]

const well: Case = {
  nodes: settledNodes(),
  memory: witnessed([0, 1, 2], { history: [creation] }),
  seen: { resources: null },
}
const oneDown: Case = {
  nodes: [
    master(0, { followers: [follower(1)], offset: 1_234_567, connectedClients: 12, opsPerSecond: 850 }),
    replica(1, { offset: 1_200_000, upstream: { appliedOffset: 1_200_000, lastIoSeconds: 1 } }),
    stopped(2),
  ],
  memory: witnessed([0, 1], {
    epoch: 2,
    history,
    nodes: [0, 1, 2].map(ordinal =>
      nodeRecord(ordinal, ordinal === 2 ? { crashes: [crash({ atMs: nowMs - 90_000 }), crash()] } : {}),
    ),
  }),
}
const nobody: Case = {
  nodes: [stopped(0), stopped(1), stopped(2)],
  memory: witnessed([0, 1, 2], { history }),
  spec: spec({ failover: { ...spec().failover, mode: 'manual' } }),
}
const paused: Case = {
  nodes: [master(0, { followers: [follower(1)] }), replica(1), stopped(2)],
  memory: witnessed([0, 1, 2], { history, pausedSinceMs: nowMs - 30_000 }),
}
const held: Case = {
  nodes: [master(0, { followers: [] }), stopped(2)],
  memory: witnessed([0, 1, 2], { history }),
  seen: { foreignContainers: [{ name: 'shop-replica-1', containerId: 'f'.repeat(64), image: 'nginx' }] },
}

compareScreens('status-ready', full(well))
compareScreens('status-degraded', full(oneDown))
compareScreens('status-degraded-wide', full(oneDown, { wide: true }))
compareScreens('status-no-daemon', full(oneDown, { noReconciler: true }))
compareScreens('status-no-master', full(nobody))
compareScreens('status-paused', full(paused))
compareScreens('status-held', full(held))
compareScreens('top', screen =>
  renderTop([statusOf(well), { ...statusOf(oneDown), name: 'orders' }], 'ops', renderContext(screen)),
)
compareScreens('status-list', screen =>
  renderStatusList(
    [
      statusOf(well),
      { ...statusOf(oneDown), name: 'orders-of-the-north' },
      { ...statusOf(nobody), name: 'cart' },
      { ...statusOf(paused), name: 'sessions' },
    ],
    renderContext(screen),
  ),
)

test('while no daemon runs that is the first line, with the remedy, and nothing says that anything is done', () => {
  const crashedOnce = { ...oneDown, memory: witnessed([0, 1], { history }) }
  const text = full(crashedOnce, { noReconciler: true })({ columns: null, colors: createColors(false) })
  const [first, second] = text.split('\n')
  assert.match(first ?? '', /^No daemon runs: a node that crashes stays down/)
  assert.equal(second, '  fix: flotilla run --state /var/lib/flotilla')
  assert.match(text, /^WOULD DO, if a daemon ran/m)
  assert.doesNotMatch(text, /^DOES/m)
  assert.doesNotMatch(text, /^ *Progressing/m)
  assert.match(text, /^Phase: .*node 2 is stopped$/m)
})

test('while it is paused nothing is done, and the screen says so', () => {
  const text = full(paused)({ columns: null, colors: createColors(false) })
  assert.match(text, /^WOULD DO/m)
  assert.doesNotMatch(text, /^DOES/m)
})

test('a command to type is never broken over lines', () => {
  const text = full(held)({ columns: 40, colors: createColors(false) })
  for (const { remedy } of statusOf(held).refusing) assert.ok(text.includes(`fix: ${remedy}`))
  assert.ok(statusOf(held).refusing.length > 0)
})

test('who takes writes against the record is never called nobody', () => {
  const text = full({ ...well, nodes: [stopped(0), master(1, { replid: 'other' }), replica(2)] })({
    columns: null,
    colors: createColors(false),
  })
  assert.match(text, /^Master: +none on record; shop-1 \(shop-master\) takes writes$/m)
})

function statusOf(facts: Case, noReconciler = false): FlotillaStatus {
  const input = planInput(facts)
  const previous = computeStatus(planInput(well), decide(planInput(well)), {
    ...{ specProblem: null, failure: null, previous: null },
  })
  const conditions = previous.conditions.map(one => ({
    ...one,
    lastTransitionTime: new Date(nowMs - 3_600_000).toISOString(),
  }))
  return computeStatus(input, decide(input), {
    ...{ specProblem: null, failure: null },
    previous: { ...previous, conditions },
    noReconciler,
  })
}

function full(facts: Case, { wide = false, noReconciler = false } = {}): (screen: ScreenSettings) => string {
  const events = sampleEvents.filter(({ flotilla }) => flotilla === 'shop')
  const places = { manifests: 'manifests', state: '/var/lib/flotilla' }
  return screen =>
    nobodyActsLine(noReconciler ? null : { pid: 812, command: 'run' }, places, renderContext(screen)) +
    renderStatus(statusOf(facts, noReconciler), {
      context: renderContext(screen),
      wide,
      noReconciler,
      events,
    })
}

function renderContext(screen: ScreenSettings): RenderContext {
  return { ...screen, nowMs: nowMs + 5_000 }
}
