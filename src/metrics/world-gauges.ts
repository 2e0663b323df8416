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

export interface WorldGauges {
  /** A scrape begins: all gauges tell of the same moment. */
  begin(): void
  /** Forgets the samples of a gauge, once they are told: kept until the next scrape, they would be what a daemon at rest holds most of. */
  forget(name: string): void
}

export function registerWorldGauges(
  registry: Registry,
  keeper: Keeper,
  gauges: readonly WorldGauge[],
): WorldGauges {
  let moment = keeper
  const labelled = new Map<string, Gauge>()
  for (const { name, help, labels, samples } of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        if (labels.length > 0) gauge.reset()
        for (const sample of samples(moment)) gauge.set(sample.labels, sample.value)
      },
    })
    if (labels.length > 0) labelled.set(name, gauge)
  }
  return {
    begin() {
      const { names, queueDepth, engineAnswers } = keeper
      moment = { names, queueDepth, engineAnswers, sightOf: name => keeper.sightOf(name) }
    },
    forget: name => labelled.get(name)?.reset(),
  }
}
