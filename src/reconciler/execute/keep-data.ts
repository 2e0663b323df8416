import type { KeepingSpec } from '../../manifest/spec.js'
import { withNodeRecord, type NodeRecord, type SnapshotAsked } from '../memory.js'
import type { Hands } from './hands.js'
import { putNodeFiles } from './node-files.js'
import type { RunningNode } from './transport.js'

const deadlineMs = 10_000

/**
 * Where it says that data is kept otherwise, that is written down (fsync) before, because a Flotilla that dies in between does not know what the file says, and
 * after, before anything else is done: whoever puts the file into the container anew goes by it.
 */
export async function writeConfig(
  hands: Hands,
  { ordinal, container }: Pick<RunningNode, 'ordinal' | 'container'>,
  keeps: KeepingSpec | null,
): Promise<void> {
  if (keeps === null) return void (await putNodeFiles(hands, ordinal, container))
  const note = (known: Partial<NodeRecord>): Promise<void> =>
    hands.saveMemory(memory => withNodeRecord(memory, ordinal, record => ({ ...record, ...known })))
  await note({ filing: keeps })
  await putNodeFiles(hands, ordinal, container, keeps)
  await note({ keeps, filing: null })
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
