import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whatDiffers } from '../../src/redis/options.js'

test('an option that is as it should be is not set again, and one that the server does not know is left out', () => {
  const now = { hz: '10', maxmemory: '0', save: '' }
  assert.deepEqual(whatDiffers({ hz: '20', maxmemory: '0', 'from-the-next-version': '1' }, now), { hz: '20' })
  assert.deepEqual(whatDiffers({ save: '' }, now), {})
})
