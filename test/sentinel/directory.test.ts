import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Directory } from '../../src/sentinel/directory.js'
import { manualClock } from '../reconciler/support/manual-clock.js'
import { failedOverSet, knownSets, settledSet } from './support/sets.js'

const lost = settledSet({ master: null })

test('a question waits for a master until a second after the loss, however many ask, and after the next loss again', async () => {
  const clock = manualClock()
  const sets = knownSets(lost)
  const directory = new Directory(sets, { clock, book: () => null })
  const isAnswered = async (): Promise<boolean> => {
    const answer = directory.settled('shop')
    const turns = new Promise(resolve => setImmediate(resolve)).then(() => null)
    return (await Promise.race([answer, turns])) !== null
  }
  assert.equal(await isAnswered(), false)
  clock.advance(999)
  assert.equal(await isAnswered(), false)
  clock.advance(1)
  assert.equal(await isAnswered(), true)
  sets.put(failedOverSet())
  assert.equal((await directory.settled('shop'))?.master?.alias, 'shop-1')
  sets.put(lost)
  assert.equal(await isAnswered(), false)
})

test('who waits is answered as soon as there is a master, and at once for what is no flotilla', async () => {
  const sets = knownSets(lost)
  const directory = new Directory(sets, { clock: manualClock(), book: () => null })
  const waiting = directory.settled('shop')
  sets.put(failedOverSet())
  directory.refresh('shop')
  assert.equal((await waiting)?.master?.alias, 'shop-1')
  assert.equal(await directory.settled('cart'), null)
})
