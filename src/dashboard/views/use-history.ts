import { useEffect, useState } from 'preact/hooks'
import { flotillaPath, read } from '../api/client.js'
import type { EventRecord, HistoryEntry } from '../model/api-types.js'

/** The changes of masters, newest last; asked for again when the journal tells of another. */
export function useHistory(
  name: string,
  events: readonly EventRecord[],
  isLive: boolean,
): readonly HistoryEntry[] {
  const [history, setHistory] = useState<readonly HistoryEntry[]>([])
  const lastChange = events.findLast(
    ({ flotilla, event }) => flotilla === name && masterChangeEvents.has(event),
  )?.id
  useEffect(() => {
    if (!isLive) return
    let isWanted = true
    read<{ readonly history: readonly HistoryEntry[] }>(flotillaPath(name, 'history'))
      .then(answer => isWanted && setHistory(answer.history))
      // The stream tells when the daemon is not there; what is known stands so long.
      .catch(() => undefined)
    return () => {
      isWanted = false
    }
  }, [name, lastChange, isLive])
  return history
}

const masterChangeEvents: ReadonlySet<string> = new Set([
  'master.changed',
  'master.promoted',
  'operation.aborted',
  'request.completed',
  'flotilla.ready',
])
