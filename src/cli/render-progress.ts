import { renderWait } from '../reconciler/plan/render-plan.js'
import type { FlotillaStatus } from '../model/status.js'
import type { Style, Colors } from './colors.js'
import { formatBytes } from '../units.js'
import { renderTable } from './table.js'

/** How far the work on one flotilla is. */
export interface FlotillaProgress {
  readonly name: string
  /** As of the last look; null before the first. */
  readonly status: FlotillaStatus | null
  /** The plan that is carried out; null between two. */
  readonly steps: { readonly done: number; readonly total: number; readonly last: string | null } | null
  /** What the plan has done to a node last, in a word, by ordinal. */
  readonly stepOf: ReadonlyMap<number, string>
  readonly pull: PullProgress | null
}

export interface PullProgress {
  readonly image: string
  readonly doneBytes: number
  readonly totalBytes: number
}

/**
 * What a person who waits looks at: how far each flotilla is, and each node of those that are not Ready.
 * Every line fits.
 */
export function renderProgress(
  flotillas: readonly FlotillaProgress[],
  context: { readonly columns: number; readonly colors: Colors },
): string {
  // A column is left free: a line that fills the last one is wrapped by some terminals.
  const fit = (text: string): string =>
    text.length < context.columns ? text : `${text.slice(0, context.columns - 2)}…`
  const write = (text: string, style: Style): string => `${style(fit(text))}\n`
  return flotillas
    .flatMap(one => [
      write(headOf(one), context.colors.bold),
      ...detailsOf(one).map(text => write(text, context.colors.dim)),
    ])
    .join('')
}

function headOf({ name, status, steps }: FlotillaProgress): string {
  const phase = status?.phase ?? 'Creating'
  if (steps === null) return `${name}  ${phase}`
  const last = steps.last === null ? '' : `, last: ${steps.last}`
  return `${name}  ${phase}  ${steps.done} of ${steps.total} steps${last}`
}

function detailsOf({ status, steps, stepOf, pull }: FlotillaProgress): readonly string[] {
  if (status?.phase === 'Ready' && steps === null) return []
  const ordinals = [...new Set([...(status?.nodes ?? []).map(node => node.ordinal), ...stepOf.keys()])]
  const rows = ordinals
    .sort((a, b) => a - b)
    .map(ordinal => {
      const node = status?.nodes.find(one => one.ordinal === ordinal)
      // While a plan is carried out nobody looks at the nodes: then its own steps are the news.
      return [`  ${node?.name ?? `node ${ordinal}`}`, stepOf.get(ordinal) ?? node?.health ?? '']
    })
  return [
    ...(rows.length === 0 ? [] : renderTable(['', ''], rows).split('\n').slice(1)),
    ...(pull === null ? [] : [`  pulling ${pullText(pull)}`]),
    ...(steps === null ? (status?.waitingFor ?? []).map(what => `  ${renderWait({ what })}`) : []),
  ]
}

/** `redis:8: 45 %, 50MiB of 110MiB` */
export function pullText({ image, doneBytes, totalBytes }: PullProgress): string {
  return `${image}: ${percentOf({ doneBytes, totalBytes })} %, ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`
}

export function percentOf({ doneBytes, totalBytes }: Omit<PullProgress, 'image'>): number {
  return totalBytes === 0 ? 0 : Math.floor((100 * doneBytes) / totalBytes)
}
