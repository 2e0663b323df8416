import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { renderCliReference } from '../../src/cli/reference.js'
import { testProgram } from '../cli/test-program.js'
import { headings } from './markdown.js'

const program = testProgram()
const reference = renderCliReference(program)
const verbs = program.commands.filter(verb => !['help', 'version', '__complete'].includes(verb.name()))

test('docs/cli.md says what the commands say', () => {
  assert.equal(readFileSync('docs/cli.md', 'utf8'), reference)
})

test('every verb has its section, with a description and an example', () => {
  const sections = reference.split(/\n## /).slice(1)
  for (const verb of verbs) {
    const section = sections.find(text => text.startsWith(`flotilla ${verb.name()}\n`)) ?? ''
    assert.match(section, /\n\n[A-Z][^\n]+\.\n/, `${verb.name()} has no description`)
    assert.match(
      section,
      new RegExp(`Example:\n\n\`\`\`sh\n[^\`]*${verb.name()}`),
      `${verb.name()} has no example`,
    )
  }
  assert.ok(headings(reference, 2).length > verbs.length)
})

test('every argument and option says what it is', () => {
  const silent = verbs
    .flatMap(verb => [verb, ...verb.commands])
    .flatMap(verb => [
      ...verb.registeredArguments
        .filter(one => one.description === '')
        .map(one => `${verb.name()} ${one.name()}`),
      ...verb.options.filter(one => one.description === '').map(one => `${verb.name()} ${one.flags}`),
    ])
  assert.deepEqual(silent, [])
})

test('the table of the README names every verb once, and no other', () => {
  const rows = [...readFileSync('README.md', 'utf8').matchAll(/^\| `([^`]*)` +\|/gm)].map(
    ([, verb = '']) => verb,
  )
  assert.deepEqual(rows.toSorted(), verbs.map(verb => verb.name()).toSorted())
})

test('the reference names every variable once in its list of them', () => {
  const section = reference.split('\n## ').find(text => text.startsWith('Environment\n')) ?? ''
  const listed = [...section.matchAll(/^- `(FLOTILLA_[A-Z_]+)`/gm)].map(([, name = '']) => name)
  const variables = verbs
    .flatMap(verb => [verb, ...verb.commands])
    .flatMap(verb => verb.options)
    .flatMap(option => option.envVar ?? [])
  assert.deepEqual(listed.toSorted(), [...new Set(variables)].toSorted())
})
