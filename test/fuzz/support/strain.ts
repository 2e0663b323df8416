/** What work has cost this process. */
export interface Strain {
  /** The longest time that the event loop stood still with work of ours, ms. */
  readonly hangMs: number
  /** What was held at most beyond what was held at first, bytes of resident memory. */
  readonly growthBytes: number
}

const everyMs = 10

/**
 * Watches this process until the function that it returns is called. A loop that stands still because the machine gives us no processor is no hang, so of each
 * pause only what the process has computed in it counts.
 */
export function watchProcess(): () => Strain {
  const firstBytes = process.memoryUsage.rss()
  let mostBytes = firstBytes
  let hangMs = 0
  let lastMs = performance.now()
  let lastCpu = process.cpuUsage()
  const timer = setInterval(() => {
    const cpu = process.cpuUsage(lastCpu)
    const pauseMs = performance.now() - lastMs - everyMs
    hangMs = Math.max(hangMs, Math.min(pauseMs, (cpu.user + cpu.system) / 1_000))
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
    lastMs = performance.now()
    lastCpu = process.cpuUsage()
  }, everyMs)
  return () => {
    clearInterval(timer)
    return { hangMs: Math.round(hangMs), growthBytes: mostBytes - firstBytes }
  }
}
