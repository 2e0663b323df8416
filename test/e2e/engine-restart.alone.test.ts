import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callEngine, removeFlotilla, restartEngine, testEngine, uniqueName } from '../support/engine.js'

const flotilla = uniqueName('engine-restart')

after(() => removeFlotilla(flotilla))

/** Skipped, and said so, on an engine that belongs to someone else: it is not ours to kill. */
const skip =
  process.env['FLOTILLA_TEST_ENGINE_FOLDER'] === undefined ? 'the engine is not ours to restart' : false

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`after ${signal} and a new start the engine has its stopped containers back`, { skip }, async () => {
    const body = { Image: testEngine().image, Labels: { 'io.flotilla.flotilla': flotilla } }
    const { Id } = JSON.parse((await callEngine('POST', '/containers/create', body)).text) as { Id: string }
    await callEngine('POST', `/containers/${Id}/start`)
    await restartEngine(signal)
    const { text } = await callEngine('GET', `/containers/${Id}/json`)
    assert.equal((JSON.parse(text) as { State: { Running: boolean } }).State.Running, false)
  })
}
