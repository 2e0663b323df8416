import { runOnTestEngine } from './run-on-test-engine.mjs'

await runOnTestEngine('bench/main.js')
