import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'

/**
 * The few calls of the Engine API that setting up needs, over node:http alone: it works before `npm ci` and
 * without the docker CLI.
 * @typedef {{ readonly url: string, readonly tlsFolder?: string | null }} EngineAddress `unix:///…` or
 * `tcp://host:port`
 * @typedef {{ readonly status: number, readonly body: string }} Answer
 * @typedef {object} Call
 * @property {string} method
 * @property {string} path with its query
 * @property {unknown} [json] sent as JSON
 * @property {Buffer} [bytes] sent as a tar archive
 * @property {number} [idleMs] gives up after so long without a byte; 10 s by default
 */

/**
 * Resolves with whatever the engine answers, also 4xx and 5xx; rejects when it can't be reached or falls
 * silent.
 * @param {EngineAddress} engine
 * @param {Call} call
 * @returns {Promise<Answer>}
 */
export function callEngine(engine, call) {
  const body = call.json === undefined ? (call.bytes ?? null) : Buffer.from(JSON.stringify(call.json))
  const headers = {
    host: 'docker',
    ...(body === null ? {} : { 'content-length': String(body.length) }),
    ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(call.bytes === undefined ? {} : { 'content-type': 'application/x-tar' }),
  }
  const { transport, options } = transportFor(engine)
  const idleMs = call.idleMs ?? 10_000
  return new Promise((resolve, reject) => {
    const request = transport.request(
      { ...options, method: call.method, path: call.path, headers, agent: false },
      response => {
        /** @type {Buffer[]} */
        const chunks = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        )
      },
    )
    request.setTimeout(idleMs, () =>
      request.destroy(new Error(`${engine.url}: no byte for ${idleMs / 1000} s`)),
    )
    request.on('error', reject)
    request.end(body)
  })
}

/**
 * Null when an engine answers `GET /_ping` within two seconds, otherwise why not.
 * @param {EngineAddress} engine
 * @returns {Promise<string | null>}
 */
export async function whyNoAnswer(engine) {
  try {
    const { status } = await callEngine(engine, { method: 'GET', path: '/_ping', idleMs: 2000 })
    return status === 200 ? null : `answered ${status}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

/** @param {EngineAddress} engine */
function transportFor({ url, tlsFolder }) {
  if (url.startsWith('unix://')) {
    return { transport: http, options: { socketPath: url.slice('unix://'.length) } }
  }
  const { hostname, port, protocol } = new URL(url)
  if (tlsFolder === undefined || tlsFolder === null) {
    const transport = protocol === 'https:' ? https : http
    return { transport, options: { host: hostname, port: port === '' ? 2375 : Number(port) } }
  }
  const read = (/** @type {string} */ name) => readFileSync(join(tlsFolder, name))
  const options = {
    host: hostname,
    port: port === '' ? 2376 : Number(port),
    ca: read('ca.pem'),
    cert: read('cert.pem'),
    key: read('key.pem'),
  }
  return { transport: https, options }
}
