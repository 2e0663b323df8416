import { renderHistory } from '../../src/cli/render-history.js'
import { historyEntry, nowMs } from '../reconciler/support/world.js'
import { compareScreens } from '../support/golden.js'

const startedAtMs = nowMs - 3_600_000

compareScreens('history', screen =>
  renderHistory(
    [
      historyEntry({
        ...{ kind: 'creation', epoch: 1, from: null, to: 0, offsetGapBytes: null },
        ...{ reason: 'a new flotilla starts with its lowest ordinal as master' },
        ...{ troubleAtMs: startedAtMs, startedAtMs, endedAtMs: startedAtMs + 2_175 },
      }),
      historyEntry({
        ...{ kind: 'failover', epoch: 2, from: 0, to: 1, offsetGapBytes: 512 },
        ...{ reason: 'node 0, the master, has closed its connections and nothing listens at its address' },
        ...{ troubleAtMs: startedAtMs, startedAtMs: startedAtMs + 3, endedAtMs: startedAtMs + 181 },
      }),
      historyEntry({
        ...{ kind: 'switchover', epoch: 2, from: 1, to: 0, result: 'refused', offsetGapBytes: null },
        ...{ reason: 'somebody asked for it', detail: 'node 0 is not in sync' },
        ...{ troubleAtMs: nowMs - 1_000, startedAtMs: nowMs - 1_000, endedAtMs: nowMs - 1_000 },
      }),
    ],
    { ...screen, nowMs },
  ),
)
