import { errorCode } from '../../errors.js'
import type { Action } from '../../model/plan.js'
import { isReported } from '../../report-sampling.js'
import { probeOfImage, withImageProbe } from '../desired/image-probe.js'
import type { ExecutionContext } from './execution-context.js'
import { probeImage } from './probe-image.js'
import type { ImageProbe } from '../../model/image-probe.js'

/**
 * Tries an image, writes down what it told, and tells it; of an image that fails every minute not every time.
 */
export async function performImageProbe(
  context: ExecutionContext,
  { image, options }: Extract<Action, { kind: 'probe-image' }>,
): Promise<void> {
  const imageProbe = await probeIfPresent(context, { image, options })
  let known = imageProbe
  await context.saveMemory(memory => {
    const trials = withImageProbe(memory.trials, imageProbe)
    known = probeOfImage(trials, imageProbe.imageId) ?? imageProbe
    return { ...memory, trials }
  })
  const { outcome } = imageProbe
  if (outcome.kind === 'failed') {
    const times = known.outcome.kind === 'failed' ? (known.outcome.times ?? 1) : 1
    if (isReported(times))
      context.events.publish('image.probe-failed', { image, reason: outcome.reason, times })
    return
  }
  const { product, version } = outcome
  const refused = Object.entries(outcome.options).flatMap(([name, { verdict }]) =>
    verdict === 'unknown' || verdict === 'invalid' ? [name] : [],
  )
  context.events.publish('image.probed', { image, product, version, refused })
}

/**
 * An image that is asked for by its id is one that a node runs; its name and all but its layers may have been
 * taken away since, and nobody can ask it then.
 */
async function probeIfPresent(
  context: ExecutionContext,
  wanted: Pick<Extract<Action, { kind: 'probe-image' }>, 'image' | 'options'>,
): Promise<ImageProbe> {
  try {
    return await probeImage(context, wanted)
  } catch (error) {
    if (errorCode(error) !== 'runtime/image-unavailable' || !wanted.image.startsWith('sha256:')) throw error
    const outcome = { kind: 'failed', reason: 'it is not on this engine any more', tried: {} } as const
    return { image: wanted.image, imageId: wanted.image, atMs: context.nowMs(), outcome }
  }
}
