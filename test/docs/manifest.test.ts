import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Schema {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
}

const schema = JSON.parse(readFileSync('manifests/flotilla.schema.json', 'utf8')) as Schema
const fields = fieldsOf(schema, '').filter(([path]) => /^(metadata|spec)\./.test(path))
const paths = new Set(fields.map(([path]) => path))
const rows = new Map(
  [...readFileSync('docs/manifest.md', 'utf8').matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\| (.+?) *\|$/gm)].map(
    ([, path = '', leftOut = '', about = '']) => [path, { leftOut, about }],
  ),
)

test('every row of docs/manifest.md is a field of the schema', () => {
  assert.deepEqual(
    [...rows.keys()].filter(path => !paths.has(path)),
    [],
  )
})

test('every field of the schema has a row, or stands in the row of the field that it is in', () => {
  assert.ok(paths.size > 40)
  const missing = [...paths].filter(path => !rows.has(path) && !isInsideARow(path) && !hasRowsInside(path))
  assert.deepEqual(missing, [])
})

test('every default in the table is the one of the schema', () => {
  const defaults = new Map(fields.map(([path, field]) => [path, field.default]))
  for (const [path, { leftOut }] of rows) {
    const value = defaults.get(path)
    if (typeof value === 'string' || typeof value === 'number')
      assert.ok(leftOut.includes(String(value)), `${path} is ${value} when it is left out, not ${leftOut}`)
  }
})

function isInsideARow(path: string): boolean {
  const [key = '', ...outer] = path.split('.').toReversed()
  return outer.some((_, index) => {
    const row = rows.get(outer.slice(index).toReversed().join('.'))
    return row !== undefined && new RegExp(`[\`"]${key}\\b`).test(row.about)
  })
}

function hasRowsInside(path: string): boolean {
  return [...rows.keys()].some(row => row.startsWith(`${path}.`))
}

/** Every field below this one, with its path; one that can be written in several ways comes once for each. */
function fieldsOf(node: Schema, path: string): readonly (readonly [string, Schema])[] {
  const inside = Object.entries(node.properties ?? {}).flatMap(([key, field]) => {
    const below = path === '' ? key : `${path}.${key}`
    return [[below, field] as const, ...fieldsOf(field, below)]
  })
  return [...inside, ...(node.anyOf ?? []).flatMap(way => fieldsOf(way, path))]
}
