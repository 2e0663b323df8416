import { digestOfJson } from '../manifest/digest.js'
import { noConfig, type ConfigInForce } from './config-in-force.js'
import type { LiveOptions } from '../redis/options.js'

/** What our memory says of a container whose redis.conf was written: which one, and a digest of the options in it that the spec hash leaves out. */
export function filedAs(containerId: string, config: ConfigInForce | null): string {
  return `${containerId} ${digestOfJson((config ?? noConfig).options)}`
}

/** What our memory says of a process that was tuned: which one, and a digest of what it was tuned to. */
export function tunedTo(runId: string, options: LiveOptions): string {
  return `${runId} ${digestOfJson(options)}`
}
