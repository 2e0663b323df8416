import './node-version.mjs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { bringUpEngine } from './engine.mjs'
import { ensureImage } from './images.mjs'
import { runScript, logStep, logWarning } from './log.mjs'

// All that `npm start` does before it becomes the daemon. Prints the DOCKER_HOST to set on stdout, or nothing
// where the daemon finds the engine in the same way by itself (with the context's certificates).
const root = join(import.meta.dirname, '../..')

await runScript(async () => {
  ensureDependencies(root)
  build(root)
  const engine = await bringUpEngine()
  logStep(`using ${engine.source} at ${engine.address.url}`)
  // The yaml package is there only after the dependencies are.
  const { imagesOfManifests } = await import('./manifest-images.mjs')
  const images = imagesOfManifests(join(root, 'manifests'))
  if (engine.address.url.startsWith('ssh://')) {
    logWarning(`images on ${engine.address.url} can't be checked from here; pull ${images.join(', ')} there`)
  } else {
    for (const image of images) await ensureImage(engine.address, image)
  }
  if (engine.own !== null) process.stdout.write(`${engine.address.url}\n`)
  return 0
})
