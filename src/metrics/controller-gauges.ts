import type { StateGauge } from './state-gauges.js'

/** How the daemon itself is doing. */
export const controllerGauges: readonly StateGauge[] = [
  {
    name: 'flotilla_engine_up',
    help: '1 while the container engine answers, 0 while it does not: nothing is changed then.',
    labels: [],
    samples: controller => [{ labels: {}, value: controller.engineAnswers ? 1 : 0 }],
  },
  {
    name: 'flotilla_workqueue_depth',
    help: 'Flotillas that wait for their turn to be looked at.',
    labels: [],
    samples: controller => [{ labels: {}, value: controller.queueDepth }],
  },
  {
    name: 'flotilla_flotillas',
    help: 'Flotillas that are kept, also those on their way out.',
    labels: [],
    samples: controller => [{ labels: {}, value: controller.names.length }],
  },
]
