import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { refusalCodes } from '../../src/model/plan.js'
import { conditionTypes } from '../../src/model/status.js'
import { headings } from './markdown.js'

const page = readFileSync('docs/operations.md', 'utf8')
const conditionSections = headings(part('## Conditions'), 3)
const errorSections = headings(part('## Error codes'), 3)

test('each condition has its section, and no section is of a condition that there is not', () => {
  assert.deepEqual(conditionSections.toSorted(), [...conditionTypes].toSorted())
})

test('each reason to refuse has its section', () => {
  assert.deepEqual(
    refusalCodes.filter(code => !conditionSections.includes(code)),
    [],
  )
})

test('each error code has its section, and no section is of a code that there is not', () => {
  const codes = membersOf('ErrorCode', 'src/errors.ts')
  assert.ok(codes.length > 20, 'the codes were not found')
  assert.deepEqual(errorSections.toSorted(), codes.toSorted())
})

/** The page from this heading to the next one of its level. */
function part(heading: string): string {
  const start = page.indexOf(`${heading}\n`)
  assert.notEqual(start, -1, `${heading} is missing`)
  const end = page.indexOf('\n## ', start + 1)
  return page.slice(start, end === -1 ? undefined : end)
}

/** The string members of a union type. Types are gone at run time, so the source is read. */
function membersOf(type: string, file: string): readonly string[] {
  const source = readFileSync(file, 'utf8')
  const [, union = ''] = source.split(`export type ${type} =`)
  const [members = ''] = union.split(/\n\n|\n(?=export)/)
  return [...members.matchAll(/'([^']+)'/g)].flatMap(match => match[1] ?? [])
}
