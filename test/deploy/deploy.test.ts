import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { createMetrics } from '../../src/metrics/metrics.js'
import { findPromtool } from '../support/promtool.js'

const rulesFile = 'deploy/prometheus/flotilla.rules.yml'
const rules = (
  parse(readFileSync(rulesFile, 'utf8')) as {
    readonly groups: readonly {
      readonly rules: readonly { readonly alert: string; readonly expr: string }[]
    }[]
  }
).groups.flatMap(group => group.rules)

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}
const dashboard = JSON.parse(readFileSync('deploy/grafana/flotilla.json', 'utf8')) as {
  readonly panels: readonly Panel[]
}

const nobody = { names: [], snapshotOf: () => null, queueDepth: 0, engineAnswers: true }
const self = { loopLagMs: () => 0, droppedLogLines: () => 0, sentinel: () => null }
const known = createMetrics({ controller: nobody, version: '', startedAtMs: 0, self })
  .registry.getMetricsAsArray()
  .map(({ name }) => name)

test('each alert fires for its trouble and for nothing else', t => {
  const promtool = findPromtool()
  if ('reason' in promtool) return t.skip(promtool.reason)
  for (const args of [
    ['check', 'rules', rulesFile],
    ['test', 'rules', 'test/deploy/rules.yaml'],
  ]) {
    const { passed, said } = promtool.run(args)
    assert.ok(passed, said)
  }
})

test('each alert is tried', () => {
  const tried = readFileSync('test/deploy/rules.yaml', 'utf8')
  for (const { alert } of rules)
    assert.match(tried, new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n +- exp_labels`), alert)
})

test('alerts and dashboard ask for nothing but metrics that there are', () => {
  const asked = [
    ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
    ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
  ]
  assert.ok(asked.length > 20)
  for (const { where, expr } of asked)
    for (const [name] of expr.matchAll(/\b(flotilla|process)_\w+/g))
      assert.ok(known.includes(name.replace(/_(bucket|sum|count)$/, '')), `${where}: ${name}`)
})

test('each query of the dashboard is one that Prometheus can read', t => {
  const promtool = findPromtool()
  if ('reason' in promtool) return t.skip(promtool.reason)
  const queries = dashboard.panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')),
  )
  const recorded = queries.map((expr, index) => `  - { record: "q:${index}", expr: ${JSON.stringify(expr)} }`)
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-dashboard-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'queries.yml')
  writeFileSync(file, `groups:\n- name: dashboard\n  rules:\n${recorded.join('\n')}\n`)
  const { passed, said } = promtool.run(['check', 'rules', file])
  assert.ok(passed, said)
})
