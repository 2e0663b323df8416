import assert from 'node:assert/strict'
import { test } from 'node:test'
import { performDataProbe } from '../../../src/reconciler/execute/perform-data-probe.js'
import { nodeTarget } from '../../../src/reconciler/observe/observe.js'
import { runToEnd, executionFixture, type ExecutionFixture } from '../support/execution.js'
import type { ContainerFile, ContainerSpec, FileStream, PathToMake } from '../../../src/model/engine.js'

const action = {
  kind: 'probe-data',
  image: 'redis:8',
  ordinal: 1,
  from: 'sha256:old',
  cause: 'a test',
} as const

/** A new image beside a master, whose server says this to INFO, or ends with these last words. */
async function world(server: {
  readonly says?: string
  readonly endsWith?: string
}): Promise<ExecutionFixture> {
  const hand: ExecutionFixture = await executionFixture(
    {},
    {
      exec: () => ({ exitCode: 0, stdout: server.says ?? '', stderr: '' }),
      onEvent({ action: what, name }) {
        if (what !== 'start' || name !== 'shop-trial' || server.endsWith === undefined) return
        hand.fake.controls.writeLog(name, server.endsWith)
        hand.fake.controls.exit(name, 1)
      },
    },
  )
  const imageId = 'sha256:redis:8'
  const outcome = { kind: 'answered', product: 'redis', version: '8', rdbVersion: 12, options: {} } as const
  hand.context.setMemory(memory => ({ ...memory, trials: [{ image: 'redis:8', imageId, atMs: 0, outcome }] }))
  return hand
}

async function tried(hand: ExecutionFixture): Promise<void> {
  const { container, process } = await hand.run(1)
  const { reach, template, auth } = hand.context
  const { credentials } = auth
  const source = nodeTarget(reach, { flotilla: template.spec.name, credentials }, container)
  const { redis } = hand.context
  await runToEnd(hand.clock, redis.promote(source ?? assert.fail(), { deadlineMs: 1_000 }))
  assert.equal(process.upstream, null)
  await runToEnd(hand.clock, performDataProbe(hand.context, action, source ?? assert.fail()))
}

test('what a server made of the data is written down with the image that wrote it, and told', async () => {
  const well = await world({ says: 'redis_version:8.0.2\r\nloading:0\r\n' })
  await tried(well)
  assert.deepEqual(well.memory().trials[0]?.data?.refusal, null)
  assert.deepEqual(well.memory().trials[0]?.data?.from, 'sha256:old')
  assert.match(well.told.join(), /image\.data-loaded \{"image":"redis:8","node":1,"bytes":\d+\}/)

  const ill = await world({ endsWith: "1:M 28 Nov 2026 07:00:00.002 # Can't handle RDB format version 12" })
  await tried(ill)
  const refusal = "it ended with exit code 1: Can't handle RDB format version 12"
  assert.equal(ill.memory().trials[0]?.data?.refusal, refusal)
  assert.match(ill.told.join(), /image\.data-refused .*"node":1,"reason":"it ended with exit code 1: Can't/)
})

test('a server that is still loading has not loaded, and is given up after a minute', async () => {
  const hand = await world({ says: 'redis_version:8.0.2\r\nloading:1\r\n' })
  await tried(hand)
  assert.equal(hand.memory().trials[0]?.data?.refusal, 'it has not loaded within 60 s')
})

test('the data lies where only its server may read it, in a container without network and volume, which is gone afterwards', async () => {
  const hand = await world({ says: 'redis_version:8.0.2\r\nloading:0\r\n' })
  await tried(hand)
  const argsOf = (method: string) =>
    hand.fake.calls.flatMap(call => (call.method === method ? [call.args] : []))
  const made = argsOf('createContainer').at(-1) as readonly [ContainerSpec, readonly ContainerFile[]]
  assert.deepEqual([made[0].mounts, made[0].attachment.network], [[], 'none'])
  const [paths] = argsOf('makePaths').map(([, given]) => given as readonly PathToMake[])
  assert.deepEqual(
    paths?.map(({ kind, path, mode, uid }) => [kind, path, mode.toString(8), uid]),
    [['folder', '/flotilla-trial', '700', 999]],
  )
  const [file] = argsOf('putStream').map(([, given]) => given as Omit<FileStream, 'bytes'>)
  assert.deepEqual([file?.path, file?.mode.toString(8), file?.uid], ['/flotilla-trial/dump.rdb', '400', 999])
  assert.deepEqual(
    (await hand.fake.runtime.listContainers()).map(({ name }) => name),
    ['shop-replica-1'],
  )
})

test('data that has grown too large meanwhile makes no trial and no verdict', async () => {
  const hand = await world({})
  const redis = { ...hand.context.redis, readSnapshot: () => Promise.resolve(null) }
  const { container } = await hand.run(1)
  const { reach, auth } = hand.context
  const source = nodeTarget(reach, { flotilla: 'shop', credentials: auth.credentials }, container)
  await performDataProbe({ ...hand.context, redis }, action, source ?? assert.fail())
  assert.equal(hand.memory().trials[0]?.data, undefined)
  assert.deepEqual(hand.told, [])
})
