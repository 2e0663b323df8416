/**
 * Turns what the schema objects to into sentences for the person who wrote the manifest, each at the place to
 * change.
 */
import type { z } from 'zod'
import { keysAt, labelOf, docsAt } from './field-path.js'
import type { FieldPath } from './field-path.js'
import { suggest } from './suggest.js'
import { whyNotExpanded } from './unexpanded.js'
import type { YamlProblem } from './yaml-problem.js'
import type { YamlValue } from './yaml-tree.js'

/** Some sentences, and how many more there would be. */
export interface Explanations {
  /**
   * In the order of the text. Never empty: an objection that no sentence is made for is told as the schema
   * tells it.
   */
  readonly problems: readonly YamlProblem[]
  readonly omittedCount: number
}

/**
 * Explains the first `most` objections of a document, and counts the rest. Finding what a wrong key was meant
 * to be costs some 0.1 ms, so twenty thousand of them would keep the daemon from everything else for seconds,
 * to say what nobody reads.
 */
export function explainIssues(
  schema: z.ZodType,
  root: YamlValue,
  { issues, most }: { readonly issues: readonly z.core.$ZodIssue[]; readonly most: number },
): Explanations {
  const keys = keysAt(schema, [])
  if (root.children.size > 0 && !keys.some(key => root.children.has(key)))
    return {
      problems: [{ offset: root.start, message: `this is no flotilla manifest; ${startWith}` }],
      omittedCount: 0,
    }
  const located = issues
    .flatMap(flatten)
    .flatMap(splitKeys)
    .map(issue => ({ issue, offset: offsetOf(root, issue) }))
    .sort((a, b) => a.offset - b.offset)
  const misspelled = located
    .filter(({ issue }) => issue.code === 'unrecognized_keys')
    .slice(0, most)
    .flatMap(({ issue }) => keysMeant(schema, issue))
  const reportable = located.filter(
    ({ issue }) => !(valueAt(root, pathOf(issue)) === null && misspelled.includes(pathOf(issue).join('.'))),
  )
  const reported = reportable.slice(0, most)
  return {
    problems: reported.map(({ issue, offset }) => ({ offset, message: explainIssue(schema, root, issue) })),
    omittedCount: reportable.length - reported.length,
  }
}

const startWith = 'begin it with apiVersion: flotilla/v1 and kind: RedisReplication, then metadata and spec'

/**
 * A union is judged by the branch that the value was written for: the one that objects to its insides, not to
 * its type.
 */
function flatten(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.find(
    branch =>
      branch.length > 0 && branch.every(inner => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  )
  if (meant === undefined) return [issue]
  return meant.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(flatten)
}

/** The schema objects once to all the unknown keys of a mapping; a person is told of each where it stands. */
function splitKeys(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map(key => ({ ...issue, keys: [key] })) : [issue]
}

/** Where the thing to change stands: of a missing field, the mapping that lacks it. */
function offsetOf(root: YamlValue, issue: z.core.$ZodIssue): number {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys')
    return valueAt(root, [...path, ...issue.keys])?.keyStart ?? root.start
  const found = valueAt(root, path)
  if (found === null) {
    const parent = valueAt(root, path.slice(0, -1)) ?? root
    return parent.keyStart ?? parent.start
  }
  const isOfKey = issue.code === 'custom' && issue.params?.['at'] === 'key'
  return found.value === null || isOfKey ? (found.keyStart ?? found.start) : found.start
}

/**
 * Required keys that unknown keys are likely typos of: saying "missing" too would be saying the same thing
 * twice.
 */
function keysMeant(schema: z.ZodType, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== 'unrecognized_keys') return []
  const path = pathOf(issue)
  return issue.keys.flatMap(key => {
    const meant = suggest(key, keysAt(schema, path))
    return meant === null ? [] : [[...path, meant].join('.')]
  })
}

function explainIssue(schema: z.ZodType, root: YamlValue, issue: z.core.$ZodIssue): string {
  const path = pathOf(issue)
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return explainUnknownKey(schema, root, { path, key })
  }
  const found = valueAt(root, path)
  if (found === null) return explainMissing(schema, path)
  // A check without a message of its own has its code for one, and what is wanted says enough.
  if (issue.code === 'custom' && issue.message !== 'custom') return `${labelOf(path)} ${issue.message}`
  return explainWrongValue(schema, path, found.value, issue)
}

function explainUnknownKey(
  schema: z.ZodType,
  root: YamlValue,
  { path, key }: { readonly path: FieldPath; readonly key: string },
): string {
  const where = locationPhrase(path)
  const unknown = `unknown key ${JSON.stringify(shorten(key))} ${where}`
  const known = keysAt(schema, path)
  const free = known.filter(candidate => valueAt(root, [...path, candidate]) === null)
  const meant = suggest(key, free) ?? suggest(key, known)
  if (meant !== null && free.includes(meant)) return `${unknown}; did you mean ${meant}?`
  if (meant !== null) return `${unknown}; remove it, since ${meant} is there already`
  const advice = docsAt(schema, path)?.misplaced
  if (advice !== undefined && Object.hasOwn(advice, key))
    return `${unknown}; ${advice[key]?.(valueAt(root, [...path, key])?.value)}`
  const home = known.length === 0 || path.length > 1 ? null : homeOf(schema, path, key)
  if (home !== null) return `${unknown}; it belongs ${home}`
  return `${unknown}; remove it (${known.length === 1 ? 'the only key' : 'the keys'} here: ${known.join(', ')})`
}

/**
 * Where a key that is right in another place belongs, for people who indent it wrongly; null when it is right
 * nowhere.
 */
function homeOf(schema: z.ZodType, path: FieldPath, key: string): string | null {
  if (path.length > 0 && keysAt(schema, []).includes(key)) return 'at the top level, without indentation'
  for (const section of keysAt(schema, []))
    if (section !== path[0] && keysAt(schema, [section]).includes(key))
      return `under ${section}, indented by two spaces`
  return null
}

function explainMissing(schema: z.ZodType, path: FieldPath): string {
  return `${labelOf(path)} is missing; add ${exampleOf(schema, path)} ${locationPhrase(path.slice(0, -1))}`
}

function locationPhrase(path: FieldPath): string {
  if (path.length === 0) return 'at the top level'
  const key = path.at(-1) ?? ''
  return /^\d+$/.test(key) ? `in entry ${Number(key) + 1} of ${path.at(-2)}` : `under ${key}`
}

function explainWrongValue(
  schema: z.ZodType,
  path: FieldPath,
  value: unknown,
  issue: z.core.$ZodIssue,
): string {
  const docs = docsAt(schema, path)
  if (path.length === 0) return `a manifest must be a mapping, not ${show(value)}; ${startWith}`
  const label = labelOf(path)
  if (docs === undefined) return `${label} is not right (${issue.message}); it is ${show(value)}`
  const repaired = docs.repair?.(value) ?? null
  const advice =
    repaired === null
      ? (docs.advice ?? `write ${exampleOf(schema, path)}`)
      : `write ${path.at(-1)}: ${repaired}`
  if (value === null) return `${label} has no value; ${advice}`
  const isShown = typeof value === 'object' || !mayBeSecret(schema, path)
  const wrong = `${label} must be ${docs.wants}${isShown ? `, not ${show(value)}` : ''}`
  if (docs.wants === 'a mapping' && typeof value === 'string' && /^\w+:\S/.test(value))
    return `${wrong}; put a space after the colon`
  const meant = typeof value === 'string' ? suggest(value, docs.choices ?? []) : null
  if (meant !== null) return `${wrong}; did you mean ${path.at(-1)}: ${meant}?`
  const unfilled = typeof value === 'string' ? whyNotExpanded(value) : null
  return `${wrong}; ${unfilled ?? advice}`
}

/** As the field says itself, or the nearest around it that says anything. */
function mayBeSecret(schema: z.ZodType, path: FieldPath): boolean {
  for (let length = path.length; length > 0; length--) {
    const said = docsAt(schema, path.slice(0, length))?.mayBeSecret
    if (said !== undefined) return said
  }
  return false
}

function exampleOf(schema: z.ZodType, path: FieldPath): string {
  const docs = docsAt(schema, path)
  const key = path.at(-1)
  return docs === undefined ? `${key}: …` : `${key}: ${docs.example}`
}

/** What was found, short enough for one line. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(withoutLogin(value)))
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'a mapping' : String(value)
}

/** `https://user:password@host/` without who logs in: an address is copied with its password easily. */
function withoutLogin(text: string): string {
  const at = text.lastIndexOf('@')
  return at > 0 && text.lastIndexOf(':', at) !== -1 ? `…${text.slice(at)}` : text
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function pathOf(issue: z.core.$ZodIssue): FieldPath {
  return issue.path.map(String)
}

/** The value at `path`, or null when nothing was written there. */
export function valueAt(root: YamlValue, path: FieldPath): YamlValue | null {
  let at: YamlValue | undefined = root
  for (const key of path) at = at?.children.get(key)
  return at ?? null
}
