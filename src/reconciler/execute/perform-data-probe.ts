import { fileOptions } from '../desired/accepted-config.js'
import { probedBytesMax } from '../plan/rollout/data-probe.js'
import type { Action } from '../../model/plan.js'
import { withDataProbe } from '../desired/image-probe.js'
import type { ExecutionContext } from './execution-context.js'
import { requireImage } from './server-user.js'
import { withProbeServer } from './probe-container.js'
import type { RdbSource } from '../../model/rdb-source.js'
import type { NodeTarget } from '../../model/redis.js'

/** A replica forks and writes 64 MiB within a second or two; a disk or a network under load may need many. */
const readWithinMs = 30_000

/**
 * Lets a throwaway container of an image start on what a node holds, as one that was made of the image would,
 * writes down what came of it, and tells it. The snapshot goes over the connection that replicas have,
 * through the memory of this process, into the container before it is started, and nowhere else.
 */
export async function performDataProbe(
  context: ExecutionContext,
  { image, ordinal, from }: Extract<Action, { kind: 'probe-data' }>,
  source: NodeTarget,
): Promise<void> {
  const { redis, template, events, nowMs } = context
  const facts = await requireImage(context, image)
  const snapshot = await redis.readSnapshot(source, {
    bytesMax: probedBytesMax,
    deadlineMs: readWithinMs,
  })
  // It has grown since it was looked at; the next look finds it too large.
  if (snapshot === null) return
  const options = fileOptions(template.spec, template.config)
  const refusal = await withProbeServer(
    context,
    { image, facts, options, data: inMemory(snapshot) },
    server => Promise.resolve(server.kind === 'up' ? null : server.reason),
  )
  const verdict = { atMs: nowMs(), from, refusal }
  await context.saveMemory(memory => ({
    ...memory,
    trials: withDataProbe(memory.trials, facts.imageId, verdict),
  }))
  if (refusal === null) events.publish('image.data-loaded', { image, node: ordinal, bytes: snapshot.length })
  else events.publish('image.data-refused', { image, node: ordinal, reason: refusal })
}

function inMemory(snapshot: Uint8Array): RdbSource {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(snapshot)
  }
  return { sizeBytes: snapshot.length, open: () => Promise.resolve(whole()) }
}
