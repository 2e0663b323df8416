import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
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
