import { Gauge, type Registry } from 'prom-client'
import type { Controller, Snapshot } from '../reconciler/loop/controller.js'

/**
 * What is told when somebody scrapes: the controller as it is at that moment. Nothing is asked of an engine
 * or a node.
 */
export type ControllerState = Pick<Controller, 'names' | 'snapshotOf' | 'queueDepth' | 'engineAnswers'>

/** One value with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * A gauge that is told again at each scrape, so that what has vanished from the world has vanished from it.
 */
export interface StateGauge {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (controller: ControllerState) => Iterable<Sample>
}

/** Those of every flotilla that was looked at. */
export function samplesOfEach(
  samplesOf: (flotilla: string, snapshot: Snapshot) => readonly Sample[],
): (controller: ControllerState) => readonly Sample[] {
  return controller =>
    controller.names.flatMap(name => {
      const snapshot = controller.snapshotOf(name)
      return snapshot === null ? [] : samplesOf(name, snapshot)
    })
}

export interface StateGauges {
  /** A scrape begins: all gauges tell of the same moment. */
  begin(): void
  /**
   * Forgets the samples of a gauge, once they are told: kept until the next scrape, they would be what a
   * daemon at rest holds most of.
   */
  forget(name: string): void
}

export function registerStateGauges(
  registry: Registry,
  controller: ControllerState,
  gauges: readonly StateGauge[],
): StateGauges {
  let atScrape = controller
  const labelled = new Map<string, Gauge>()
  for (const { name, help, labels, samples } of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        if (labels.length > 0) gauge.reset()
        for (const sample of samples(atScrape)) gauge.set(sample.labels, sample.value)
      },
    })
    if (labels.length > 0) labelled.set(name, gauge)
  }
  return {
    begin() {
      const { names, queueDepth, engineAnswers } = controller
      atScrape = { names, queueDepth, engineAnswers, snapshotOf: name => controller.snapshotOf(name) }
    },
    forget: name => labelled.get(name)?.reset(),
  }
}
