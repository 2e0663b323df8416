import { saveSnapshot, whenAwake, type FakeProcess } from './fake-process.js'
import { rewriteAof } from './fake-replica.js'
import type { FakeWire } from './fake-wire.js'
import type { ConfigValues } from '../../../src/model/redis.js'

/**
 * CONFIG SET of what decides how it keeps its data. A new append-only file holds nothing until the rewrite is
 * done.
 */
export function setPersistence(wire: FakeWire, process: FakeProcess, config: ConfigValues): void {
  const { save, appendonly } = config
  if (save !== undefined) process.savePoints = save !== ''
  if (appendonly === 'yes' && process.persistence !== 'aof') {
    process.persistence = 'aof'
    process.aofIsCurrent = false
    rewriteAof(wire, process)
  }
  if (appendonly === 'no' || process.persistence !== 'aof')
    process.persistence = process.savePoints ? 'rdb' : 'none'
}

/** What is written is what it held when the child was forked. */
export function beginSnapshot({ clock, timing }: FakeWire, process: FakeProcess): void {
  if (clock.monotonicMs() < process.forkUntilMs) return
  const { data, replid, offset } = process
  const tookMs = timing.syncMs()
  process.forkUntilMs = clock.monotonicMs() + tookMs
  clock.after(tookMs, () =>
    whenAwake(process, () => {
      saveSnapshot({ ...process, data, replid, offset })
      process.lastSaveAtMs = clock.nowMs()
    }),
  )
}

/** Saves as SHUTDOWN does. @returns why it can't, and goes on; null when all is on its disk. */
export function whyNotShutDown(process: FakeProcess, save: boolean): string | null {
  if (process.persistence === 'aof' && !process.aofIsCurrent) return "Writing initial AOF, can't exit"
  if (save && process.diskIsFull) return 'Errors trying to SHUTDOWN. Check logs.'
  if (save) saveSnapshot(process)
  process.disk.aofSynced = process.disk.aof
  return null
}
