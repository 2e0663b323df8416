import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const text = readFileSync('docs/architecture.md', 'utf8')
const map = text.slice(text.indexOf('## From idea to file'))

test('every file that the map of the architecture names is there', () => {
  const paths = pathsIn(map)
  assert.ok(paths.length > 30, 'the map was not found')
  assert.deepEqual(
    paths.filter(path => !existsSync(path)),
    [],
  )
})

test('every file and folder that the text before the map names is there', () => {
  const paths = pathsIn(text.slice(0, text.indexOf('## From idea to file')))
  assert.deepEqual(
    paths.filter(path => !existsSync(path)),
    [],
  )
})

test('every file that the page for readers of the tutorial names is there', () => {
  const paths = pathsIn(readFileSync('docs/from-the-tutorial.md', 'utf8'))
  assert.ok(paths.length >= 10, 'the table was not found')
  assert.deepEqual(
    paths.filter(path => !existsSync(path)),
    [],
  )
})

/** What stands in backquotes and begins with a folder of the project that git keeps. */
function pathsIn(markdown: string): readonly string[] {
  return [...markdown.matchAll(/`((?:src|cmd|test|bench|scripts|docs)\/[^`]*)`/g)].flatMap(
    match => match[1] ?? [],
  )
}
