import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import type { ImagePullSpec } from '../../../src/model/spec.js'
import { pullImage } from '../../../src/reconciler/execute/pull-image.js'
import type { PullSecret } from '../../../src/runtime/runtime.js'
import { executionFixture } from '../support/execution.js'
import { spec } from '../support/world.js'

/** What the engine is told with a pull of `redis:9`, or why it is told nothing. */
async function pullWith(
  imagePull: ImagePullSpec,
  readSecretFile: (
    path: string,
  ) => Promise<{ kind: 'read'; bytes: Buffer } | { kind: 'refused'; reason: string }>,
): Promise<{ readonly told: PullSecret | null | string; readonly trouble: string | null }> {
  const { context, fake, template, memory } = await executionFixture()
  fake.controls.publishImage('redis:9')
  let told: PullSecret | null | string = 'nothing'
  const runtime: typeof context.runtime = {
    ...context.runtime,
    pullImage: (image, options, call) => {
      told = options.pullSecret
      return context.runtime.pullImage(image, options, call)
    },
  }
  const ofSpec = { ...template, spec: { ...spec(), imagePull } }
  try {
    await pullImage({ ...context, runtime, template: ofSpec, readSecretFile }, 'redis:9')
  } catch (error) {
    assert.ok(error instanceof FlotillaError)
    return {
      told: `${error.code}: ${error.message}; ${error.hint}`,
      trouble: memory().imageTrouble?.reason ?? null,
    }
  }
  return { told, trouble: memory().imageTrouble?.reason ?? null }
}

const noFile = () => Promise.resolve({ kind: 'refused', reason: 'is not there' } as const)

test('a pull takes the logins of the file that the manifest names with it, and no other', async () => {
  const file = () => Promise.resolve({ kind: 'read', bytes: Buffer.from('{"auths":{}}') } as const)
  const none = await pullWith({ policy: 'IfNotPresent', secretFile: null }, file)
  assert.deepEqual(none, { told: null, trouble: null })
  const { told } = await pullWith({ policy: 'IfNotPresent', secretFile: '/etc/registry.json' }, file)
  assert.ok(told !== null && typeof told === 'object')
  assert.equal(told.config.reveal(), '{"auths":{}}')
  assert.equal(told.source, '/etc/registry.json')
})

test('a file of logins that can’t be read keeps the image from being pulled, and is remembered as the reason', async () => {
  const { told, trouble } = await pullWith(
    { policy: 'IfNotPresent', secretFile: '/etc/registry.json' },
    noFile,
  )
  assert.match(
    typeof told === 'string' ? told : '',
    /^runtime\/image-unavailable: pull image redis:9: \/etc\/registry\.json is not there/,
  )
  assert.match(trouble ?? '', /is not there/)
})

test('with Never nothing is pulled, and how to fix it is said', async () => {
  const { told } = await pullWith({ policy: 'Never', secretFile: null }, noFile)
  assert.match(
    typeof told === 'string' ? told : '',
    /spec\.imagePull\.policy is Never; bring it there: docker pull redis:9, or docker load/,
  )
})
