import './node-version.mjs'
import { runOnTestEngine } from './run-on-test-engine.mjs'

await runOnTestEngine('test/soak/main.js')
