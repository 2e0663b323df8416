import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotResolved } from '../../src/cli/verify-dns.js'
import type { Runtime } from '../../src/runtime/runtime.js'
import { container } from '../reconciler/support/world.js'
import type { ExecResult } from '../../src/model/engine.js'

const holder = container(0, { name: 'shop-master' })
const askedIn = container(1)

/** What is wrong where these are the answers, one after the other. */
function told(...answers: readonly Partial<ExecResult>[]): Promise<string | null> {
  let asked = 0
  const execInContainer: Runtime['execInContainer'] = async () => {
    const answer = answers[asked++ % answers.length]
    return { exitCode: 0, stdout: '', stderr: '', ...answer }
  }
  return whyNotResolved({ execInContainer } as Runtime, { name: 'shop-master', holder, askedIn })
}

const own = { stdout: '10.0.0.10      STREAM shop-master\n10.0.0.10      DGRAM\n' }

test('a name that leads to its holder alone is right, and so is one that the image can’t look up', async () => {
  assert.equal(await told(own), null)
  assert.equal(await told({ exitCode: 127 }), null)
})

test('a name that now and then leads to somebody else is told of with the address, and one that leads nowhere', async () => {
  assert.equal(
    await told(own, own, { stdout: '10.0.0.99      STREAM shop-master\n' }),
    'shop-master leads to 10.0.0.99 too, which is not shop-master: somebody else answers to that name',
  )
  assert.equal(await told({ exitCode: 2 }), 'shop-master leads nowhere from shop-replica-1')
})
