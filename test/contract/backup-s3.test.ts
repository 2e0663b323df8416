import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { Secret } from '../../src/secret.js'
import type { S3Options } from '../../src/backup/s3-client.js'
import { createS3Store } from '../../src/backup/s3-store.js'
import { readText, writeText } from '../../src/backup/store.js'
import { startBreakingProxy } from '../support/breaking-proxy.js'
import { optionsFor, s3Missing, startS3Server, type S3Server } from '../support/s3-server.js'
import { backupStoreContract } from './backup-store-contract.js'

describe('a bucket of S3 is a store', { skip: s3Missing }, () => {
  let server: S3Server
  before(async () => {
    server = await startS3Server()
  })
  after(() => server.stop())

  describe('it keeps the contract', () => {
    backupStoreContract(async () => {
      const options = await server.options('contract')
      return { open: () => createS3Store(options), close: () => Promise.resolve() }
    })
  })

  /** Through a connection that breaks as a test has it. */
  async function behindProxy(t: TestContext, bucket: string, silenceMs = 30_000) {
    await server.options(bucket)
    const proxy = await startBreakingProxy(server.port)
    t.after(() => proxy.close())
    return { proxy, store: createS3Store({ ...optionsFor(proxy.port, bucket), silenceMs }) }
  }

  test('an upload and a download whose connections are cut again and again are whole', async t => {
    const { proxy, store } = await behindProxy(t, 'cut')
    const pieces = Array.from({ length: 24 }, (_, index) => Buffer.alloc(1_000_000, index))
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const piece of pieces) yield await Promise.resolve(piece)
    }
    proxy.cut(3, 2_000_000)
    await store.write('shop/file', bytes())
    const afterUpload = proxy.cuts
    proxy.cut(4, 3_000_000)
    const hash = createHash('sha256')
    for await (const piece of await store.read('shop/file')) hash.update(piece)
    assert.equal(hash.digest('hex'), createHash('sha256').update(Buffer.concat(pieces)).digest('hex'))
    assert.equal(afterUpload, 3)
    assert.equal(proxy.cuts, 7)
    assert.deepEqual(await store.list('shop/'), [{ name: 'shop/file', sizeBytes: 24_000_000 }])
    assert.equal(await store.removeUnfinished('shop/'), 0)
  })

  test('a slow connection is waited for, as long as something moves', async t => {
    const { proxy, store } = await behindProxy(t, 'slow', 2_000)
    proxy.slow(2_000_000)
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < 12; sent++) yield await Promise.resolve(Buffer.alloc(1_000_000, sent))
    }
    await store.write('shop/file', bytes())
    assert.deepEqual(await store.list('shop/'), [{ name: 'shop/file', sizeBytes: 12_000_000 }])
  })

  test('a connection on which nothing moves any more is told, and what was there stays', async t => {
    const { proxy, store } = await behindProxy(t, 'stalled', 500)
    await writeText(store, 'shop/kept', 'x')
    proxy.stall()
    await assert.rejects(writeText(store, 'shop/new', 'y'), {
      code: 'backup/unreachable',
      message: /: http:\/\/127\.0\.0\.1:\d+: nothing moved for 0\.5 s$/,
    })
    const direct = createS3Store(optionsFor(server.port, 'stalled'))
    assert.deepEqual(await direct.list('shop/'), [{ name: 'shop/kept', sizeBytes: 1 }])
  })

  const refusals: readonly (readonly [string, Partial<S3Options> | string, string, RegExp, RegExp])[] = [
    [
      'a wrong secret',
      {
        credentials: () =>
          Promise.resolve({
            accessKeyId: 'test:tester',
            secretAccessKey: new Secret('wr0ng-s3cret'),
            sessionToken: null,
          }),
      },
      'backup/denied',
      /does not accept the key test:tester \(SignatureDoesNotMatch\)/,
      /credentialsFile/,
    ],
    [
      'a bucket that is not there',
      'absent-bucket',
      'backup/unreachable',
      /has no bucket absent-bucket$/,
      /spec\.backup\.to\.s3\.bucket/,
    ],
    [
      'a clock that is wrong',
      { clock: { ...systemClock, nowMs: () => Date.now() - 3_600_000 } },
      'backup/denied',
      /ours is 60 min behind its own$/,
      /timedatectl/,
    ],
  ]
  for (const [what, change, code, message, hint] of refusals)
    test(`${what} is told, with what to do about it, and no secret in it`, async () => {
      const options = await server.options('refused')
      const store = createS3Store(
        typeof change === 'string' ? optionsFor(server.port, change) : { ...options, ...change },
      )
      for (const attempt of [
        () => writeText(store, 'shop/x', 'x'),
        () => store.list(''),
        () => readText(store, 'shop/x'),
      ])
        await assert.rejects(attempt, (error: Error & { code: string; hint: string }) => {
          assert.equal(error.code, code)
          assert.match(error.message, message)
          assert.match(error.hint, hint)
          assert.doesNotMatch(`${error.message} ${error.hint}`, /wr0ng-s3cret|testing/)
          return true
        })
    })

  test('a server that is not there is told after some tries', async () => {
    const store = createS3Store({ ...optionsFor(9, 'nobody'), random: () => 0 })
    await assert.rejects(store.list(''), {
      code: 'backup/unreachable',
      message: 'list redis/shop/: http://127.0.0.1:9: nothing listens at its address (ECONNREFUSED)',
    })
  })
})
