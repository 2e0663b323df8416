import { Counter, Gauge, type Registry } from 'prom-client'

/** What the daemon knows of itself, asked at each scrape. */
export interface ProcessFacts {
  /** See EventLoop. */
  readonly loopLagMs: () => number
  readonly droppedLogLines: () => number
}

/**
 * The process, under the names that Prometheus's client libraries give it. Not their default collection: that
 * watches the event loop a hundred times a second, which would be most of what a daemon at rest does.
 */
export function registerProcessMetrics(registry: Registry, version: string, self: ProcessFacts): void {
  const registers = [registry]
  new Gauge({
    name: 'flotilla_build_info',
    help: 'Always 1: which Flotilla runs, on which Node.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.versions.node }, 1)
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the daemon was started, in seconds since the epoch.',
    registers,
  }).set(Math.round(performance.timeOrigin) / 1000)
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time that the daemon has used.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      cpu.reset()
      cpu.inc((user + system) / 1e6)
    },
  })
  const memory: Gauge = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the daemon holds.',
    registers,
    collect: (): void => memory.set(process.memoryUsage.rss()),
  })
  const lag: Gauge = new Gauge({
    name: 'flotilla_event_loop_lag_seconds',
    help: 'The longest that something which was due had to wait for the event loop, in the last minute or two; a failover waits as long.',
    registers,
    collect: (): void => lag.set(self.loopLagMs() / 1_000),
  })
  const dropped = new Counter({
    name: 'flotilla_log_lines_dropped_total',
    help: 'Lines of the log that were never written, because it took no more.',
    registers,
    collect() {
      dropped.reset()
      dropped.inc(self.droppedLogLines())
    },
  })
}
