import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSync } from 'oxc-parser'

/** As the formatter's `printWidth`, which leaves comments as they are. */
const columnsMax = 110

/** Where a comment of a file is wider, as `path:line: columns`. */
function wideComments(path: string, text: string): readonly string[] {
  const lines = text.split('\n')
  return parseSync(path, text).comments.flatMap(({ start, end }) => {
    const [first, last] = [start, end].map(offset => text.slice(0, offset).split('\n').length)
    return lines.slice((first ?? 0) - 1, last).flatMap((line, index) => {
      const columns = Array.from(line).length
      return columns > columnsMax ? [`${path}:${(first ?? 0) + index}: ${columns} columns`] : []
    })
  })
}

test('no comment is wider than the code', () => {
  const files = ['bench', 'cmd', 'scripts', 'src', 'test'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(path => /\.(?:tsx?|mjs|cjs)$/.test(path))
      .map(path => join(folder, path)),
  )
  assert.ok(files.length > 700, 'run from the project’s own folder')
  assert.deepEqual(
    files.flatMap(path => wideComments(path, readFileSync(path, 'utf8'))),
    [],
  )
})

test('the check bites, and leaves wide code alone', () => {
  const wide = 'x'.repeat(columnsMax)
  assert.deepEqual(wideComments('a.ts', `// ${wide}`), ['a.ts:1: 113 columns'])
  assert.deepEqual(wideComments('a.ts', `const a = 1\n/**\n * ${wide}\n */\nconst b = 2`), [
    'a.ts:3: 113 columns',
  ])
  assert.deepEqual(wideComments('a.ts', `const a = '// ${wide}'`), [])
})
