import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { readLockHolder } from '../state/lock.js'
import { wrap } from './table.js'
import type { Colors } from './colors.js'
import type { Paths } from '../session/open-store.js'

/**
 * Who carries out what a plan says: the daemon, or a command such as `up` for as long as it lasts; null while
 * nobody does.
 */
export interface ActiveReconciler {
  readonly pid: number
  readonly command: string
}

export async function findReconciler({ state }: Pick<Paths, 'state'>): Promise<ActiveReconciler | null> {
  const found = await readLockHolder(resolve(state), systemClock)
  return found?.alive === true ? { pid: found.holder.pid, command: found.holder.command } : null
}

/**
 * Said before everything else while nobody acts: a reader would take what follows for what happens. Nothing
 * otherwise.
 */
export function noReconciler(
  reconciler: ActiveReconciler | null,
  paths: Pick<Paths, 'manifests' | 'state'>,
  context: { readonly columns: number | null; readonly colors: Colors },
): string {
  if (reconciler !== null) return ''
  const notice = 'No daemon runs: a node that crashes stays down, and no master is replaced.'
  const lines = context.columns === null ? [notice] : wrap(notice, Math.max(20, context.columns))
  return `${lines.map(line => context.colors.bad(line)).join('\n')}\n  fix: ${context.colors.bold(runCommand(paths))}\n\n`
}

/** With the places that the reader has named: the command is there to be copied. */
function runCommand({ manifests, state }: Pick<Paths, 'manifests' | 'state'>): string {
  return [
    'flotilla run',
    ...(manifests === 'manifests' ? [] : [`--manifests ${quoted(manifests)}`]),
    ...(state === 'state' ? [] : [`--state ${quoted(state)}`]),
  ].join(' ')
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
