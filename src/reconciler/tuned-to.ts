import { digestOfJson } from '../manifest/digest.js'
import type { LiveOptions } from '../redis/options.js'

/** What our memory says of a process that was tuned: which one, and a digest of what it was tuned to. */
export function tunedTo(runId: string, options: LiveOptions): string {
  return `${runId} ${digestOfJson(options)}`
}
