import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whyNotPresent } from './images.mjs'
import { fetchNextRelease } from './next-release.mjs'
import { SetupError } from './log.mjs'
import { importServerImage } from './fallback-image.mjs'
import { testImages } from './test-images.mjs'

/**
 * An old server and the newest that can be had, for `npm run bench -- upgrade`: the official images where the
 * engine can pull them, elsewhere this machine's own Redis and that of the next release of Debian.
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} root the checkout: what is fetched is kept below its node_modules
 * @returns {Promise<NodeJS.ProcessEnv>} the images' names, as bench/upgrade.ts reads them
 */
export async function ensureUpgradeImages({ address, own }, root) {
  if (own === null) {
    const images = { older: 'redis:7.0', newest: 'redis:8' }
    for (const reference of Object.values(images)) {
      const reason = await whyNotPresent(address, reference)
      if (reason !== null)
        throw new SetupError(
          `${reference} can't be pulled (${reason})`,
          'Bring it some other way: docker load.',
        )
    }
    return environmentOf(images)
  }
  const newest = 'flotilla-test/redis:newest'
  const archive = join(root, 'node_modules/.cache/flotilla/redis-of-the-next-release.tar')
  fetchNextRelease(archive)
  const content = "Redis from the next release's redis-tools package"
  await importServerImage(address, { reference: newest, content, archive: readFileSync(archive) })
  return environmentOf({ older: testImages.current, newest })
}

/** @param {{ readonly older: string, readonly newest: string }} images @returns {NodeJS.ProcessEnv} */
function environmentOf({ older, newest }) {
  return { FLOTILLA_BENCH_IMAGE_OLDER: older, FLOTILLA_BENCH_IMAGE_NEWEST: newest }
}
