/**
 * What is wanted, carried from one load of the manifests to the next. Pure. The rule:
 *
 * 1. Each document stands for itself. A sound one is believed, whatever else its file holds.
 * 2. A broken one changes nothing: what was accepted of that name stays in force, with what is wrong with the
 *    document.
 * 3. A flotilla whose document is gone is missing, when nothing speaks against it. These do: the file that it
 *    came from is broken, or is there but declares nothing at all any more (a save that was cut short looks
 *    like that); a broken document elsewhere has its name; or there is one whose name can't be read.
 * 4. One that is missing stays wanted for a grace period, because a checkout, an rsync or a mount that comes
 *    late look just like that. If it is still missing then, it is deleted. Whatever speaks for it meanwhile
 *    ends that time.
 * 5. Nothing is ever missing because the directory is, or is unreadable or empty: that is how an unmounted
 *    volume looks. So removing the last manifest deletes nothing either, and the diagnostic names the
 *    command.
 */
import { digestOf } from './digest.js'
import type { Diagnostic } from './diagnostic.js'
import type { LoadResult } from './load.js'
import { assignNames } from './unique-names.js'
import type { CheckedFile } from './unique-names.js'
import { assignLocations } from './unique-locations.js'
import type { Source } from './parse.js'
import type { FlotillaSpec } from '../model/spec.js'

export interface DesiredState {
  readonly flotillas: ReadonlyMap<string, DesiredFlotilla>
  /**
   * Names that were wanted before this load and are not any more. What becomes of them is their
   * deletionPolicy's to say.
   */
  readonly deleted: readonly DeletedFlotilla[]
  /** Everything that is wrong with the manifests now, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface DesiredFlotilla {
  readonly spec: FlotillaSpec
  /** Null for one that is only remembered from an earlier run. */
  readonly source: Source | null
  readonly digest: string
  /**
   * Why the spec in force is the last good one and not what the manifest says; empty when it is what the
   * manifest says.
   */
  readonly diagnostics: readonly Diagnostic[]
  /** Null while a document declares it, or something speaks for it. */
  readonly missing: Missing | null
}

/** No document declares it any more. Times are of the clock that the loads were folded by. */
export interface Missing {
  readonly sinceMs: number
  /** It is kept until then. */
  readonly removedAtMs: number
}

/** When a load was made, and for how long a flotilla is kept that is missing from then on. */
export interface FoldTime {
  readonly nowMs: number
  readonly graceMs: (spec: FlotillaSpec) => number
}

/** For whoever only looks: nothing is ever deleted. */
export const neverDelete: FoldTime = { nowMs: 0, graceMs: () => Number.POSITIVE_INFINITY }

export interface DeletedFlotilla {
  readonly name: string
  /** As last accepted, with the deletionPolicy that now applies. */
  readonly spec: FlotillaSpec
}

/** Before the first load, where there is no memory of earlier runs: `flotilla validate`. */
export const emptyDesiredState: DesiredState = { flotillas: new Map(), deleted: [], diagnostics: [] }

/**
 * What the first load is folded over: the specs that an earlier run accepted last, so that a restart forgets
 * no flotilla and no deletion.
 */
export function desiredStateFromRecords(folded: readonly FlotillaSpec[]): DesiredState {
  const flotillas = folded.map((spec): [string, DesiredFlotilla] => [
    spec.name,
    { spec, source: null, digest: digestOf(spec), diagnostics: [], missing: null },
  ])
  return { flotillas: new Map(flotillas), deleted: [], diagnostics: [] }
}

/** Folds a new load over what was wanted before, by the rule above. */
export function updateDesiredState(previous: DesiredState, load: LoadResult, time: FoldTime): DesiredState {
  if (load.kind !== 'loaded')
    return keepPrevious(previous, explainNotLoaded(load, [...previous.flotillas.keys()]))
  const digests = [...previous.flotillas].map(([name, { digest }]) => [name, digest] as const)
  const files = assignLocations(assignNames(load.files, incumbentsOf(previous)), new Map(digests))
  const flotillas = new Map<string, DesiredFlotilla>()
  for (const { spec, source, digest } of files.flatMap(file => file.declared))
    flotillas.set(spec.name, { spec, source, digest, diagnostics: [], missing: null })

  const deleted: DeletedFlotilla[] = []
  const kept: Diagnostic[] = []
  for (const [name, before] of previous.flotillas) {
    if (flotillas.has(name)) continue
    const diagnostics = whyNotMissing(name, before, files)
    const missing = diagnostics === null ? missingSince(before, time) : null
    if (missing !== null && missing.removedAtMs <= time.nowMs) deleted.push({ name, spec: before.spec })
    else flotillas.set(name, { ...before, diagnostics: diagnostics ?? [], missing })
    kept.push(...(diagnostics ?? []))
  }
  const diagnostics = new Set([...files.flatMap(file => file.diagnostics), ...kept])
  return { flotillas, deleted, diagnostics: [...diagnostics] }
}

function missingSince({ missing, spec }: DesiredFlotilla, { nowMs, graceMs }: FoldTime): Missing {
  return missing ?? { sinceMs: nowMs, removedAtMs: nowMs + graceMs(spec) }
}

function incumbentsOf(previous: DesiredState): ReadonlyMap<string, string> {
  const pairs = [...previous.flotillas].flatMap(([name, { source }]): [string, string][] =>
    source === null ? [] : [[name, source.file]],
  )
  return new Map(pairs)
}

/** What speaks for a flotilla that no document declares; null when it is missing. */
function whyNotMissing(
  name: string,
  { source }: DesiredFlotilla,
  files: readonly CheckedFile[],
): readonly Diagnostic[] | null {
  const own = files.flatMap(file => file.broken).find(document => document.name === name)
  if (own !== undefined) return own.diagnostics
  const home = files.find(file => file.file === source?.file)
  if (home !== undefined && !isValid(home)) return home.diagnostics
  // One that is only remembered may have come from any file.
  const blank = files.find(file => isEmpty(file) && (file === home || source === null))
  if (blank !== undefined)
    return [
      {
        file: blank.file,
        position: null,
        message: `declares nothing, so ${name} is kept as it was; put its document back, or delete the file to remove ${name}`,
      },
    ]
  const unread = files.find(file => file.broken.some(document => document.name === null))
  // What is wrong with that file comes first: after a restart this is all that tells of a typo in the
  // flotilla's own manifest.
  if (unread !== undefined)
    return [
      ...unread.diagnostics,
      {
        file: unread.file,
        position: null,
        message: `might declare ${name}, which no other file does, so ${name} is kept until this file is fixed`,
      },
    ]
  return null
}

function isValid(file: CheckedFile): boolean {
  return file.diagnostics.length === 0
}

function isEmpty(file: CheckedFile): boolean {
  return isValid(file) && file.declared.length === 0
}

function keepPrevious(previous: DesiredState, reason: Diagnostic): DesiredState {
  const flotillas = [...previous.flotillas].map(([name, flotilla]): [string, DesiredFlotilla] => [
    name,
    { ...flotilla, diagnostics: [reason], missing: null },
  ])
  return { flotillas: new Map(flotillas), deleted: [], diagnostics: [reason] }
}

function explainNotLoaded(
  load: Exclude<LoadResult, { readonly kind: 'loaded' }>,
  kept: readonly string[],
): Diagnostic {
  const what = {
    missing: 'does not exist; create it, or mount it again',
    empty: 'holds no manifest; put one in it (a file that ends in .yaml)',
    unreadable: load.kind === 'unreadable' ? load.reason : '',
  }[load.kind]
  const first = kept[0]
  const consequence =
    first === undefined
      ? ''
      : `. Nothing is deleted because of that: ${kept.join(', ')} ${kept.length === 1 ? 'stays' : 'stay'} as last declared. To remove ${kept.length === 1 ? 'it' : 'one'}, run: flotilla down ${first}`
  return { file: load.path, position: null, message: what + consequence }
}
