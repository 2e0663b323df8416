/**
 * Text → what it declares, or what is wrong with it. Pure, but that a relative `file` is taken from the
 * current folder when a path in the manifest is resolved. Whatever the text is, this returns; errors are
 * Diagnostics.
 */
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { digestOf } from './digest.js'
import type { Diagnostic, Position } from './diagnostic.js'
import { explainIssues, valueAt } from './explain.js'
import type { Explanations } from './explain.js'
import type { FieldPath } from './field-path.js'
import { defaultPolicy, policyViolations, type PolicyContext, type Policy } from './policy.js'
import { linePositions } from './positions.js'
import { apiVersion, kind, manifestSchema } from './schema.js'
import type { FlotillaSpec } from '../model/spec.js'
import { suggest } from './suggest.js'
import type { YamlProblem } from './yaml-problem.js'
import { readYaml } from './yaml-tree.js'
import type { YamlDocument, YamlValue } from './yaml-tree.js'

export interface ParsedManifest {
  /** Every document that is right, in the order of the text; two may have the same name. */
  readonly declared: readonly DeclaredFlotilla[]
  readonly broken: readonly BrokenDocument[]
  /** What is wrong with the broken ones, in the order of the text; the last says how much is left out. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * A document that says nothing that can be taken into force. It speaks for itself alone: its neighbours count
 * as they are written.
 */
export interface BrokenDocument {
  /**
   * metadata.name; null when the document is so broken that it can't be read. Nothing may be taken for
   * deleted because of a document that might declare it.
   */
  readonly name: string | null
  /** What is wrong with it; never empty. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface DeclaredFlotilla {
  readonly spec: FlotillaSpec
  readonly source: Source
  /** Where its name is written. */
  readonly nameAt: Position
  /** Of the spec with its defaults: two texts that mean the same have the same digest. */
  readonly digest: string
}

export interface Source extends Position {
  readonly file: string
  /** Counted from 0, empty documents included. */
  readonly document: number
}

/**
 * After these the rest is noise. Of each broken document the first is found all the same, for whoever asks
 * for that one.
 */
const diagnosticsMax = 20
/** Far above what one host can run; a bound on the work for a text of separators. */
const documentsMax = 500

/** `policy`: what its author may ask for. */
export function parseManifest(
  text: string,
  { file, policy = defaultPolicy }: { readonly file: string; readonly policy?: Policy },
): ParsedManifest {
  const documents = readYaml(text)
  if (documents.length > documentsMax) {
    const diagnostics = [{ file, position: null, message: tooManyDocuments(documents.length) }]
    return { declared: [], broken: [{ name: null, diagnostics }], diagnostics }
  }
  const folder = dirname(resolve(file))
  const reading = { schema: manifestSchema(folder), policy, folder }
  const positionOf = linePositions(text)
  const declared: DeclaredFlotilla[] = []
  const broken: BrokenDocument[] = []
  let omittedCount = 0
  // Each broken document says at least what is wrong with it first.
  let left = diagnosticsMax
  documents.forEach((document, index) => {
    const read = readDocument(reading, document, Math.max(1, left))
    if (read.kind === 'broken') {
      const { name, problems } = read
      const diagnostics = problems.map(({ offset, message }) => ({
        file,
        position: positionOf(offset),
        message,
      }))
      broken.push({ name, diagnostics })
      omittedCount += read.omittedCount
      left -= diagnostics.length
    }
    if (read.kind === 'sound') {
      const source = { file, document: index, ...positionOf(read.root.start) }
      const nameAt = positionOf(valueAt(read.root, ['metadata', 'name'])?.start ?? read.root.start)
      declared.push({ spec: read.spec, source, nameAt, digest: digestOf(read.spec) })
    }
  })
  const all = broken.flatMap(document => document.diagnostics)
  const diagnostics = all.slice(0, diagnosticsMax)
  return {
    declared,
    broken,
    diagnostics: withCount(diagnostics, omittedCount + all.length - diagnostics.length),
  }
}

function tooManyDocuments(count: number): string {
  return `holds ${count} documents, and ${documentsMax} are the most; split it into several files`
}

type ReadDocument =
  | { readonly kind: 'blank' }
  | { readonly kind: 'sound'; readonly spec: FlotillaSpec; readonly root: YamlValue }
  | ({ readonly kind: 'broken'; readonly name: string | null } & Explanations)

interface Reading extends PolicyContext {
  readonly schema: z.ZodType<FlotillaSpec>
}

function readDocument(
  { schema, ...context }: Reading,
  { root, problems }: YamlDocument,
  most: number,
): ReadDocument {
  if (problems.length > 0) return brokenBy(problems, { name: null, most })
  if (root === null) return { kind: 'blank' }
  // Where nobody has words for it the code is the message: zod's own words are made by calling what may be in
  // the value (`constructor: { name: {} }`).
  const result = schema.safeParse(root.value, { error: issue => issue.code })
  if (result.success) {
    const refused = policyViolations(result.data, context)
    if (refused.length === 0) return { kind: 'sound', spec: result.data, root }
    return brokenBy(
      refused.map(({ path, message }) => ({ offset: offsetAt(root, path), message })),
      { name: result.data.name, most },
    )
  }
  const foreign = whyForeign(root)
  if (foreign !== null) return brokenBy([{ offset: root.start, message: foreign }], { name: null, most })
  const written = valueAt(root, ['metadata', 'name'])?.value
  const issues = relevant(root, result.error.issues)
  return {
    kind: 'broken',
    name: typeof written === 'string' ? written : null,
    ...explainIssues(schema, root, { issues, most }),
  }
}

function brokenBy(
  problems: readonly YamlProblem[],
  { name, most }: { readonly name: string | null; readonly most: number },
): ReadDocument {
  return {
    kind: 'broken',
    name,
    problems: problems.slice(0, most),
    omittedCount: Math.max(0, problems.length - most),
  }
}

/** Of what is not written but a default, the nearest mapping that is. */
function offsetAt(root: YamlValue, path: FieldPath): number {
  for (let length = path.length; length > 0; length--) {
    const found = valueAt(root, path.slice(0, length))
    if (found !== null) return found.start
  }
  return root.start
}

/** The last that is told says how many are not. */
function withCount(diagnostics: readonly Diagnostic[], omittedCount: number): readonly Diagnostic[] {
  const last = diagnostics.at(-1)
  if (last === undefined || omittedCount === 0) return diagnostics
  return [
    ...diagnostics.slice(0, -1),
    { ...last, message: `${last.message} (and ${omittedCount} more errors after this one)` },
  ]
}

/**
 * A manifest of Kubernetes that has come into this folder: nothing in it is to be corrected. Null for what
 * may have been meant for us.
 */
function whyForeign(root: YamlValue): string | null {
  const [version, other] = ['apiVersion', 'kind'].map(key => valueAt(root, [key])?.value)
  if (typeof version !== 'string' || typeof other !== 'string') return null
  if (suggest(version, [apiVersion]) !== null || suggest(other, [kind]) !== null) return null
  const shown = [other, version].map(word => (word.length > 60 ? `${word.slice(0, 60)}…` : word))
  return `this is a ${shown.join(' of ')}, which is not for Flotilla; move it to another folder (a flotilla has apiVersion: ${apiVersion} and kind: ${kind})`
}

/** Of a document of another kind only that is worth saying: it was never meant to have our keys. */
function relevant(root: YamlValue, issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const ofOtherKind = [
    { key: 'apiVersion', wanted: apiVersion },
    { key: 'kind', wanted: kind },
  ].some(({ key, wanted }) => {
    const value = valueAt(root, [key])?.value
    return value !== undefined && value !== null && value !== wanted
  })
  if (!ofOtherKind) return issues
  return issues.filter(issue => issue.path[0] === 'apiVersion' || issue.path[0] === 'kind')
}
