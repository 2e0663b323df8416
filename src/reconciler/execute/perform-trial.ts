import { errorCode } from '../../errors.js'
import type { Action } from '../plan/plan.js'
import { isTold } from '../told.js'
import { trialOfImage, withTrial, type Trial } from '../trial.js'
import type { Hands } from './hands.js'
import { tryImage } from './try-image.js'

/** Tries an image, writes down what it told, and tells it; of an image that fails every minute not every time. */
export async function performTrial(
  hands: Hands,
  { image, options }: Extract<Action, { kind: 'try-image' }>,
): Promise<void> {
  const trial = await tryWhatIsThere(hands, { image, options })
  let known = trial
  await hands.saveMemory(memory => {
    const trials = withTrial(memory.trials, trial)
    known = trialOfImage(trials, trial.imageId) ?? trial
    return { ...memory, trials }
  })
  const { outcome } = trial
  if (outcome.kind === 'failed') {
    const times = known.outcome.kind === 'failed' ? (known.outcome.times ?? 1) : 1
    if (isTold(times)) hands.events.publish('image.failed', { image, reason: outcome.reason, times })
    return
  }
  const { product, version } = outcome
  const refused = Object.entries(outcome.options).flatMap(([name, { verdict }]) =>
    verdict === 'unknown' || verdict === 'invalid' ? [name] : [],
  )
  hands.events.publish('image.tried', { image, product, version, refused })
}

/** An image that is asked for by its id is one that a node runs; its name and all but its layers may have been taken away since, and nobody can ask it then. */
async function tryWhatIsThere(
  hands: Hands,
  wanted: Pick<Extract<Action, { kind: 'try-image' }>, 'image' | 'options'>,
): Promise<Trial> {
  try {
    return await tryImage(hands, wanted)
  } catch (error) {
    if (errorCode(error) !== 'runtime/image-unavailable' || !wanted.image.startsWith('sha256:')) throw error
    const outcome = { kind: 'failed', reason: 'it is not on this engine any more', tried: {} } as const
    return { image: wanted.image, imageId: wanted.image, atMs: hands.nowMs(), outcome }
  }
}
