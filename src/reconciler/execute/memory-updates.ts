import type { RestartRequest } from '../../state/requests.js'
import { operationTraits } from '../../model/operation-kinds.js'
import { withCompletedRequest } from '../record/open-request.js'
import {
  historyEntriesMax,
  withNodeRecord,
  type FlotillaMemory,
  type HistoryEntry,
  type Lineage,
  type Operation,
  type Request,
  type VolumeToRemove,
} from '../../model/record.js'

/** The memory once an operation has ended: the new master and epoch, and no operation. */
export function afterOperation(
  memory: FlotillaMemory,
  ended: {
    readonly operation: Operation
    readonly result: 'done' | 'aborted'
    readonly offsetGapBytes: number | null
    readonly detail: string | null
    readonly lostKeys: number
    readonly lineage?: Lineage | undefined
    readonly atMs: number
  },
): FlotillaMemory {
  const { lostKeys, operation, result, offsetGapBytes, detail, lineage = null, atMs } = ended
  const { phase: _phase, ...entry } = operation
  const isAnswered = operation.requestId !== null && operation.requestId === memory.request?.requestId
  const master = { ordinal: operation.to, sinceMs: atMs, lineage }
  return {
    ...memory,
    operation: null,
    dataLost: lostKeys === 0 ? memory.dataLost : { atMs, keys: lostKeys, reason: operation.reason },
    ...(result === 'done' ? { epoch: operation.epoch, master } : {}),
    source:
      result === 'done' && operation.kind === 'take-over' && memory.source !== null
        ? { ...memory.source, phase: 'left' }
        : memory.source,
    request: isAnswered ? null : memory.request,
    divergent: [...new Set([...memory.divergent, ...newlyDivergent(operation, result)])].filter(
      ordinal => result !== 'done' || ordinal !== operation.to,
    ),
    history: withEntry(memory, { ...entry, endedAtMs: atMs, result, offsetGapBytes, detail }),
  }
}

/** The memory once a request was answered without an operation. */
export function afterRequest(
  memory: FlotillaMemory,
  answer: {
    readonly request: Request
    readonly result: 'done' | 'refused'
    readonly detail: string
    readonly divergent: readonly number[]
    readonly atMs: number
  },
): FlotillaMemory {
  const { request, result, detail, divergent, atMs } = answer
  const diverged = { ...memory, divergent: [...new Set([...memory.divergent, ...divergent])] }
  // What changed nothing is no history.
  if (result === 'refused')
    return withCompletedRequest(diverged, { requestId: request.requestId, result, detail })
  const from = memory.master?.ordinal ?? null
  const entry: HistoryEntry = {
    kind: request.kind === 'approve' ? 'switchover' : request.kind,
    epoch: memory.epoch,
    from,
    to: request.to ?? from ?? 0,
    reason: 'it was asked for',
    troubleAtMs: request.atMs,
    startedAtMs: request.atMs,
    requestId: request.requestId,
    endedAtMs: atMs,
    result,
    offsetGapBytes: null,
    detail,
  }
  return { ...diverged, request: null, history: withEntry(memory, entry) }
}

function withEntry(memory: FlotillaMemory, entry: HistoryEntry): readonly HistoryEntry[] {
  return [...memory.history, entry].slice(-historyEntriesMax)
}

/**
 * A planned change of masters leaves nothing behind on the old one; an unplanned one may. Who follows already
 * is taken off the list by the next look.
 */
function newlyDivergent({ kind, from, to }: Operation, result: 'done' | 'aborted'): readonly number[] {
  return result === 'done' && operationTraits[kind].leavesData && from !== null && from !== to ? [from] : []
}

/**
 * The memory once a restart was asked for: whose containers are older than that are to be recreated, and what
 * they did before is forgotten, as is what has failed.
 */
export function afterRestartRequest(memory: FlotillaMemory, ask: RestartRequest): FlotillaMemory {
  const ordinals = ask.node === null ? memory.nodes.map(node => node.ordinal) : [ask.node]
  return ordinals.reduce<FlotillaMemory>(
    (changed, ordinal) =>
      withNodeRecord(changed, ordinal, record => ({ ...record, crashes: [], restartAskedAtMs: ask.atMs })),
    { ...memory, failed: [] },
  )
}

/** The memory in which a volume goes as soon as nothing else is left to do. */
export function withVolumeToRemove(memory: FlotillaMemory, removed: VolumeToRemove): FlotillaMemory {
  const { volumesToRemove } = withoutVolumeToRemove(memory, removed.ordinal)
  return { ...memory, volumesToRemove: [...volumesToRemove, removed] }
}

/** The memory once a node's volume has gone, or is in use again. */
export function withoutVolumeToRemove(memory: FlotillaMemory, ordinal: number): FlotillaMemory {
  return { ...memory, volumesToRemove: memory.volumesToRemove.filter(one => one.ordinal !== ordinal) }
}
