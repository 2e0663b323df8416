import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What work has cost this process. */
export interface ProcessLoad {
  /** The longest time that the event loop stood still with work of ours, ms. */
  readonly hangMs: number
  /** What was held at most beyond what was held at first, bytes; what waits for the collector is not held. */
  readonly growthBytes: number
}

const everyMs = 10
/** Below this nobody looks whether it is garbage, and above it not more often than so. */
const doubtfulBytes = 8 * 1024 * 1024
const collectEveryMs = 250

/**
 * Watches this process until the function that it returns is called. A loop that stands still because the
 * machine gives us no processor is no hang, so of each pause only what the process has computed in it counts.
 */
export function watchProcess(): () => ProcessLoad {
  const collect = collector()
  collect()
  const firstBytes = heldBytes()
  let mostBytes = firstBytes
  let collectedAtMs = performance.now()
  let hangMs = 0
  let lastMs = performance.now()
  let lastCpu = process.cpuUsage()
  const timer = setInterval(() => {
    const cpu = process.cpuUsage(lastCpu)
    const pauseMs = performance.now() - lastMs - everyMs
    hangMs = Math.max(hangMs, Math.min(pauseMs, (cpu.user + cpu.system) / 1_000))
    const isDoubtful = heldBytes() - Math.max(mostBytes, firstBytes + doubtfulBytes) > 0
    if (isDoubtful && performance.now() - collectedAtMs > collectEveryMs) {
      collect()
      collectedAtMs = performance.now()
      mostBytes = Math.max(mostBytes, heldBytes())
    }
    // What the collection has taken is ours, not that of what is watched.
    lastMs = performance.now()
    lastCpu = process.cpuUsage()
  }, everyMs)
  return () => {
    clearInterval(timer)
    collect()
    return { hangMs: Math.round(hangMs), growthBytes: Math.max(mostBytes, heldBytes()) - firstBytes }
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** V8's own, which a program has only where it asks for it. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
