/**
 * Text → what it declares, or what is wrong with it. Pure, but that a relative `file` is taken from the current folder when a path in the manifest is
 * resolved. Whatever the text is, this returns; errors are Diagnostics.
 */
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { digestOf } from './digest.js'
import type { Diagnostic, Position } from './diagnostic.js'
import { explainIssues, valueAt } from './explain.js'
import { linePositions } from './positions.js'
import { apiVersion, kind, manifestSchema } from './schema.js'
import type { FlotillaSpec } from './spec.js'
import { readYaml } from './yaml-tree.js'
import type { YamlProblem } from './yaml-problem.js'
import type { YamlDocument, YamlValue } from './yaml-tree.js'

export interface ParsedManifest {
  /** Of every document that is right, in the order of the text; two may have the same name. */
  readonly declared: readonly DeclaredFlotilla[]
  /** Of every document that isn't. */
  readonly diagnostics: readonly Diagnostic[]
  /**
   * Every name that the text declares, in broken documents too; `unknown` when a document is so broken that its name can't be
   * read. Nothing may be taken for deleted because of a text that might mention it.
   */
  readonly names: readonly string[] | 'unknown'
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

/** After these the rest is noise. */
const diagnosticsMax = 20
/** Far above what one host can run; a bound on the work for a text of separators. */
const documentsMax = 500

export function parseManifest(text: string, { file }: { readonly file: string }): ParsedManifest {
  const schema = manifestSchema(dirname(resolve(file)))
  const positionOf = linePositions(text)
  const declared: DeclaredFlotilla[] = []
  const problems: YamlProblem[] = []
  const names: string[] = []
  let namesKnown = true

  const documents = readYaml(text)
  if (documents.length > documentsMax)
    return {
      declared: [],
      diagnostics: [
        {
          file,
          position: null,
          message: `holds ${documents.length} documents, and ${documentsMax} are the most; split it into several files`,
        },
      ],
      names: 'unknown',
    }
  documents.forEach((document, index) => {
    const read = readDocument(schema, document)
    problems.push(...read.problems)
    if (read.name !== null) names.push(read.name)
    else if (read.problems.length > 0) namesKnown = false
    if (read.spec !== null && document.root !== null) {
      const source = { file, document: index, ...positionOf(document.root.start) }
      const nameAt = positionOf(valueAt(document.root, ['metadata', 'name'])?.start ?? document.root.start)
      declared.push({ spec: read.spec, source, nameAt, digest: digestOf(read.spec) })
    }
  })
  const diagnostics = problems.map(({ offset, message }) => ({ file, position: positionOf(offset), message }))
  return { declared, diagnostics: capped(diagnostics), names: namesKnown ? names : 'unknown' }
}

interface ReadDocument {
  readonly spec: FlotillaSpec | null
  /** metadata.name where it can be read, of a broken document too. */
  readonly name: string | null
  readonly problems: readonly YamlProblem[]
}

function readDocument(schema: z.ZodType<FlotillaSpec>, { root, problems }: YamlDocument): ReadDocument {
  if (root === null) return { spec: null, name: null, problems }
  const written = valueAt(root, ['metadata', 'name'])?.value
  const name = typeof written === 'string' ? written : null
  // Where nobody has words for it the code is the message: zod's own words are made by calling what may be in the value (`constructor: { name: {} }`).
  const result = schema.safeParse(root.value, { error: issue => issue.code })
  if (result.success) return { spec: result.data, name, problems: [] }
  return { spec: null, name, problems: explainIssues(schema, root, relevant(root, result.error.issues)) }
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

function capped(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const last = diagnostics[diagnosticsMax - 1]
  if (last === undefined || diagnostics.length === diagnosticsMax) return diagnostics
  const more = diagnostics.length - diagnosticsMax + 1
  return [
    ...diagnostics.slice(0, diagnosticsMax - 1),
    { ...last, message: `${last.message} (and ${more - 1} more errors after this one)` },
  ]
}
