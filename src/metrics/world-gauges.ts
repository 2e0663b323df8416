import { Gauge, type Registry } from 'prom-client'
import type { Controller } from '../reconciler/controller.js'

/** What is told when somebody scrapes: the controller as it is at that moment. Nothing is asked of an engine or a node. */
export type Keeper = Pick<Controller, 'names' | 'sightOf' | 'queueDepth' | 'engineAnswers'>

/** One value with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A gauge that is told anew at each scrape, so that what has vanished from the world has vanished from it. */
export interface WorldGauge {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (keeper: Keeper) => Iterable<Sample>
}

export function registerWorldGauges(registry: Registry, keeper: Keeper, gauges: readonly WorldGauge[]): void {
  for (const { name, help, labels, samples } of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        if (labels.length > 0) gauge.reset()
        for (const sample of samples(keeper)) gauge.set(sample.labels, sample.value)
      },
    })
  }
}
