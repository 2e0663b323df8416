import { callEngine } from './engine-http.mjs'
import { inspectImage, whyNotPresent } from './images.mjs'
import { logStep, SetupError } from './log.mjs'
import { importFallbackImage } from './fallback-image.mjs'

/** @typedef {import('./engine-http.mjs').EngineAddress} EngineAddress */

/**
 * What tests run: a Redis, another image of it that stands for the next version, one whose process exits at
 * once, and a HAProxy.
 */
export const testImages = Object.freeze({
  current: 'flotilla-test/redis:a',
  next: 'flotilla-test/redis:b',
  broken: 'flotilla-test/redis:broken',
  gateway: 'flotilla-test/haproxy:a',
})

/** What they are made of on an engine that can get it. */
const base = 'redis:8'
const gatewayBase = 'haproxy:3.2'

/**
 * Makes the test images on the engine: from the image that users run where the engine has or can pull it,
 * from this machine's programs elsewhere, and always so on an isolated engine.
 * @param {EngineAddress} engine
 * @param {{ readonly isolated: boolean }} options
 */
export async function ensureTestImages(engine, { isolated }) {
  if ((await inspectImage(engine, testImages.gateway)) === null)
    await ensureTestImage(engine, { reference: testImages.gateway, from: gatewayBase, isolated })
  if ((await inspectImage(engine, testImages.broken)) !== null) return
  await ensureTestImage(engine, { reference: testImages.current, from: base, isolated })
  await deriveImage(engine, testImages.next, 'LABEL io.flotilla.test="next"')
  await deriveImage(
    engine,
    testImages.broken,
    'ENTRYPOINT ["sh", "-c", "echo broken on purpose >&2; exit 1"]',
  )
}

/**
 * @param {EngineAddress} engine
 * @param {{ readonly reference: string, readonly from: string, readonly isolated: boolean }} image
 */
async function ensureTestImage(engine, { reference, from, isolated }) {
  if (!isolated && (await whyNotPresent(engine, from)) === null)
    await must(engine, 'POST', `/images/${from}/tag?${query(reference, 'tag')}`)
  else logStep(`test image: ${await importFallbackImage(engine, reference)}`)
}

/** Takes the test images off an engine that is not ours to remove. @param {EngineAddress} engine */
export async function removeTestImages(engine) {
  for (const image of Object.values(testImages)) {
    await callEngine(engine, { method: 'DELETE', path: `/images/${image}` })
  }
}

/**
 * @param {EngineAddress} engine
 * @param {string} reference
 * @param {string} change a Dockerfile instruction
 */
async function deriveImage(engine, reference, change) {
  const { Id: id } = await must(engine, 'POST', '/containers/create', { Image: testImages.current })
  try {
    await must(
      engine,
      'POST',
      `/commit?container=${id}&${query(reference, 'tag')}&${new URLSearchParams({ changes: change }).toString()}`,
    )
  } finally {
    await callEngine(engine, { method: 'DELETE', path: `/containers/${id}?force=1` })
  }
}

/** @param {string} reference @param {string} tagKey */
function query(reference, tagKey) {
  const [repo = '', tag = ''] = reference.split(':')
  return new URLSearchParams({ repo, [tagKey]: tag }).toString()
}

/**
 * @param {EngineAddress} engine
 * @param {string} method
 * @param {string} path
 * @param {unknown} [json]
 */
async function must(engine, method, path, json) {
  const { status, body } = await callEngine(engine, { method, path, json, idleMs: 60_000 })
  if (status >= 400)
    throw new SetupError(
      `${method} ${path}: the engine answered ${status}: ${body.trim()}`,
      'Mend that and try again.',
    )
  return body === '' ? {} : JSON.parse(body)
}
