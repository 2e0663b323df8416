import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databasesInUse, whyTooFewDatabases } from '../../../src/reconciler/desired/databases.js'
import { master, planText, redisFacts, replica } from '../support/world.js'

const upTo20 = { keysByDatabase: { 0: 9, 20: 1 } }

test('as many databases are in use as the highest with a key in it tells', () => {
  assert.equal(databasesInUse(redisFacts({ keysByDatabase: {} })), 0)
  assert.equal(databasesInUse(redisFacts()), 1)
  assert.equal(databasesInUse(redisFacts(upTo20)), 21)
})

test('fewer databases than are in use would mix two of them, also where the manifest says nothing and a server has 16', () => {
  const facts = redisFacts(upTo20)
  assert.match(whyTooFewDatabases({ config: { databases: ['20'] } }, facts) ?? '', /database 20 holds keys/)
  assert.equal(whyTooFewDatabases({ config: { databases: ['21'] } }, facts), null)
  assert.match(whyTooFewDatabases({ config: {} }, facts) ?? '', /a node with 16 databases/)
  assert.equal(whyTooFewDatabases({ config: {} }, redisFacts({ keysByDatabase: { 15: 1 } })), null)
})

test('a spec with fewer databases than are in use is refused, with what to write', () => {
  assert.match(
    planText({
      spec: { replicas: 1, config: { databases: ['4'] } },
      nodes: [master(0, upTo20), replica(1, upTo20)],
    }),
    /refuses \(ConfigRefused\): database 20 holds keys, .*no node is touched\n  fix: write databases: 21 or more under spec.config/,
  )
})
