/** `npm run generate:metrics`: writes docs/metrics.md. */
import { writeFile } from 'node:fs/promises'
import { createMetrics } from './metrics.js'
import { renderMetricReference } from './reference.js'

const nobody = { names: [], snapshotOf: () => null, queueDepth: 0, engineAnswers: true }
const self = { loopLagMs: () => 0, droppedLogLines: () => 0, sentinel: () => null }
const { registry } = createMetrics({ controller: nobody, version: '', startedAtMs: 0, self })
await writeFile('docs/metrics.md', renderMetricReference(registry))
