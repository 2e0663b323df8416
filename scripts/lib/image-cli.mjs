import './node-version.mjs'
import { findEngine } from './engine.mjs'
import { ensureImage } from './images.mjs'
import { runScript, logWarning, SetupError } from './log.mjs'

const usage = `Usage: scripts/image <reference> [reference …]

Makes sure that each image is on the engine in use: pulls it, or, where no registry can be reached, builds a fallback image for
Redis images from the distribution's redis-server package and says so.
`

await runScript(async () => {
  const references = process.argv.slice(2)
  if (references.length === 0 || references.some(reference => reference.startsWith('-'))) {
    process.stderr.write(usage)
    return references.includes('--help') ? 0 : 2
  }
  const { engine } = await findEngine()
  if (engine === null) throw new SetupError('no container engine answers', 'Run: scripts/engine up')
  if (engine.address.url.startsWith('ssh://')) {
    logWarning(
      `images on ${engine.address.url} can't be checked from here; pull ${references.join(', ')} there`,
    )
    return 0
  }
  for (const reference of references) await ensureImage(engine.address, reference)
  return 0
})
