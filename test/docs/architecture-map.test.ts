import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'

const architecture = readFileSync('docs/architecture.md', 'utf8')

test('every file that the map names is there', () => {
  const paths = pathsIn(readFileSync('docs/map.md', 'utf8'))
  assert.ok(paths.length > 30, 'the map was not found')
  assert.deepEqual(
    paths.filter(path => !existsSync(path)),
    [],
  )
})

test('every file and folder that the architecture names is there', () => {
  const paths = pathsIn(architecture).map(path => path.replace('*.ts', ''))
  assert.deepEqual(
    paths.filter(path => !existsSync(path)),
    [],
  )
})

test('the architecture is two screens long, and names every room', () => {
  assert.ok(architecture.split('\n').length <= 100)
  const rooms = readdirSync('src', { withFileTypes: true }).filter(entry => entry.isDirectory())
  assert.ok(rooms.length > 10)
  assert.deepEqual(
    rooms.map(({ name }) => `\`src/${name}/\``).filter(name => !architecture.includes(name)),
    [],
  )
})

test('the glossary has at most 25 words', () => {
  const words = readFileSync('src/reconciler/README.md', 'utf8').match(/\*\*[^*]+\*\*/g) ?? []
  assert.ok(words.length > 10 && words.length <= 25, `${words.length} words`)
})

test('every file that the table of CONTRIBUTING names for ten changes is there', () => {
  const [, section = ''] = readFileSync('CONTRIBUTING.md', 'utf8').split('\n## Where to make a change\n')
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter(line => /^\| an? /.test(line))
  assert.equal(rows.length, 10)
  for (const row of rows) assert.notDeepEqual(pathsIn(row), [], row)
  assert.deepEqual(
    pathsIn(rows.join('\n')).filter(path => !existsSync(path)),
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
