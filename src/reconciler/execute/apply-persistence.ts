import type { PersistenceSettings } from '../../model/spec.js'
import { withPersistence, type SnapshotRequest } from '../../model/record.js'
import type { ExecutionContext } from './execution-context.js'
import { writeNodeFiles } from './node-files.js'
import type { RunningNode } from './transport.js'

const deadlineMs = 10_000

/**
 * Where it says that data is kept otherwise, that is written down (fsync) before, because a Flotilla that
 * dies in between does not know what the file says, and after, before anything else is done: whoever puts the
 * file into the container again goes by it.
 */
export async function writeConfig(
  context: ExecutionContext,
  { ordinal, container }: Pick<RunningNode, 'ordinal' | 'container'>,
  persistence: PersistenceSettings | null,
): Promise<void> {
  if (persistence === null) return void (await writeNodeFiles(context, ordinal, container))
  await context.saveMemory(memory => withPersistence(memory, ordinal, { pending: persistence }))
  await writeNodeFiles(context, ordinal, container, persistence)
  await context.saveMemory(memory =>
    withPersistence(memory, ordinal, { current: persistence, pending: null }),
  )
}

/** Redis answers when the rewrite has begun. */
export async function setAppendOnly(
  context: ExecutionContext,
  { target }: RunningNode,
  on: boolean,
): Promise<void> {
  await context.redis.setConfig(target, { appendonly: on ? 'yes' : 'no' }, { deadlineMs })
}

export async function saveSnapshot(
  context: ExecutionContext,
  { ordinal, target }: RunningNode,
  asked: SnapshotRequest,
): Promise<void> {
  await context.redis.saveSnapshot(target, { deadlineMs })
  context.setMemory(memory => withPersistence(memory, ordinal, { snapshotAsked: asked }))
}
