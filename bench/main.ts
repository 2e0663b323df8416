import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { raisePriority } from '../src/process-priority.js'
import { benchCli } from './cli.js'
import { benchCreate, benchFloor } from './create.js'
import { benchCrash } from './crash.js'
import { benchFailover, failoverParts } from './failover.js'
import { benchGateway } from './gateway.js'
import { benchHttp } from './http.js'
import { benchRollout } from './rollout.js'
import { benchSentinelClients } from './sentinel-clients.js'
import { benchSettled } from './settled.js'
import { openBenchWorld, type BenchWorld } from './support/bench-world.js'
import { renderResults, type BenchResult } from './support/result.js'
import { benchUpgrade } from './upgrade.js'

const usage = `Usage: npm run bench [-- [name …] [--rounds N] [--seconds N] [--json file]]

  create   manifest saved → all nodes online, against the same calls made by hand
  crash    a replica killed → online again, against a program that does nothing else
  rollout  another image saved → all nodes run it and are in sync, under writes, against the same calls made by hand
  settled  what a daemon costs that has nothing to do
  cli      status of twenty flotillas, and --help, against a Node that does nothing
  scrape   what being scraped, followed and sent rubbish costs a daemon of twenty flotillas (not part of a run without names)
  failover a master lost or replaced → clients write again: against raw calls and Redis Sentinel (a quarter of an hour; not part of a run without names).
           Its parts: failover-crash, -hang, -switchover, -loss, -again (whoever is master killed every 3 s), -sentinel (Sentinel as it comes)
  gateway  the master killed or replaced → clients write again through the gateway: against its own steps, the name and Redis Sentinel,
           and what it costs beside a direct connection (not part of a run without names)
  upgrade  from the old Redis here to the newest that can be had, under 1,000 writes a second, and the way back refused (not part of a run
           without names; fetches the newer Redis once)
  sentinel-clients  ioredis, node-redis and redis-py in Sentinel mode, through switchovers and crashes (ten minutes; not part of a run without names)
  floor    which order of raw calls is the fastest (not part of a run without names)

  --rounds N   of create, crash, rollout, upgrade, cli, failover, sentinel-clients and floor, instead of each one's own
  --seconds N  of settled and scrape, 60 by default
  --json file  every single value, for other statistics
`

const benches: Readonly<Record<string, (world: BenchWorld) => Promise<readonly BenchResult[]>>> = {
  create: benchCreate,
  crash: benchCrash,
  rollout: benchRollout,
  upgrade: benchUpgrade,
  settled: benchSettled,
  cli: benchCli,
  scrape: benchHttp,
  failover: benchFailover,
  ...failoverParts,
  gateway: benchGateway,
  'sentinel-clients': benchSentinelClients,
  floor: benchFloor,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

const unknown = positionals.find(name => benches[name] === undefined)
if (values.help === true || unknown !== undefined) {
  process.stdout.write(usage)
  process.exit(unknown === undefined ? 0 : 2)
}

// The floors are timed against a daemon that asks for the same.
raisePriority()

const names = positionals.length > 0 ? positionals : ['create', 'crash', 'rollout', 'settled', 'cli']
const world = await openBenchWorld({
  rounds: values.rounds === undefined ? null : Number(values.rounds),
  seconds: Number(values.seconds),
})
const results: BenchResult[] = []
try {
  for (const name of names) results.push(...((await benches[name]?.(world)) ?? []))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  world.engine.close()
  // What was measured before a failure is worth having.
  process.stdout.write(`\n${renderResults(results)}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
}
