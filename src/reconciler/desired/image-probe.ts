import { isDifferentError } from '../../report-sampling.js'
import { isDeepStrictEqual } from 'node:util'
import type { RedisOptions } from '../../model/redis.js'
import type { ImageProbe, DataProbe } from '../../model/image-probe.js'

/** A record of an image takes some hundred bytes for each option that was ever tried with it. */
const imageProbesMax = 4

/** What is known of this very image; null when it was never tried. */
export function probeOfImage(trials: readonly ImageProbe[], imageId: string | null): ImageProbe | null {
  return trials.findLast(imageProbe => imageProbe.imageId === imageId) ?? null
}

/** The options that nothing is known of, or not with this value. */
export function unprobedOptions(imageProbe: ImageProbe | null, wanted: RedisOptions): RedisOptions {
  const known = imageProbe?.outcome
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, values]) =>
      known?.kind === 'answered' ? !isDeepStrictEqual(known.options[name]?.tried, values) : true,
    ),
  )
}

/** The records with this verdict in that of its image; the same as before where there is none. */
export function withDataProbe(
  trials: readonly ImageProbe[],
  imageId: string,
  data: DataProbe,
): readonly ImageProbe[] {
  return trials.map(imageProbe => (imageProbe.imageId === imageId ? { ...imageProbe, data } : imageProbe))
}

/** The records with this one in place of what was known of its image. Verdicts on other options stay. */
export function withImageProbe(trials: readonly ImageProbe[], imageProbe: ImageProbe): readonly ImageProbe[] {
  const known = probeOfImage(trials, imageProbe.imageId)
  const [before, { outcome }] = [known?.outcome, imageProbe]
  const merged: ImageProbe =
    outcome.kind === 'answered' && before?.kind === 'answered'
      ? {
          ...known,
          ...imageProbe,
          outcome: { ...outcome, options: { ...before.options, ...outcome.options } },
        }
      : outcome.kind === 'failed' &&
          before?.kind === 'failed' &&
          !isDifferentError(before.reason, outcome.reason)
        ? { ...imageProbe, outcome: { ...outcome, times: (before.times ?? 1) + 1 } }
        : imageProbe
  return [...trials.filter(one => one.imageId !== imageProbe.imageId), merged].slice(-imageProbesMax)
}
