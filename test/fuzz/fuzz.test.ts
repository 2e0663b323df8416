import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzEngine } from './support/fuzz-engine.js'
import { fuzzHttp } from './support/fuzz-http.js'
import { fuzzReplies } from './support/fuzz-replies.js'
import { fuzzSentinel } from './support/fuzz-sentinel.js'

const seed = Date.now() % 1_000_000_000

test(`no request ends the HTTP server or makes it fail (seed ${seed})`, async () => {
  const { errors, livesOn } = await fuzzHttp({ seed, requests: 1_500 })
  assert.deepEqual(errors, [])
  assert.ok(livesOn)
})

test(`no request to the Sentinel protocol ends it or makes it fail (seed ${seed})`, async () => {
  const { errors, livesOn } = await fuzzSentinel({ seed, requests: 2_000 })
  assert.deepEqual(errors, [])
  assert.ok(livesOn)
})

test(`no reply keeps a probe from an answer (seed ${seed})`, async () => {
  assert.deepEqual((await fuzzReplies({ seed, probes: 150 })).rejections, [])
})

test(`whatever an engine answers or logs, a call ends in facts or in one error of ours (seed ${seed})`, async () => {
  assert.deepEqual((await fuzzEngine({ seed, questions: 400 })).faults, [])
})
