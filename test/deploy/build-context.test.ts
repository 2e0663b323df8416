import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

test('the file that keeps passwords out of an image’s build lies where every builder reads it', () => {
  // BuildKit also reads one that is named after the Dockerfile; the legacy builder does not, and sends all of
  // state/ along.
  assert.ok(!existsSync('deploy/Dockerfile.dockerignore'))
  const [first, ...others] = readFileSync('.dockerignore', 'utf8').trim().split('\n')
  assert.equal(first, '*')
  assert.ok(others.every(line => /^![\w.-]+$/.test(line)))
  assert.ok(!others.some(line => line === '!state' || line === '!node_modules'))
})
