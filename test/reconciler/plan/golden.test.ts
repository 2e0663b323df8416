import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readSources } from '../../tooling/source-tree.js'
import { goldenPlansFolder, readSections } from '../support/golden-plans.js'

test('each golden plan is one that a test compares', () => {
  const tests = readSources(['test/reconciler'])
    .map(({ path }) => readFileSync(path, 'utf8'))
    .join('\n')
  const kept = readdirSync(goldenPlansFolder).flatMap(file =>
    [...readSections(`${goldenPlansFolder}/${file}`).keys()].map(
      situation => `${file.replace('.txt', '')}/${situation}`,
    ),
  )
  assert.deepEqual(
    kept.filter(name => !tests.includes(`'${name}'`)),
    [],
  )
})
