import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complete, completableKinds, type CandidateSource } from '../../../src/cli/completion/complete.js'
import { slotOf } from '../../../src/cli/completion/command-tree.js'
import { testProgram } from '../test-program.js'

const program = testProgram()

const names = ['shop', 'shelf']
const known: CandidateSource = {
  flotillas: () => Promise.resolve(names.map(word => ({ word, description: '' }))),
  nodes: (flotilla, by) =>
    Promise.resolve(
      (by === 'ordinal' ? ['0', '1'] : [`${flotilla}-master`, `${flotilla}-replica-1`]).map(word => ({
        word,
        description: '',
      })),
    ),
}

async function offered(...line: readonly string[]): Promise<readonly string[] | 'files'> {
  const completion = await complete(program, line, () => known)
  return completion.kind === 'files' ? 'files' : completion.candidates.map(({ word }) => word)
}

test('the first word is a verb, and hidden ones are not offered', async () => {
  assert.deepEqual(await offered('sta'), ['status'])
  assert.deepEqual(await offered('__'), [])
  assert.ok((await offered('')).includes('completion'))
})

test('a flotilla is offered where a verb takes one, and not twice', async () => {
  assert.deepEqual(await offered('status', ''), ['shop', 'shelf'])
  assert.deepEqual(await offered('status', 'shop', ''), ['shelf'])
  assert.deepEqual(await offered('scale', 'sho'), ['shop'])
  assert.deepEqual(await offered('scale', 'shop', ''), [])
})

test('a node is offered by its ordinal where an option takes one', async () => {
  assert.deepEqual(await offered('restart', 'shop', '--node', ''), ['0', '1'])
  assert.deepEqual(await offered('switchover', 'shop', '--to', '1'), ['1'])
})

test('an option is offered once, and none after --', async () => {
  assert.deepEqual(await offered('status', '--ch'), ['--check'])
  assert.deepEqual(await offered('status', '--check', '--ch'), [])
  assert.deepEqual(await offered('status', '--', '--ch'), [])
})

test('the choices of an option are offered after it, and after = however the shell cuts the words', async () => {
  const formats = ['text', 'wide', 'json', 'yaml']
  const offeredFormats = await offered('status', '-o', '')
  for (const format of formats) assert.ok(offeredFormats.includes(format), format)
  assert.deepEqual(await offered('status', '--output=j'), ['--output=json'])
  assert.deepEqual(await offered('status', '--output', '=', 'j'), ['json'])
  assert.deepEqual(await offered('status', '--output', '='), offeredFormats)
})

test('paths are left to the shell', async () => {
  assert.equal(await offered('validate', 'man'), 'files')
  assert.equal(await offered('status', '--state', ''), 'files')
})

test('what follows the flotilla of `cli` is redis-cli’s: nothing is offered', async () => {
  assert.deepEqual(await offered('cli', 'shop', '--'), [])
  assert.deepEqual(await offered('cli', 'shop', 'ge'), [])
})

test('what was given for the places is where names are looked for', async () => {
  const asked: (string | null)[] = []
  await complete(program, ['status', '--state', 'elsewhere', '--manifests=there', ''], given => {
    asked.push(given('--state'), given('--manifests'))
    return known
  })
  assert.deepEqual(asked, ['elsewhere', 'there'])
})

test('every argument and every option’s value is one that completion knows, or is free text on purpose', () => {
  const free = [
    'seconds',
    'backup',
    'when',
    'time',
    'count',
    'replicas',
    'command',
    'format',
    'level',
    'way',
    'port',
    'size',
    'shell',
    'where',
    'name',
    'container',
    'image',
    'user',
    'user=file',
  ]
  const verbs = program.commands.flatMap(verb => [verb, ...verb.commands])
  const slots = verbs
    .filter(verb => !['__complete', 'version'].includes(verb.name()))
    .flatMap(verb => [
      ...verb.registeredArguments.map(argument => ({ name: argument.name(), choices: argument.argChoices })),
      ...verb.options.filter(option => option.required || option.optional).map(slotOf),
    ])
  assert.ok(slots.length > 20)
  const unknown = slots
    .filter(({ choices }) => choices === undefined || choices.length === 0)
    .map(({ name }) => name)
    .filter(name => ![...completableKinds, ...free].includes(name))
  assert.deepEqual([...new Set(unknown)], [])
})
