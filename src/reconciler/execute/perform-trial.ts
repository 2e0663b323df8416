import type { Action } from '../plan/plan.js'
import { withTrial } from '../trial.js'
import type { Hands } from './hands.js'
import { tryImage } from './try-image.js'

/** Tries an image, writes down what it told, and tells it. */
export async function performTrial(
  hands: Hands,
  { image, options }: Extract<Action, { kind: 'try-image' }>,
): Promise<void> {
  const trial = await tryImage(hands, { image, options })
  await hands.saveMemory(memory => ({ ...memory, trials: withTrial(memory.trials, trial) }))
  const { outcome } = trial
  if (outcome.kind === 'failed')
    return hands.events.publish('image.failed', { image, reason: outcome.reason })
  const { product, version } = outcome
  const refused = Object.entries(outcome.options).flatMap(([name, { verdict }]) =>
    verdict === 'unknown' || verdict === 'invalid' ? [name] : [],
  )
  hands.events.publish('image.tried', { image, product, version, refused })
}
