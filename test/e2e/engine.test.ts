import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callEngine, removeFlotilla, testEngine, uniqueName } from '../support/engine.js'

const flotilla = uniqueName('engine-test')
const labels = { 'io.flotilla.flotilla': flotilla }

after(() => removeFlotilla(flotilla))

async function create(image: string, hostConfig: object = {}): Promise<string> {
  const body = { Image: image, Labels: labels, HostConfig: hostConfig }
  const { status, text } = await callEngine('POST', '/containers/create', body)
  assert.equal(status, 201, text)
  return (JSON.parse(text) as { Id: string }).Id
}

test('the test engine runs a Redis that answers', async () => {
  const containerId = await create(testEngine().image)
  assert.equal((await callEngine('POST', `/containers/${containerId}/start`)).status, 204)
  const command = { AttachStdout: true, Cmd: ['redis-cli', 'ping'] }
  const exec = await callEngine('POST', `/containers/${containerId}/exec`, command)
  const { Id } = JSON.parse(exec.text) as { Id: string }
  const { text } = await callEngine('POST', `/exec/${Id}/start`, {})
  assert.match(text, /PONG/)
})

test('the next version is another image than the current one', async () => {
  const { image, nextImage } = testEngine()
  const [current, next] = await Promise.all([image, nextImage].map(imageId))
  assert.notEqual(next, current)
})

test('the broken image exits with 1 whatever command it is given', async () => {
  const body = { Image: testEngine().brokenImage, Labels: labels, Cmd: ['redis-server', '/etc/redis.conf'] }
  const { text } = await callEngine('POST', '/containers/create', body)
  const { Id } = JSON.parse(text) as { Id: string }
  await callEngine('POST', `/containers/${Id}/start`)
  const waited = await callEngine('POST', `/containers/${Id}/wait`)
  assert.equal((JSON.parse(waited.text) as { StatusCode: number }).StatusCode, 1)
})

/**
 * Docker's own address pools end at about thirty networks, and on an engine that isn't ours they are others'
 * to use up.
 */
const skip = process.env['FLOTILLA_TEST_ENGINE_FOLDER'] === undefined ? 'the engine is not ours' : false

test('sixty networks fit on the test engine', { skip }, async () => {
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const body = { Name: `${flotilla}-${index}`, Labels: labels }
      return (await callEngine('POST', '/networks/create', body)).status
    }),
  )
  assert.deepEqual(new Set(statuses), new Set([201]))
})

test('what a test labelled is removed with it, and nothing else', async () => {
  const other = uniqueName('engine-test-other')
  await callEngine('POST', '/volumes/create', { Name: other, Labels: { 'io.flotilla.flotilla': other } })
  await callEngine('POST', '/volumes/create', { Name: `${flotilla}-0`, Labels: labels })
  await removeFlotilla(flotilla)
  assert.equal((await callEngine('GET', `/volumes/${flotilla}-0`)).status, 404)
  assert.equal((await callEngine('GET', `/volumes/${other}`)).status, 200)
  await removeFlotilla(other)
})

async function imageId(image: string): Promise<string> {
  return (JSON.parse((await callEngine('GET', `/images/${image}/json`)).text) as { Id: string }).Id
}
