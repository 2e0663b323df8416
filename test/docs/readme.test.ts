import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from '../../src/events/catalogue.js'
import { headings } from './markdown.js'

const readme = readFileSync('README.md', 'utf8')
const chinese = readFileSync('README.zh-CN.md', 'utf8')

test('the README is at most 200 lines long', () => {
  assert.ok(readme.split('\n').length <= 200)
})

test('every line of the log in the README says what the catalogue says', () => {
  const lines = [...readme.matchAll(/^\[[\d:.]+\] \w+: \w+ {2}(\S+) {2}(.+?) {2}/gm)]
  assert.ok(lines.length > 3)
  const messages = new Map<string, string>(
    Object.entries(catalogue).map(([code, { message }]) => [code, message]),
  )
  for (const [, code = '', message] of lines) assert.equal(messages.get(code), message)
})

test('the Chinese README has the same sections and the same commands, output and manifests', () => {
  assert.equal(headings(chinese, 2).length, headings(readme, 2).length)
  assert.deepEqual(codeBlocks(chinese), codeBlocks(readme))
})

test('the Chinese README has the same rows in its table of verbs', () => {
  assert.deepEqual(firstCells(chinese), firstCells(readme))
})

test('the Chinese README links to the same pages, and back', () => {
  assert.deepEqual(links(chinese).with(0, ''), links(readme).with(0, ''))
  assert.equal(links(chinese)[0], 'README.md')
})

/** Without their comments, which are in the language of the page. */
function codeBlocks(page: string): readonly string[] {
  return [...page.matchAll(/^```(.*?)^```/gms)].map(([, block = '']) =>
    block
      .split('\n')
      .map(line => line.replace(/ # .*$/, '').replace(/^(npm (?:start|test)) .*$/, '$1'))
      .join('\n'),
  )
}

function firstCells(page: string): readonly string[] {
  return [...page.matchAll(/^\| (`[^`]*`) +\|/gm)].map(([, cell = '']) => cell)
}

function links(page: string): readonly string[] {
  return [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
}
