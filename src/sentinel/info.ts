import type { MasterSet } from './master-set.js'
import type { Reply } from './reply.js'

export interface InfoFacts {
  /** The Redis whose protocol this is. */
  readonly redisVersion: string
  readonly flotillaVersion: string
  readonly runId: string
  readonly pid: number
  readonly port: number
  readonly uptimeMs: number
  readonly clients: number
  readonly clientsMax: number
  readonly masters: readonly {
    readonly set: MasterSet
    /** As this client is told it; null while there is none. */
    readonly address: { readonly host: string; readonly port: number } | null
  }[]
}

/** INFO, with the sections that programs look at: all, or those that are asked for. */
export function renderInfo(facts: InfoFacts, asked: readonly string[]): Reply {
  const wanted = asked.map(section => section.toLowerCase())
  const isAll = wanted.length === 0 || wanted.some(one => ['all', 'default', 'everything'].includes(one))
  return Object.entries(sections)
    .filter(([name]) => isAll || wanted.includes(name))
    .map(([name, render]) => {
      const lines = Object.entries(render(facts)).map(([field, value]) => `${field}:${value}\r\n`)
      return `# ${name.charAt(0).toUpperCase()}${name.slice(1)}\r\n${lines.join('')}`
    })
    .join('\r\n')
}

const sections: Readonly<Record<string, (facts: InfoFacts) => Readonly<Record<string, string | number>>>> = {
  server: ({ redisVersion, flotillaVersion, runId, pid, port, uptimeMs }) => ({
    redis_version: redisVersion,
    redis_mode: 'sentinel',
    flotilla_version: flotillaVersion,
    process_id: pid,
    run_id: runId,
    tcp_port: port,
    uptime_in_seconds: Math.floor(uptimeMs / 1_000),
    uptime_in_days: Math.floor(uptimeMs / 86_400_000),
  }),
  clients: ({ clients, clientsMax }) => ({ connected_clients: clients, maxclients: clientsMax }),
  sentinel: ({ masters }) => ({
    sentinel_masters: masters.length,
    sentinel_tilt: 0,
    sentinel_tilt_since_seconds: -1,
    sentinel_running_scripts: 0,
    sentinel_scripts_queue_length: 0,
    sentinel_simulate_failure_flags: 0,
    ...Object.fromEntries(masters.map((one, index) => [`master${index}`, masterLine(one)])),
  }),
}

function masterLine({ set, address }: InfoFacts['masters'][number]): string {
  const where = address === null ? '0.0.0.0:0' : `${address.host}:${address.port}`
  const status = set.master === null ? 'odown' : 'ok'
  return `name=${set.name},status=${status},address=${where},slaves=${set.replicas.length},sentinels=1`
}
