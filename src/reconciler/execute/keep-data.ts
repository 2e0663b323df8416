import type { KeepingSpec } from '../../manifest/spec.js'
import { withNodeRecord, type SnapshotAsked } from '../memory.js'
import type { Hands } from './hands.js'
import { putNodeFiles } from './node-files.js'
import type { RunningNode } from './transport.js'

const deadlineMs = 10_000

/**
 * Where it says that data is kept otherwise, that is written down (fsync) before anything else is done: whoever puts the file into the container anew
 * goes by it.
 */
export async function writeConfig(
  hands: Hands,
  { ordinal, container }: Pick<RunningNode, 'ordinal' | 'container'>,
  keeps: KeepingSpec | null,
): Promise<void> {
  if (keeps === null) return void (await putNodeFiles(hands, ordinal, container))
  await putNodeFiles(hands, ordinal, container, keeps)
  await hands.saveMemory(memory => withNodeRecord(memory, ordinal, record => ({ ...record, keeps })))
}

/** Redis answers when the rewrite has begun. */
export async function setAppendOnly(hands: Hands, { target }: RunningNode, on: boolean): Promise<void> {
  await hands.redis.setConfig(target, { appendonly: on ? 'yes' : 'no' }, { deadlineMs })
}

export async function saveSnapshot(
  hands: Hands,
  { ordinal, target }: RunningNode,
  asked: SnapshotAsked,
): Promise<void> {
  await hands.redis.saveSnapshot(target, { deadlineMs })
  hands.keepMemory(memory => withNodeRecord(memory, ordinal, record => ({ ...record, snapshotAsked: asked })))
}
