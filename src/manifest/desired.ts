/**
 * What is wanted, carried from one load of the manifests to the next. Pure. The rule:
 *
 * 1. A sound file is believed: its flotillas are wanted as written.
 * 2. From a broken file (any diagnostic in it, or it can't be read) nothing changes: what was accepted from it stays in force, with the
 *    file's diagnostics. Only a flotilla that was never accepted before is taken from the sound documents of such a file, so that
 *    after a restart one typo does not leave the other flotillas without anyone to look after them.
 * 3. A flotilla is deleted when its file is gone, or its document was removed from its file, and nothing speaks against it. These do:
 *    its file is broken, or is there but declares nothing at all any more (a save that was cut short looks like that);
 *    a broken document elsewhere has its name; or there is a file that can't be read, which might declare it.
 * 4. Nothing is ever deleted because the directory is missing, unreadable or empty: that is how an unmounted volume looks. So
 *    removing the last manifest deletes nothing either, and the diagnostic says what to type.
 */
import { digestOf } from './digest.js'
import type { Diagnostic } from './diagnostic.js'
import type { LoadResult } from './load.js'
import { giveNames } from './one-name-each.js'
import type { JudgedFile } from './one-name-each.js'
import type { DeclaredFlotilla, Source } from './parse.js'
import type { FlotillaSpec } from './spec.js'

export interface Desires {
  readonly flotillas: ReadonlyMap<string, DesiredFlotilla>
  /** Names that were wanted before this load and are not any more. What becomes of them is their deletionPolicy's to say. */
  readonly deleted: readonly DeletedFlotilla[]
  /** Everything that is wrong with the manifests now, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface DesiredFlotilla {
  readonly spec: FlotillaSpec
  /** Null for one that is only remembered from an earlier run. */
  readonly source: Source | null
  readonly digest: string
  /** Why the spec in force is the last good one and not what the manifest says; empty when it is what the manifest says. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface DeletedFlotilla {
  readonly name: string
  /** As last accepted, with the deletionPolicy that now applies. */
  readonly spec: FlotillaSpec
}

/** Before the first load, where there is no memory of earlier runs: `flotilla validate`. */
export const noDesires: Desires = { flotillas: new Map(), deleted: [], diagnostics: [] }

/** What the first load is folded over: the specs that an earlier run accepted last, so that a restart forgets no flotilla and no deletion. */
export function desiresFromMemory(remembered: readonly FlotillaSpec[]): Desires {
  const flotillas = remembered.map((spec): [string, DesiredFlotilla] => [
    spec.name,
    { spec, source: null, digest: digestOf(spec), diagnostics: [] },
  ])
  return { flotillas: new Map(flotillas), deleted: [], diagnostics: [] }
}

/** Folds a new load over what was wanted before, by the rule above. */
export function desire(previous: Desires, load: LoadResult): Desires {
  if (load.kind !== 'loaded') return keepAll(previous, explainNothing(load, [...previous.flotillas.keys()]))
  const files = giveNames(load.files, incumbentsOf(previous))
  const flotillas = new Map<string, DesiredFlotilla>()
  for (const file of files)
    for (const declared of file.declared)
      flotillas.set(declared.spec.name, accept(declared, file, previous.flotillas.get(declared.spec.name)))

  const deleted: DeletedFlotilla[] = []
  const kept: Diagnostic[] = []
  for (const [name, before] of previous.flotillas) {
    if (flotillas.has(name)) continue
    const reasons = whyNotDelete(name, before, files)
    if (reasons === null) deleted.push({ name, spec: before.spec })
    else {
      flotillas.set(name, { ...before, diagnostics: reasons })
      kept.push(...reasons)
    }
  }
  const diagnostics = new Set([...files.flatMap(file => file.diagnostics), ...kept])
  return { flotillas, deleted, diagnostics: [...diagnostics] }
}

function incumbentsOf(previous: Desires): ReadonlyMap<string, string> {
  const pairs = [...previous.flotillas].flatMap(([name, { source }]): [string, string][] =>
    source === null ? [] : [[name, source.file]],
  )
  return new Map(pairs)
}

function accept(
  declared: DeclaredFlotilla,
  file: JudgedFile,
  before: DesiredFlotilla | undefined,
): DesiredFlotilla {
  const { spec, source, digest } = declared
  const unchanged = before === undefined || before.digest === digest
  if (isSound(file) || unchanged) return { spec, source, digest, diagnostics: [] }
  return { ...before, diagnostics: file.diagnostics }
}

/** The reasons to keep a flotilla that no document declares, or null when it was deleted. */
function whyNotDelete(
  name: string,
  { source }: DesiredFlotilla,
  files: readonly JudgedFile[],
): readonly Diagnostic[] | null {
  const home = files.find(file => file.file === source?.file)
  if (home !== undefined && !isSound(home)) return home.diagnostics
  const naming = files.find(file => !isSound(file) && file.names.includes(name))
  if (naming !== undefined) return naming.diagnostics
  // One that is only remembered may have come from any file.
  const blank = files.find(file => isBlank(file) && (file === home || source === null))
  if (blank !== undefined)
    return [
      {
        file: blank.file,
        position: null,
        message: `declares nothing, so ${name} is kept as it was; put its document back, or delete the file to remove ${name}`,
      },
    ]
  const unread = files.find(file => file.names === 'unknown')
  // What is wrong with that file comes first: after a restart this is all that tells of a typo in the flotilla's own manifest.
  if (unread !== undefined)
    return [
      ...unread.diagnostics,
      {
        file: unread.file,
        position: null,
        message: `might declare ${name}, which no other file does, so ${name} is kept until this file is put right`,
      },
    ]
  return null
}

function isSound(file: JudgedFile): boolean {
  return file.diagnostics.length === 0
}

function isBlank(file: JudgedFile): boolean {
  return isSound(file) && file.declared.length === 0
}

function keepAll(previous: Desires, reason: Diagnostic): Desires {
  const flotillas = [...previous.flotillas].map(([name, flotilla]): [string, DesiredFlotilla] => [
    name,
    { ...flotilla, diagnostics: [reason] },
  ])
  return { flotillas: new Map(flotillas), deleted: [], diagnostics: [reason] }
}

function explainNothing(
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
