import type { NodeTarget } from '../../redis/redis.js'
import { fileOptions } from '../config-in-force.js'
import { triedBytesMax } from '../plan/data-trial.js'
import type { Action } from '../plan/plan.js'
import { withDataVerdict } from '../trial.js'
import type { Hands } from './hands.js'
import { needImage } from './server-user.js'
import { withTrialServer } from './trial-container.js'

/** A replica forks and writes 64 MiB within a second or two; a disk or a network under load may need many. */
const readWithinMs = 30_000

/**
 * Lets a throwaway container of an image start on what a node holds, as one that was made of the image would, writes down what came of it, and tells it. The snapshot goes
 * over the connection that replicas have, through the memory of this process, into the container before it is started, and nowhere else.
 */
export async function performDataTrial(
  hands: Hands,
  { image, ordinal, from }: Extract<Action, { kind: 'try-data' }>,
  source: NodeTarget,
): Promise<void> {
  const { redis, setting, events, nowMs } = hands
  const facts = await needImage(hands, image)
  const snapshot = await redis.readSnapshot(source, {
    bytesMax: triedBytesMax,
    deadlineMs: readWithinMs,
  })
  // It has grown since it was looked at; the next look finds it too large.
  if (snapshot === null) return
  const options = fileOptions(setting.spec, setting.config)
  const refusal = await withTrialServer(hands, { image, facts, options, snapshot }, server =>
    Promise.resolve(server.kind === 'up' ? null : server.reason),
  )
  const verdict = { atMs: nowMs(), from, refusal }
  await hands.saveMemory(memory => ({
    ...memory,
    trials: withDataVerdict(memory.trials, facts.imageId, verdict),
  }))
  if (refusal === null) events.publish('image.data-loaded', { image, node: ordinal, bytes: snapshot.length })
  else events.publish('image.data-refused', { image, node: ordinal, reason: refusal })
}
