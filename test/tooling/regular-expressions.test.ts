import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSync } from 'oxc-parser'
import { checkSync } from 'recheck'

/** One expression of the shipped program, where it stands. */
interface Pattern {
  readonly path: string
  readonly source: string
  readonly flags: string
}

const files = ['src', 'cmd'].flatMap(folder =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => /\.tsx?$/.test(path))
    .map(path => join(folder, path)),
)

test('no regular expression costs more than linear time, whatever it is given', () => {
  const patterns = files.flatMap(path => patternsIn(path, readFileSync(path, 'utf8')))
  assert.ok(patterns.length > 100, 'run from the project’s own folder')
  assert.deepEqual(patterns.flatMap(whyNotLinear), [])
})

test('the check bites', () => {
  const slow = patternsIn('x.ts', String.raw`const a = /(a|a)*b/; const b = /\s+$/; const c = /^\s+/`)
  assert.deepEqual(slow.flatMap(whyNotLinear), [
    'x.ts: /(a|a)*b/ is exponential',
    String.raw`x.ts: /\s+$/ is polynomial`,
  ])
})

test('no regular expression is built from what comes in', () => {
  const built = files.filter(path =>
    nodesOf(parseSync(path, readFileSync(path, 'utf8')).program).some(isConstructed),
  )
  assert.deepEqual(built, [])
})

function whyNotLinear({ path, source, flags }: Pattern): readonly string[] {
  // No deadline of its own: on a busy machine it would end the proof.
  const result = checkSync(source, flags, { timeout: null })
  if (result.status === 'safe') return []
  const cost = result.status === 'unknown' ? `not understood (${result.error.kind})` : result.complexity.type
  return [`${path}: /${source}/${flags} is ${cost}`]
}

function patternsIn(path: string, text: string): readonly Pattern[] {
  return nodesOf(parseSync(path, text).program).flatMap(node =>
    node['type'] === 'Literal' && isRegex(node['regex'])
      ? [{ path, source: node['regex'].pattern, flags: node['regex'].flags }]
      : [],
  )
}

type SyntaxNode = Readonly<Record<string, unknown>>

/** Every node of the syntax tree below `root`, itself first. */
function nodesOf(root: unknown): readonly SyntaxNode[] {
  if (Array.isArray(root)) return root.flatMap(nodesOf)
  if (typeof root !== 'object' || root === null) return []
  return [root as SyntaxNode, ...Object.values(root).flatMap(nodesOf)]
}

function isRegex(value: unknown): value is { readonly pattern: string; readonly flags: string } {
  return typeof value === 'object' && value !== null && 'pattern' in value && 'flags' in value
}

function isConstructed({ type, callee }: SyntaxNode): boolean {
  return (
    (type === 'NewExpression' || type === 'CallExpression') && (callee as SyntaxNode)['name'] === 'RegExp'
  )
}
