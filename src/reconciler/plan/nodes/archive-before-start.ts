import { imagePin } from '../../desired/desired-image.js'
import { unreadableFolder } from '../../../model/names.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { PlacedAction } from '../ordering.js'
import { whyUnreadable } from './unreadable-data.js'
import { volumeOf } from './volumes.js'
/**
 * What a node that was replaced unplanned holds may be the only copy of some writes. Of one that is to be
 * master again it is the data, and stays where it is. What a replica holds that its server ends over is a
 * copy of what the master has, and keeps it from getting another.
 */
export function archiveData(input: PlanInput, node: Member, master: number | null): PlacedAction[] {
  const { ordinal } = node
  const volume = volumeOf(input, node)
  if (input.seen.resources?.volumes.some(one => one.name === volume) === false) return []
  const cause = whyDivergent(input, node)
  if (cause !== null && input.seen.resources !== null) {
    const folder = `epoch-${input.memory.epoch}`
    return [
      {
        band: 'create',
        action: { kind: 'archive-data', ordinal, volume, folder, ...imagePin(input), cause },
      },
    ]
  }
  const unreadable = whyUnreadable(input, node)
  if (unreadable === null || !hasActiveMaster(input, master)) return []
  return [
    {
      band: 'create',
      action: {
        kind: 'archive-data',
        ordinal,
        volume,
        folder: unreadableFolder,
        unreadable: true,
        ...imagePin(input),
        cause: `its server can't read it (${unreadable}), and the master has it all`,
      },
    },
  ]
}

/**
 * Why a volume may hold writes that the master has not; null when nothing speaks for it. A master that came
 * back on its own data may have come back on an older snapshot: whoever was in sync with it since then has
 * what it has, and what a node held that was away by then is not known.
 */
function whyDivergent({ memory }: PlanInput, { ordinal, seen }: Member): string | null {
  if (memory.divergent.includes(ordinal))
    return 'it was master until it was replaced, and may hold writes that nobody else has'
  const restartedAtMs = memory.history.findLast(
    ({ kind, result }) => kind === 'restart' && result === 'done',
  )?.endedAtMs
  // One that has run since is looked at as it is, and its history compared.
  const isNew = seen === null || seen.container.startedAtMs === null
  if (!isNew || restartedAtMs === undefined) return null
  const inSyncAtMs = memory.nodes.find(one => one.ordinal === ordinal)?.lineage?.seenAtMs ?? null
  return inSyncAtMs !== null && inSyncAtMs > restartedAtMs
    ? null
    : 'it was not in sync since the master came back on its own data, and may hold writes that nobody else has'
}

function hasActiveMaster({ seen }: PlanInput, master: number | null): boolean {
  return seen.nodes.some(node => node.ordinal === master && factsOfNode(node)?.role === 'master')
}
