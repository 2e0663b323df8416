/**
 * Changes one value in a manifest's text and leaves every other byte as it is: comments, quotes, line ends,
 * order. The new value is spliced in where the old one stands; then the result is read again, and must differ
 * in that one value and in nothing else.
 */
import { Scalar, stringify } from 'yaml'
import { FlotillaError } from '../errors.js'
import { canonicalJson } from '../json-digest.js'
import { renderDiagnostic } from './diagnostic.js'
import { valueAt } from './explain.js'
import { labelOf } from './field-path.js'
import type { FieldPath } from './field-path.js'
import { parseManifest } from './parse.js'
import type { DeclaredFlotilla } from './parse.js'
import { allowAll } from './policy.js'
import { readYaml } from './yaml-tree.js'
import type { YamlValue } from './yaml-tree.js'

/** `file` is for messages. */
export interface EditTarget {
  readonly file: string
  readonly flotilla: string
}

/**
 * The text with another number of replicas. Throws FlotillaError manifest/edit-refused, as setScalar does.
 */
export function setReplicas(text: string, target: EditTarget, replicas: number): string {
  return setScalar(text, target, ['spec', 'replicas'], replicas)
}

/**
 * The text in which the flotilla is hibernated, or is not. Where nothing is written of it, a line of its own
 * is put before `replicas`, which every manifest has. Throws FlotillaError manifest/edit-refused, as
 * setScalar does.
 */
export function setHibernate(text: string, target: EditTarget, hibernate: boolean): string {
  const path: FieldPath = ['spec', 'hibernate']
  const { source } = findDeclared(text, target)
  const root = rootOf(text, source.document)
  if (root === null || valueAt(root, path) !== null) return setScalar(text, target, path, hibernate)
  if (!hibernate) return text
  const refuse = (): FlotillaError =>
    new FlotillaError(
      'manifest/edit-refused',
      `${target.file}: hibernate of ${target.flotilla} has no place of its own in the manifest`,
      { hint: `In the document of ${target.flotilla}, add hibernate: true under spec by hand.` },
    )
  const keyStart = valueAt(root, ['spec', 'replicas'])?.keyStart ?? null
  if (keyStart === null || !isWrittenHere(root, ['spec', 'replicas'])) throw refuse()
  const indent = text.slice(text.lastIndexOf('\n', keyStart - 1) + 1, keyStart)
  const separator = /^ *$/.test(indent) ? `${text.includes('\r\n') ? '\r\n' : '\n'}${indent}` : ', '
  const edited = `${text.slice(0, keyStart)}hibernate: true${separator}${text.slice(keyStart)}`
  const isAdded = (document: number, at: string): boolean =>
    document === source.document && at === canonicalJson(path)
  const meant = canonicalText(edited, (document, at) => (isAdded(document, at) ? omitted : undefined))
  const { diagnostics } = parseManifest(edited, { file: target.file, policy: allowAll })
  if (meant !== canonicalText(text) || diagnostics.length > 0) throw refuse()
  return edited
}

/**
 * The text with the value at `path` of a flotilla's document replaced. Throws FlotillaError
 * manifest/edit-refused, with what to edit by hand, when the text has errors, doesn't declare the flotilla,
 * doesn't spell the value out at that place, or would come to mean something else elsewhere too.
 */
export function setScalar(
  text: string,
  { file, flotilla }: EditTarget,
  path: FieldPath,
  value: string | number | boolean,
): string {
  const declared = findDeclared(text, { file, flotilla })
  const root = rootOf(text, declared.source.document)
  const manualHint = `In the document of ${flotilla}, set ${path.join('.')} to ${String(value)} by hand.`
  const refuse = (reason: string): FlotillaError =>
    new FlotillaError('manifest/edit-refused', `${file}: ${labelOf(path)} of ${flotilla} ${reason}`, {
      hint: manualHint,
    })

  const old = root === null ? null : valueAt(root, path)
  if (root === null || old === null) throw refuse('is not written in the manifest, so its default applies')
  if (!isWrittenHere(root, path))
    throw refuse('comes from another place of the manifest, through an alias (*) or a merge (<<)')
  if (typeof old.value === 'object') throw refuse('is not a single value')
  if (/[|>]/.test(text.charAt(old.start))) throw refuse('is written as a block of text')

  const edited = text.slice(0, old.start) + yamlText(value, text[old.start]) + text.slice(old.end)
  const { diagnostics } = parseManifest(edited, { file, policy: allowAll })
  if (diagnostics[0] !== undefined)
    throw new FlotillaError('manifest/edit-refused', renderDiagnostic(diagnostics[0]), {
      hint: `The manifest was not changed; ${labelOf(path)} of ${flotilla} stays as it was.`,
    })
  const wanted = canonicalText(text, (document, at) =>
    document === declared.source.document && at === canonicalJson(path) ? value : undefined,
  )
  if (canonicalText(edited) !== wanted) throw refuse('is used in other places too, through its anchor (&)')
  return edited
}

function findDeclared(text: string, { file, flotilla }: EditTarget): DeclaredFlotilla {
  const { declared, diagnostics } = parseManifest(text, { file, policy: allowAll })
  const first = diagnostics[0]
  if (first !== undefined)
    throw new FlotillaError('manifest/edit-refused', renderDiagnostic(first), {
      hint: 'The manifest has errors; correct them first. Nothing was changed.',
    })
  const named = declared.filter(({ spec }) => spec.name === flotilla)
  const [only, second] = named
  if (only === undefined)
    throw new FlotillaError('manifest/edit-refused', `${file}: declares no flotilla ${flotilla}`, {
      hint: `It declares: ${declared.map(({ spec }) => spec.name).join(', ') || 'nothing'}.`,
    })
  if (second !== undefined)
    throw new FlotillaError(
      'manifest/edit-refused',
      `${file}: declares ${flotilla} twice, in lines ${only.nameAt.line} and ${second.nameAt.line}`,
      { hint: 'Remove one of the two documents first. Nothing was changed.' },
    )
  return only
}

function rootOf(text: string, document: number): YamlValue | null {
  return readYaml(text)[document]?.root ?? null
}

/** Nothing on the way from the root to the value is an alias or merged in. */
function isWrittenHere(root: YamlValue, path: FieldPath): boolean {
  return path.every((_, depth) => valueAt(root, path.slice(0, depth + 1))?.origin === 'here')
}

/** The value as YAML, in the quotes that the old one had where the new one can be written so. */
function yamlText(value: string | number | boolean, oldFirst: string | undefined): string {
  const scalar = new Scalar(value)
  if (typeof value === 'string' && oldFirst === '"') scalar.type = 'QUOTE_DOUBLE'
  if (typeof value === 'string' && oldFirst === "'") scalar.type = 'QUOTE_SINGLE'
  return stringify(scalar, { lineWidth: 0 }).trimEnd()
}

/** In place of a value: as if nothing were written there. */
const omitted = Symbol('omitted')

/** Everything that the text says, as one string; `replace` may put another value at a place. */
function canonicalText(
  text: string,
  replace: (document: number, path: string) => unknown = () => undefined,
): string {
  const documents = readYaml(text).map(({ root }, document) => {
    const canonicalValue = (at: YamlValue | null, path: FieldPath): unknown => {
      if (at === null) return null
      const replaced = replace(document, canonicalJson(path))
      if (replaced !== undefined) return replaced
      if (at.children.size === 0) return at.value
      return [...at.children].flatMap(([key, child]) => {
        const value = canonicalValue(child, [...path, key])
        return value === omitted ? [] : [[key, value]]
      })
    }
    return canonicalValue(root, [])
  })
  return JSON.stringify(documents)
}
