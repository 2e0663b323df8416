import { Counter, Registry } from 'prom-client'
import { catalogue } from '../events/catalogue.js'
import type { EventRecord } from '../events/journal/record.js'
import { backupGauges } from './backup-gauges.js'
import { controllerGauges } from './controller-gauges.js'
import { flotillaGauges } from './flotilla-gauges.js'
import { nodeGauges } from './node-gauges.js'
import { PassMetrics } from './pass-metrics.js'
import { registerProcessMetrics, type ProcessFacts } from './process-metrics.js'
import { registerStateGauges, type ControllerState, type StateGauges } from './state-gauges.js'

/**
 * All that Prometheus is told. Names and labels are documented in docs/metrics.md, which is written from the
 * registry.
 */
export interface Metrics {
  readonly registry: Registry
  readonly passes: PassMetrics
  noteEvent(record: Pick<EventRecord, 'event' | 'level'>): void
  /** In Prometheus's text format. */
  render(): Promise<string>
}

export function createMetrics(options: {
  readonly controller: ControllerState
  readonly version: string
  readonly startedAtMs: number
  readonly self: ProcessFacts
}): Metrics {
  const registry = new Registry()
  registerProcessMetrics(registry, options.version, options.self)
  const stateGauges = registerStateGauges(registry, options.controller, [
    ...controllerGauges,
    ...flotillaGauges,
    ...backupGauges,
    ...nodeGauges,
  ])
  const passes = new PassMetrics(registry, options.startedAtMs)
  const events = new Counter({
    name: 'flotilla_events_total',
    help: 'Events by code, without those of level debug; docs/events.md says what each means.',
    labelNames: ['event', 'level'],
    registers: [registry],
  })
  for (const [event, { level }] of Object.entries(catalogue))
    if (level !== 'debug') events.inc({ event, level }, 0)
  return {
    registry,
    passes,
    render: () => renderOneByOne(registry, stateGauges),
    noteEvent: ({ event, level }) => events.inc({ event, level }),
  }
}

/**
 * The registry renders all metrics at once, and holds all their samples meanwhile: some megabytes for sixty
 * nodes, which outlive the space for new objects and then stay until V8 next cleans up everything. One after
 * the other they die young.
 */
async function renderOneByOne(registry: Registry, stateGauges: StateGauges): Promise<string> {
  stateGauges.begin()
  const parts: string[] = []
  for (const { name } of registry.getMetricsAsArray()) {
    parts.push(await registry.getSingleMetricAsString(name))
    stateGauges.forget(name)
  }
  return `${parts.join('\n\n')}\n`
}
