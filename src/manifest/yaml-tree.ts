/**
 * Text → documents of plain values, each with the place where it stands. We walk the parser's nodes ourselves
 * instead of calling its toJS(), because an error message needs to know where a value was written, an edit
 * needs to know whether it was written here or came through an alias or a merge (`<<`), and because expanding
 * aliases needs a budget (ten lines of `*a, *a, *a …` can ask for billions of values).
 */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import type { Document, Pair, YAMLMap } from 'yaml'
import { excerptOf } from './excerpt.js'
import { unfinishedMerge } from './merge-conflict.js'
import { whyNotParse } from './yaml-guard.js'
import type { YamlProblem } from './yaml-problem.js'
import { explainYamlError } from './yaml-errors.js'

export interface YamlDocument {
  /** Null when the document holds nothing (or only comments), and when it has problems. */
  readonly root: YamlValue | null
  readonly problems: readonly YamlProblem[]
}

export interface YamlValue {
  /** Plain data: null, boolean, number, string, array, or an object without a prototype. */
  readonly value: unknown
  /** Where the value itself stands, without anchor, tag and comment; for an alias, where the alias stands. */
  readonly start: number
  readonly end: number
  /** Where the key before it stands; null for list items and document roots. */
  readonly keyStart: number | null
  /** Whether it was written at this place, or comes from elsewhere in the document. */
  readonly origin: 'here' | 'alias' | 'merge'
  /** By key or index, as text. */
  readonly children: ReadonlyMap<string, YamlValue>
}

/**
 * Never throws. A problem that concerns the whole text (too deep, a quote never closed) leaves one document
 * that holds it.
 */
export function readYaml(text: string): readonly YamlDocument[] {
  const refusal = unfinishedMerge(text) ?? whyNotParse(text)
  if (refusal !== null) return [{ root: null, problems: [refusal] }]
  try {
    const documents = parseAllDocuments(text, {
      // Comparing each key with each other takes the square of their number; readMap does it with a set.
      uniqueKeys: false,
      merge: true,
      resolveKnownTags: false,
      prettyErrors: false,
      logLevel: 'silent',
    })
    return Array.from(documents, document => readDocument(document, text))
  } catch (error) {
    // The guard should leave nothing that makes the parser throw. If something does, it is still the manifest
    // that is refused.
    const reason = error instanceof Error ? error.message : String(error)
    return [{ root: null, problems: [{ offset: 0, message: `can't be read as YAML (${reason})` }] }]
  }
}

function readDocument(document: Document.Parsed, text: string): YamlDocument {
  const first = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])[0]
  if (first !== undefined) {
    // One mistake makes the parser stumble over everything after it: only the first complaint helps.
    const [start, end] = first.pos
    const excerpt = excerptOf(text, { start, end: Math.max(end, start + 1) })
    return { root: null, problems: [{ offset: start, message: explainYamlError(first, excerpt) }] }
  }
  const version = document.directives.yaml.version
  if (document.directives.yaml.explicit === true && version !== '1.2')
    return {
      root: null,
      problems: [
        { offset: 0, message: `written for YAML ${version}, where yes means true; remove the %YAML line` },
      ],
    }
  if (document.contents === null || isNothing(document.contents)) return { root: null, problems: [] }
  const walk = new TreeWalk(document, text)
  const root = walk.read(document.contents, { keyStart: null, origin: 'here' })
  return walk.problems.length === 0 ? { root, problems: [] } : { root: null, problems: walk.problems }
}

/** `---` alone, or comments alone: the parser makes an empty scalar of it. */
function isNothing(node: unknown): boolean {
  return isScalar(node) && node.value === null && (node.source === '' || node.source === undefined)
}

interface NodePosition {
  readonly keyStart: number | null
  readonly origin: YamlValue['origin']
}

/** More than any manifest has, and read in milliseconds. */
const valuesMax = 50_000
const nestingMax = 200

/** One walk over one document: the budget that is left, and what went wrong. */
class TreeWalk {
  readonly problems: YamlProblem[] = []
  readonly #text: string
  readonly #targets: ReadonlyMap<object, object>
  #valuesLeft = valuesMax
  #depth = 0
  #exhausted = false
  /** Where the alias stands that is being expanded, the outermost of them; null outside of aliases. */
  #aliasStart: number | null = null

  constructor(document: Document.Parsed, text: string) {
    this.#text = text
    this.#targets = aliasTargets(document)
  }

  read(node: unknown, position: NodePosition): YamlValue {
    const [start, end] = rangeOf(node)
    const at = { start, end, ...position }
    if (!this.#exhausted && (this.#valuesLeft === 0 || this.#depth === nestingMax)) {
      const message = 'this alias (*) repeats itself or others without end; write the values out'
      this.#complain(this.#aliasStart ?? start, message)
      this.#exhausted = true
    }
    if (this.#exhausted) return { ...at, value: null, children: new Map() }
    this.#valuesLeft--
    this.#depth++
    const content = this.#readContent(node, position)
    this.#depth--
    return { ...at, ...content }
  }

  #readContent(node: unknown, position: NodePosition): Pick<YamlValue, 'value' | 'children'> {
    if (isAlias(node)) {
      const target = this.#targets.get(node)
      // Only value and children: the place stays that of the alias, which is where the user wrote it.
      if (target !== undefined) {
        const outermost = this.#aliasStart === null
        this.#aliasStart ??= rangeOf(node)[0]
        const { value, children } = this.read(target, { ...position, origin: 'alias' })
        if (outermost) this.#aliasStart = null
        return { value, children }
      }
      this.#complain(
        rangeOf(node)[0],
        unknownAlias(excerptOf(this.#text, { start: rangeOf(node)[0], end: rangeOf(node)[1] }).slice(1)),
      )
      return { value: null, children: new Map() }
    }
    if (isMap(node)) return this.#readMap(node, position)
    if (isSeq(node)) {
      const items = node.items.map(item => this.read(item, { ...position, keyStart: null }))
      return {
        value: items.map(item => item.value),
        children: new Map(items.map((item, index) => [String(index), item])),
      }
    }
    return { value: isScalar(node) ? this.#plainScalar(node.value, node.source) : null, children: new Map() }
  }

  #plainScalar(value: unknown, source: string | undefined): unknown {
    if (typeof value === 'bigint') return Number(value)
    if (typeof value === 'number') return value === 0 ? 0 : value // -0 is 0 to everyone who writes it
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
    // Only tags make anything else, and those are refused as unknown.
    return source ?? null
  }

  #readMap(map: YAMLMap, position: NodePosition): Pick<YamlValue, 'value' | 'children'> {
    const children = new Map<string, YamlValue>()
    const merges: { readonly pair: Pair; readonly keyStart: number }[] = []
    for (const pair of map.items) {
      const keyStart = rangeOf(pair.key)[0]
      if (isMergeKey(pair.key)) {
        merges.push({ pair, keyStart })
        continue
      }
      const key = this.#readKey(pair.key)
      if (key === null) continue
      if (children.has(key))
        this.#complain(keyStart, `${JSON.stringify(key)} is written twice here; keep one of them`)
      children.set(key, this.read(pair.value, { ...position, keyStart }))
    }
    for (const { pair, keyStart } of merges) this.#merge(children, pair.value, { ...position, keyStart })
    const value = Object.create(null) as Record<string, unknown>
    for (const [key, child] of children) value[key] = child.value
    return { value, children }
  }

  #readKey(key: unknown): string | null {
    if (isScalar(key) && key.value !== null)
      return typeof key.value === 'string' ? key.value : (key.source ?? null)
    const [start, end] = rangeOf(key)
    const what = end > start ? JSON.stringify(excerptOf(this.#text, { start, end }).slice(0, 40)) : 'nothing'
    const isTemplate = this.#text.slice(start - 1, start + 1) === '{{'
    this.#complain(
      start,
      isTemplate
        ? 'a template, {{ … }}, is never filled in here; write the value itself'
        : `a key must be a word, and this one is ${what}; write it as key: value`,
    )
    return null
  }

  /**
   * `<<: *base` or `<<: [*base, *more]`: keys that are written out win, then those of the first in the list.
   */
  #merge(
    into: Map<string, YamlValue>,
    source: unknown,
    position: NodePosition & { readonly keyStart: number },
  ): void {
    const merged = this.read(source, { ...position, origin: 'merge' })
    const maps = Array.isArray(merged.value) ? [...merged.children.values()] : [merged]
    for (const map of maps) {
      if (typeof map.value !== 'object' || map.value === null || Array.isArray(map.value)) {
        this.#complain(position.keyStart, '<< takes a mapping, or a list of mappings; write <<: *name')
        continue
      }
      for (const [key, child] of map.children)
        if (!into.has(key)) into.set(key, { ...child, keyStart: child.keyStart, origin: 'merge' })
    }
  }

  #complain(offset: number, message: string): void {
    // Once the walk is cut short, what it misses is not the user's mistake.
    if (!this.#exhausted) this.problems.push({ offset, message })
  }
}

function unknownAlias(name: string): string {
  return `*${name} names no anchor above it; define &${name} first, or put quotes around the value`
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol'
}

/**
 * Which node each alias shows: the last one above it with that anchor. Looked up in the order of the text,
 * before anything is expanded.
 */
function aliasTargets(document: Document.Parsed): ReadonlyMap<object, object> {
  const targets = new Map<object, object>()
  const anchored = new Map<string, object>()
  const visit = (node: unknown): void => {
    if (isAlias(node)) {
      const target = anchored.get(node.source)
      if (target !== undefined) targets.set(node, target)
      return
    }
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined)
      anchored.set(node.anchor, node)
    if (isSeq(node)) node.items.forEach(visit)
    if (isMap(node))
      for (const pair of node.items) {
        visit(pair.key)
        visit(pair.value)
      }
  }
  visit(document.contents)
  return targets
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null
  return Array.isArray(range) ? [Number(range[0]), Number(range[1])] : [0, 0]
}
