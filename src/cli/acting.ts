import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readLockHolder } from '../state/lock.js'
import { wrap } from './table.js'
import type { Paint } from './paint.js'
import type { Places } from './open-store.js'

/** Who carries out what a plan says: the daemon, or a command such as `up` for as long as it lasts; null while nobody does. */
export interface Acting {
  readonly pid: number
  readonly command: string
}

export async function whoActs({ state }: Pick<Places, 'state'>): Promise<Acting | null> {
  const found = await readLockHolder(resolve(state), systemClock)
  return found?.alive === true ? { pid: found.holder.pid, command: found.holder.command } : null
}

/** Said before everything else while nobody acts: a reader would take what follows for what happens. Nothing otherwise. */
export function nobodyActs(
  acting: Acting | null,
  places: Pick<Places, 'manifests' | 'state'>,
  view: { readonly columns: number | null; readonly paint: Paint },
): string {
  if (acting !== null) return ''
  const said = 'No daemon runs: a node that crashes stays down, and no master is replaced.'
  const lines = view.columns === null ? [said] : wrap(said, Math.max(20, view.columns))
  return `${lines.map(line => view.paint.bad(line)).join('\n')}\n  type: ${view.paint.strong(runCommand(places))}\n\n`
}

/** With the places that the reader has named: the command is there to be copied. */
function runCommand({ manifests, state }: Pick<Places, 'manifests' | 'state'>): string {
  return [
    'flotilla run',
    ...(manifests === 'manifests' ? [] : [`--manifests ${quoted(manifests)}`]),
    ...(state === 'state' ? [] : [`--state ${quoted(state)}`]),
  ].join(' ')
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
