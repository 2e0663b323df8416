import { bringUpTestEngine, canIsolate, releaseTestEngine } from './engine.mjs'
import { withLock } from './lock.mjs'
import { enterCommand } from './own-engine.mjs'
import { ensureTestImages, removeTestImages, testImages } from './test-images.mjs'

/**
 * What a program needs to work on the test engine.
 * @typedef {object} TestWorld
 * @property {NodeJS.ProcessEnv} env the engine's address and the images' names (test/support/engine.ts reads
 * them)
 * @property {readonly string[]} prefix the command to run it under, so that it reaches the containers
 * @property {import('./engine.mjs').Engine} engine
 */

/**
 * Brings the test engine up with its images, does the work, and takes it down whatever happens (unless a
 * person had brought it up). One at a time: a second one waits for the first.
 * @template T
 * @param {import('./engine-home.mjs').EngineHome} home
 * @param {(world: TestWorld) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withTestWorld(home, work) {
  if (!canIsolate()) return await useEngine(home, work)
  const lock = { lockFile: `${home.lockFile}.users`, purpose: 'using the test engine', waitMs: 3_600_000 }
  return await withLock(lock, () => useEngine(home, work))
}

/**
 * @template T
 * @param {import('./engine-home.mjs').EngineHome} home
 * @param {(world: TestWorld) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function useEngine(home, work) {
  const engine = await bringUpTestEngine(home, { keep: false })
  const { address, own } = engine
  try {
    await ensureTestImages(address, { isolated: own !== null })
    return await work({ env: testEnv(engine), prefix: own === null ? [] : enterCommand(own), engine })
  } finally {
    await releaseTestEngine(engine)
    if (own === null) await removeTestImages(address)
  }
}

/** @param {import('./engine.mjs').Engine} engine @returns {NodeJS.ProcessEnv} */
function testEnv({ address, own }) {
  return {
    ...process.env,
    DOCKER_HOST: address.url,
    FLOTILLA_TEST_DOCKER_HOST: address.url,
    FLOTILLA_TEST_IMAGE: testImages.current,
    FLOTILLA_TEST_IMAGE_NEXT: testImages.next,
    FLOTILLA_TEST_IMAGE_BROKEN: testImages.broken,
    FLOTILLA_TEST_IMAGE_GATEWAY: testImages.gateway,
    ...(own === null ? {} : { FLOTILLA_TEST_ENGINE_FOLDER: own.runFolder }),
  }
}
