import { Counter, Gauge, type Registry } from 'prom-client'

/** What the daemon knows of itself, asked at each scrape. */
export interface ProcessFacts {
  /** See EventLoop. */
  readonly loopLagMs: () => number
  readonly droppedLogLines: () => number
  /** Null where the Sentinel protocol is not spoken. */
  readonly sentinel: () => {
    readonly connections: number
    readonly commands: ReadonlyMap<string, number>
  } | null
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
  registerSentinelMetrics(registry, self)
}

function registerSentinelMetrics(registry: Registry, { sentinel }: ProcessFacts): void {
  const registers = [registry]
  const connections: Gauge = new Gauge({
    name: 'flotilla_sentinel_connections',
    help: 'Clients that are connected to ask for masters as of a Redis Sentinel; 0 where that is not offered.',
    registers,
    collect: (): void => connections.set(sentinel()?.connections ?? 0),
  })
  const commands = new Counter({
    name: 'flotilla_sentinel_commands_total',
    help: 'What these clients have sent, by command; `unknown` is none that is known.',
    labelNames: ['command'],
    registers,
    collect() {
      commands.reset()
      for (const [command, count] of sentinel()?.commands ?? []) commands.inc({ command }, count)
    },
  })
}
