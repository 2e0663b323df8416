import { setTimeout as sleepFor } from 'node:timers/promises'
import { masterName } from '../../src/model/names.js'
import type { RawEngine } from './raw-engine.js'
import { addressOf } from './node-poller.js'
import { dialOnce, type Wire } from './wire.js'

/**
 * An application that writes all the while through the master's name, and counts what was acknowledged: key
 * 0, 1, 2 … of each of its clients.
 */
export interface SteadyWriter {
  readonly count: number
  /** The longest time without any acknowledgement since then (`performance.now()`), ms. */
  pauseMsMax(sinceMs: number): number
  /** Ends it. @returns how many of the acknowledged keys the master has not. */
  countLost(): Promise<number>
}

/** An answer that has not come by then does not come: the client connects again. */
const replyTimeoutMs = 1_000

export function startWriter(
  engine: RawEngine,
  wanted: {
    readonly flotilla: string
    readonly password: string
    readonly clients: number
    /** Each client writes one key so often; less often where the answers take longer. */
    readonly everyMs: number
  },
): SteadyWriter {
  const { flotilla, password, clients, everyMs } = wanted
  const connect = async (): Promise<Wire> =>
    dialOnce(await addressOf(engine, masterName(flotilla), flotilla), password)
  const acknowledged: { readonly key: string; readonly atMs: number }[] = []
  const over = new AbortController()
  const write = async (client: number): Promise<void> => {
    let wire: Wire | null = null
    for (let number = 0; !over.signal.aborted; number += 1) {
      const key = `written:${client}:${number}`
      try {
        wire ??= await connect()
        await withTimeout(wire.ask('SET', key, 'x'))
        acknowledged.push({ key, atMs: performance.now() })
        await sleepFor(everyMs)
      } catch {
        wire?.close()
        wire = null
        await sleepFor(5)
      }
    }
    wire?.close()
  }
  const loops = Array.from({ length: clients }, (_, client) => write(client))
  return {
    get count() {
      return acknowledged.length
    },
    pauseMsMax(sinceMs) {
      const times = [sinceMs, ...acknowledged.map(one => one.atMs).filter(ms => ms > sinceMs)].sort(
        (a, b) => a - b,
      )
      return Math.max(...times.slice(1).map((ms, index) => ms - (times[index] ?? ms)))
    },
    async countLost() {
      over.abort()
      await Promise.all(loops)
      const wire = await connect()
      let there = 0
      for (let start = 0; start < acknowledged.length; start += 1_000) {
        const keys = acknowledged.slice(start, start + 1_000).map(one => one.key)
        there += Number(await wire.ask('EXISTS', ...keys))
      }
      wire.close()
      return acknowledged.length - there
    },
  }
}

async function withTimeout<Value>(answer: Promise<Value>): Promise<Value> {
  answer.catch(() => undefined)
  const late = new AbortController()
  const timeout = sleepFor(replyTimeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no answer for ${replyTimeoutMs} ms`)
  })
  try {
    return await Promise.race([answer, timeout])
  } finally {
    late.abort()
    timeout.catch(() => undefined)
  }
}
