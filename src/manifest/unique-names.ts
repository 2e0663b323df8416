/**
 * A name belongs to one document. Two names never meet in Docker either: `<a>-master`, `<a>-replica-<n>` and
 * `<a>-<n>` end in a word or a number that no dash follows, so different stems give different names (a test
 * tries to prove otherwise).
 */
import type { Diagnostic } from './diagnostic.js'
import type { FileOutcome } from './load.js'
import type { BrokenDocument, DeclaredFlotilla } from './parse.js'

export interface CheckedFile {
  readonly file: string
  /** The documents that have their name to themselves. */
  readonly declared: readonly DeclaredFlotilla[]
  readonly broken: readonly BrokenDocument[]
  /** Empty when the file is sound. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Gives every name to the first document that declares it; a later one gets a diagnostic that names the
 * first. `incumbents` says which file a name came from until now: that file keeps it, so that a stray copy
 * can't take over a running flotilla because its file name sorts before.
 */
export function assignNames(
  files: readonly FileOutcome[],
  incumbents: ReadonlyMap<string, string>,
): readonly CheckedFile[] {
  const owners = new Map<string, DeclaredFlotilla>()
  for (const declared of files.flatMap(declaredIn)) {
    const { name } = declared.spec
    const owner = owners.get(name)
    const incumbent = incumbents.get(name)
    const takesOver = owner?.source.file !== incumbent && declared.source.file === incumbent
    if (owner === undefined || takesOver) owners.set(name, declared)
  }
  return files.map(outcome => checkFile(outcome, owners))
}

function checkFile(outcome: FileOutcome, owners: ReadonlyMap<string, DeclaredFlotilla>): CheckedFile {
  const all = declaredIn(outcome)
  const taken = all.flatMap(declared => {
    const owner = owners.get(declared.spec.name)
    return owner === undefined || owner === declared ? [] : [explainDuplicate(declared, owner)]
  })
  return {
    file: outcome.file,
    declared: all.filter(declared => owners.get(declared.spec.name) === declared),
    broken: brokenIn(outcome),
    diagnostics: [...outcome.diagnostics, ...taken],
  }
}

/** A file that can't be read might hold any document. */
function brokenIn(outcome: FileOutcome): readonly BrokenDocument[] {
  return outcome.kind === 'parsed' ? outcome.broken : [{ name: null, diagnostics: outcome.diagnostics }]
}

function explainDuplicate(declared: DeclaredFlotilla, owner: DeclaredFlotilla): Diagnostic {
  const first = `${owner.source.file}:${owner.nameAt.line}:${owner.nameAt.col}`
  return {
    file: declared.source.file,
    position: declared.nameAt,
    message: `the name ${declared.spec.name} is taken by ${first}; give this flotilla another name, or remove one of the two documents`,
  }
}

function declaredIn(outcome: FileOutcome): readonly DeclaredFlotilla[] {
  return outcome.kind === 'parsed' ? outcome.declared : []
}
