import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { completionScript, shells } from '../../../src/cli/completion/shell-scripts.js'
import { flotillaProgram } from '../../support/cli.js'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-completion-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'flotilla'), `#!/bin/sh\nexec '${process.execPath}' '${flotillaProgram}' "$@"\n`)
chmodSync(join(folder, 'flotilla'), 0o755)
mkdirSync(join(folder, 'manifests'))
writeFileSync(
  join(folder, 'manifests/shop.yaml'),
  'apiVersion: flotilla/v1\nkind: RedisReplication\nmetadata: { name: shop }\nspec: { replicas: 1 }\n',
)

function run(shell: string, args: readonly string[]) {
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder }
  return spawnSync(shell, args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
}

const missing = (shell: string): string | false =>
  spawnSync(shell, ['--version']).error === undefined ? false : `${shell} is not here`

for (const shell of shells)
  test(`${shell} reads its script without complaint`, { skip: missing(shell) }, () => {
    const { status, stderr } = run(shell, ['-n', scriptFile(shell)])
    assert.equal(stderr, '')
    assert.equal(status, 0)
  })

test('bash completes verbs, names, choices and paths', { skip: missing('bash') }, () => {
  const ask = (...words: readonly string[]): string =>
    `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _flotilla; echo "\${COMPREPLY[@]}"`
  const lines = [
    `source '${scriptFile('bash')}'`,
    ask('flotilla', 'sta'),
    ask('flotilla', 'status', ''),
    ask('flotilla', 'status', '--output', '=', 'js'),
    ask('flotilla', 'validate', 'man'),
    ask('flotilla', 'status', '--manifests', '/does/not/exist', ''),
  ]
  const { stdout, stderr } = run('bash', ['-c', lines.join('\n')])
  assert.equal(stderr, '')
  assert.deepEqual(stdout.split('\n'), ['status', 'shop', 'json', 'manifests', '', ''])
})

test('fish completes verbs, names and choices', { skip: missing('fish') }, () => {
  const ask = (line: string): string => `complete -C '${line}'`
  const lines = [
    `source '${scriptFile('fish')}'`,
    ask('flotilla completion f'),
    ask('flotilla verify '),
    ask('flotilla status --output=js'),
  ]
  const { stdout, stderr } = run('fish', ['-c', lines.join('\n')])
  assert.equal(stderr, '')
  assert.deepEqual(
    stdout.split('\n').map(line => line.split('\t')[0]),
    ['fish', 'shop', '--output=json', ''],
  )
})

function scriptFile(shell: (typeof shells)[number]): string {
  const file = join(folder, `completion.${shell}`)
  writeFileSync(file, completionScript(shell))
  return file
}
