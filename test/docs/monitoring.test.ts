import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from '../../src/events/catalogue.js'

const page = readFileSync('docs/monitoring.md', 'utf8')
const codes = Object.keys(catalogue)

test('every event that the page names is one that there is', () => {
  const named = [...page.matchAll(/`([a-z]+\.[a-z-]+)`|event == "([^"]+)"/g)].map(
    match => match[1] ?? match[2],
  )
  assert.ok(named.length > 15)
  assert.deepEqual(
    named.filter(code => !codes.includes(code ?? '')),
    [],
  )
})

test('every event that is always to be alerted on is on the page', () => {
  const always = Object.entries(catalogue).filter(
    ([, event]) => 'alert' in event && event.alert.startsWith('always'),
  )
  assert.ok(always.length > 3)
  assert.deepEqual(
    always.map(([code]) => code).filter(code => !page.includes(`\`${code}\``)),
    [],
  )
})

const absent = spawnSync('jq', ['--version']).error === undefined ? false : 'jq is not here'

test('every query runs, and finds its event', { skip: absent }, () => {
  const queries = [...page.matchAll(/\| jq( [^\n']*)?'([^\n]+?)'/g)]
  assert.ok(queries.length > 5)
  for (const [, options = '', program = ''] of queries) {
    const log = codes.map(event => JSON.stringify({ event, level: 'error', pass: '60390f92', ...fields }))
    const args = [...options.trim().split(/\s+/), program]
    const { stdout, stderr, status } = spawnSync('jq', args, { input: log.join('\n'), encoding: 'utf8' })
    assert.equal(status, 0, `${program}: ${stderr}`)
    assert.notEqual(stdout.trim(), '', program)
  }
})

const fields = { flotilla: 'shop', node: 1, afterMs: 12, flotillas: ['shop: Ready'] }
