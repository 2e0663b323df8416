import { enforcedOptions, versionSpecificOptions } from '../../redis/config.js'
import { whatDiffers } from '../../redis/options.js'
import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget, ConfigValues } from '../../model/redis.js'

/** A node that was started a moment ago has this long to answer. */
const deadlineMs = 10_000

/**
 * Sets what differs of these options and of those that just some versions have. Asks before it sets: an
 * option that is as it should be is left alone, and one that this server does not know is left out.
 * @returns the run that was configured; null for one that loads its data or does not answer: it is configured
 * by a later pass, and is safe until then.
 */
export async function applyConfig(
  redis: RedisPort,
  target: NodeTarget,
  options: ConfigValues,
): Promise<string | null> {
  const probe = await redis.probe(target, { deadlineMs })
  if (probe.kind !== 'answered') return null
  const wanted = { ...enforcedOptions, ...versionSpecificOptions(probe.facts), ...options }
  const now = await redis.getConfig(target, Object.keys(wanted), { deadlineMs })
  const differing = whatDiffers(wanted, now)
  if (Object.keys(differing).length > 0) await redis.setConfig(target, differing, { deadlineMs })
  return probe.facts.runId
}
