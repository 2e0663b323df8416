import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { refusalCodes, type RefusalCode } from '../../src/reconciler/plan/plan.js'
import { takeWrite } from '../../src/redis/fake/fake-master.js'
import type { SimSpec } from './support/scenario.js'
import { flotilla } from './support/sim-world.js'
import { stageReady, type Stage } from './support/stage.js'
import { typeWhatItSays } from './support/typist.js'

/** How a hold comes about, and what has to be true before what it says is typed. */
interface Hold {
  readonly spec?: Partial<SimSpec>
  readonly comesOf: (stage: Stage) => void
  /** Again and again until it holds; what happens once is not enough. */
  readonly goesOn?: (stage: Stage) => void
  /** A command that works only after the cause is mended says so. */
  readonly mend?: (stage: Stage) => void
  /** After the command, where it leaves something to the manifest. */
  readonly afterwards?: (stage: Stage) => void
}

/** What the simulation has no world for: the test that types it, or does in the manifest what it says. */
interface Elsewhere {
  readonly file: string
  readonly title: string
}

const holds: Readonly<Record<(typeof refusalCodes)[number], Hold | Elsewhere>> = {
  NameConflict: {
    comesOf({ run, befall }) {
      befall({ kind: 'remove', node: 1 })
      squat(run.world, 'shop-replica-1')
    },
  },
  NetworkConflict: {
    comesOf({ run }) {
      run.world.engine.world.addNetwork({ name: 'web', labels: {} })
      const { networks } = run.world.engine.world
      const web = networks.get('web')
      if (web !== undefined) networks.set('web', { ...web, driver: 'overlay' })
      run.edit({ more: 'network: { external: [web] }' })
    },
    afterwards: ({ run }) => run.edit({ more: 'network: { external: [web-bridge] }' }),
  },
  NetworkMissing: { comesOf: ({ run }) => run.edit({ more: 'network: { external: [web] }' }) },
  VolumeShared: {
    file: 'test/e2e/persistence.test.ts',
    title:
      'a node whose volume is the folder of the master is not started there; on a place of its own, as the hold says, it is',
  },
  DataLossGuard: {
    spec: { replicas: 1, persistence: 'none', mode: 'manual' },
    comesOf: ({ befall }) => befall({ kind: 'kill', node: 'master' }),
  },
  NoSafeCandidate: {
    spec: { replicas: 1, persistence: 'aof' },
    comesOf({ befall }) {
      befall({ kind: 'slow-sync', syncMs: 600_000, forMs: 600_000 })
      befall({ kind: 'flush' })
      befall({ kind: 'exit', node: 1, code: 0 })
      befall({ kind: 'freeze', node: 'master', forMs: 0 })
    },
  },
  StrayMaster: {
    comesOf({ run, befall }) {
      befall({ kind: 'promote-by-hand', node: 1 })
      const stray = run.world.processOf(1)
      if (stray === null) return
      for (const key of ['a', 'b'])
        takeWrite(run.world.redis.wire, stray, { key, value: 'theirs', waitFor: 0 }, () => undefined)
    },
  },
  DuplicateNode: {
    comesOf({ run }) {
      const twin = run.world.containerOf(1)
      if (twin !== null) run.world.engine.world.create({ ...twin.spec, name: 'twin' }, [])
    },
  },
  RolloutBlocked: { comesOf: ({ run }) => run.edit({ image: 'redis:3' }) },
  FailoverBlocked: {
    spec: { mode: 'manual' },
    comesOf: ({ befall }) => befall({ kind: 'freeze', node: 'master', forMs: 0 }),
  },
  CrashLooping: {
    comesOf: () => undefined,
    goesOn({ run, befall }) {
      if (run.world.containerOf(1)?.state === 'running') befall({ kind: 'exit', node: 1, code: 1 })
    },
  },
  ActionFailing: {
    comesOf({ befall }) {
      befall({ kind: 'node-trouble', node: 1, what: 'start', forMs: 3_600_000 })
      befall({ kind: 'kill', node: 1 })
    },
    mend: ({ run }) => run.heal(),
  },
  ConfigRefused: {
    file: 'test/e2e/config.test.ts',
    title:
      '25. A bad value or a forbidden key (`bind`, `port`, `replicaof`, `dir` …) → refused before any node is touched',
  },
  MemoryInUse: {
    file: 'test/reconciler/plan/limits.test.ts',
    title: 'memory that is in use is taken away where the policy makes room',
  },
  TlsRefused: {
    file: 'test/e2e/tls.test.ts',
    title:
      "certificates of one's own that can not serve are refused and nothing is touched; good ones are taken over within seconds",
  },
  BootstrapBlocked: {
    file: 'test/e2e/copies.test.ts',
    title:
      'a Redis with more databases in use than the nodes would have is not followed, and the manifest says how it is',
  },
}

describe('what a hold says to type ends it', () => {
  for (const code of refusalCodes) {
    const hold = holds[code]
    if (!('comesOf' in hold)) continue
    test(code, async () => {
      const stage = await stageReady(hold.spec)
      const { run, until } = stage
      // Known by now to be in sync.
      const fromMs = run.world.clock.monotonicMs()
      await until('some seconds to pass', 9_000, () => run.world.clock.monotonicMs() - fromMs > 8_000)
      hold.comesOf(stage)
      await until(`the hold ${code}`, 300_000, () => {
        hold.goesOn?.(stage)
        return said(stage, code) !== null
      })
      const whatToType = said(stage, code) ?? ''
      hold.mend?.(stage)
      await typeWhatItSays(run, whatToType)
      hold.afterwards?.(stage)
      await until(`the end of ${code} after: ${whatToType}`, 60_000, () => {
        const { status } = run.keeper
        return status !== null && said(stage, code) === null && status.phase !== 'Held'
      })
      assert.equal(run.rules.violation, null)
    })
  }
})

test('a hold that the simulation can’t bring about is typed by the test that is named for it', () => {
  for (const [code, hold] of Object.entries(holds))
    if ('file' in hold) {
      const text = readFileSync(hold.file, 'utf8')
      assert.ok(text.includes(hold.title), `${hold.file} has no test "${hold.title}" for ${code}`)
    }
})

function said({ run }: Stage, code: RefusalCode): string | null {
  return run.keeper.status?.refusing.find(one => one.code === code)?.whatToType ?? null
}

/** A container of somebody else, under a name of ours. */
function squat({ engine }: Stage['run']['world'], name: string): void {
  engine.world.create(
    {
      ...{ name, image: 'redis:1', command: [], labels: {}, mounts: [], dnsOptions: [], hostname: name },
      ...{ openFilesMax: 1_024, stopGraceSeconds: 1, publishPort: null },
      attachment: { network: flotilla, links: [], aliases: [] },
    },
    [],
  )
}
