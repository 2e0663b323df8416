import './node-version.mjs'
import { runOnTestEngine } from './run-on-test-engine.mjs'
import { ensureUpgradeImages } from './upgrade-images.mjs'

await runOnTestEngine('bench/main.js', async (engine, root) =>
  process.argv.includes('upgrade') ? await ensureUpgradeImages(engine, root) : {},
)
