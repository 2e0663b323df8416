import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { flotillaVersion } from '../../src/version.js'
import { flotillaProgram } from '../support/cli.js'

function typed(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(process.execPath, [flotillaProgram, ...args], {
    encoding: 'utf8',
  })
  return { code: status, said: stderr }
}

test('a verb that is typed wrongly shows how it is typed, and where more is said', () => {
  assert.deepEqual(typed('history'), {
    code: 2,
    said: `error: missing required argument 'flotilla'
usage: flotilla history [options] <flotilla>
(flotilla history --help shows more)
`,
  })
  assert.match(typed('service', 'install', '--nope').said, /usage: flotilla service install \[options\]\n/)
})

test('a verb that there is not is guessed at', () => {
  const { code, said } = typed('statsu')
  assert.equal(code, 2)
  assert.match(said, /Did you mean status\?/)
})

test('version is a verb for whoever tries it as one', () => {
  const { status, stdout } = spawnSync(process.execPath, [flotillaProgram, 'version'], { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [0, `${flotillaVersion}\n`])
})

test('the help fits into 80 columns, a line for each verb', () => {
  const { stdout } = spawnSync(process.execPath, [flotillaProgram, '--help'], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '80' },
  })
  const lines = stdout.split('\n')
  assert.deepEqual(
    lines.filter(line => line.length > 80),
    [],
  )
  const continued = lines.filter(line => /^ {17}\S/.test(line))
  assert.deepEqual(continued, [])
})

test('a node that is named behind the flotilla is ours, as before it', () => {
  const { code, said } = typed('cli', 'shop', '--node', 'x', 'get', 'a')
  assert.equal(code, 2)
  assert.match(said, /--node x: it must be a whole number, 0 or more/)
})

test('an empty manifest is said to be one', t => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-empty-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'shop.yaml')
  writeFileSync(path, '')
  const { status, stdout } = spawnSync(process.execPath, [flotillaProgram, 'validate', path], {
    encoding: 'utf8',
  })
  assert.deepEqual([status, stdout], [0, `${path}: it is empty: no flotilla is declared\n`])
})
