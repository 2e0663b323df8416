import type { Snapshot } from '../reconciler/loop/controller.js'
import { refusalCodes } from '../model/plan.js'
import { conditionTypes, phases } from '../model/status.js'
import { samplesOfEach, type StateGauge } from './state-gauges.js'

/**
 * How each flotilla is. Series of a flotilla are there from its first look on, every condition and phase at
 * once, so that none ever has to be guessed.
 */
export const flotillaGauges: readonly StateGauge[] = [
  one(
    'flotilla_replicas_wanted',
    'Replicas that the manifest asks for.',
    snapshot => snapshot.assessment.input.spec.replicas,
  ),
  one(
    'flotilla_replicas_online',
    'Replicas that are in sync with the master.',
    ({ status }) => status.nodes.filter(node => node.role === 'replica' && node.health === 'online').length,
  ),
  {
    name: 'flotilla_gateway_clients',
    help: 'Connections of clients through the gateway; absent where there is none, or it does not answer.',
    labels: ['flotilla'],
    samples: samplesOfEach((flotilla, { status: { gateway } }) =>
      gateway === null || gateway.clients === null ? [] : [{ labels: { flotilla }, value: gateway.clients }],
    ),
  },
  {
    name: 'flotilla_gateway_ready',
    help: '1 while the gateway leads clients to the master (the condition GatewayReady), 0 while it does not; absent where none is asked for.',
    labels: ['flotilla'],
    samples: samplesOfEach((flotilla, { status: { gateway, conditions } }) =>
      gateway === null
        ? []
        : [
            {
              labels: { flotilla },
              value: conditions.some(({ type, status }) => type === 'GatewayReady' && status === 'True')
                ? 1
                : 0,
            },
          ],
    ),
  },
  one('flotilla_epoch', 'Counts promotions.', ({ status }) => status.epoch),
  one('flotilla_generation', 'Counts accepted changes of the spec.', ({ status }) => status.generation),
  one(
    'flotilla_observed_generation',
    'The generation that the containers are at; it lags behind flotilla_generation while a change is applied.',
    ({ status }) => status.observedGeneration,
  ),
  one(
    'flotilla_last_look_timestamp_seconds',
    'When the flotilla was last looked at, in seconds since the epoch. Old means that the daemon is blind or stuck.',
    snapshot => snapshot.assessment.input.seen.atMs / 1000,
  ),
  {
    name: 'flotilla_stale',
    help: '1 while the engine does not answer: everything told of the flotilla is how it was at flotilla_last_look_timestamp_seconds. 0 otherwise.',
    labels: ['flotilla'],
    samples: controller =>
      controller.names
        .filter(name => controller.snapshotOf(name) !== null)
        .map(flotilla => ({ labels: { flotilla }, value: controller.engineAnswers ? 0 : 1 })),
  },
  {
    name: 'flotilla_phase',
    help: '1 for the phase that the flotilla is in, 0 for the others.',
    labels: ['flotilla', 'phase'],
    samples: samplesOfEach((flotilla, { status }) =>
      phases.map(phase => ({ labels: { flotilla, phase }, value: status.phase === phase ? 1 : 0 })),
    ),
  },
  {
    name: 'flotilla_condition',
    help: '1 while the condition is True, 0 otherwise. docs/operations.md says what each means.',
    labels: ['flotilla', 'condition'],
    samples: samplesOfEach((flotilla, { status }) =>
      conditionTypes.map(type => ({
        labels: { flotilla, condition: type },
        value: status.conditions.some(condition => condition.type === type && condition.status === 'True')
          ? 1
          : 0,
      })),
    ),
  },
  {
    name: 'flotilla_hold',
    help: '1 while Flotilla refuses to go on for this reason and a person is needed, 0 otherwise.',
    labels: ['flotilla', 'hold'],
    samples: samplesOfEach((flotilla, { status }) =>
      refusalCodes.map(hold => ({
        labels: { flotilla, hold },
        value: status.refusing.some(({ code }) => code === hold) ? 1 : 0,
      })),
    ),
  },
]

function one(name: string, help: string, value: (snapshot: Snapshot) => number): StateGauge {
  return {
    name,
    help,
    labels: ['flotilla'],
    samples: samplesOfEach((flotilla, snapshot) => [{ labels: { flotilla }, value: value(snapshot) }]),
  }
}
