import type { BenchWorld } from '../support/bench-world.js'
import { monotonicMs, type Audit, type WriterSetting } from '../support/bench-writer.js'
import type { BenchResult } from '../support/result.js'
import { flotillaCountFor, startFleet, writerSetting, type BenchFlotilla } from './fleet.js'

const defaultRounds = 20
/** Of each writer: two of them write at once where plain writes and `WAIT 1` share a crash. */
const perSecond = 5_000

/** Acknowledged writes that are gone after a crash, by what an acknowledgement was to mean. */
export async function benchLoss(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const each = flotillaCountFor(rounds)
  const fleet = await startFleet(world, [
    ...Array.from({ length: each }, () => 0),
    ...Array.from({ length: each }, () => 1),
  ])
  const audits: Record<'plain' | 'wait' | 'minReplicas', Audit[]> = { plain: [], wait: [], minReplicas: [] }
  try {
    const setting = writerSetting(fleet.home.password, { pace: { perSecond } })
    const free = fleet.flotillas.slice(0, each)
    const bound = fleet.flotillas.slice(each)
    for (let round = 0; round < rounds; round++) {
      const [plain, wait] = await crashUnderLoad(free[round % each], [setting, { ...setting, wait: true }])
      const [minReplicas] = await crashUnderLoad(bound[round % each], [setting])
      if (plain === undefined || wait === undefined || minReplicas === undefined) throw new Error('no audit')
      audits.plain.push(plain)
      audits.wait.push(wait)
      audits.minReplicas.push(minReplicas)
      world.logStep(
        `loss, round ${round + 1} of ${rounds}: ${[plain, minReplicas, wait].map(one => `${one.lost} of ${one.acknowledged}`).join(' · ')}`,
      )
    }
    return [
      lossOf('kill -9, plain writes', audits.plain, null),
      lossOf('kill -9, minReplicasToWrite: 1', audits.minReplicas, null),
      lossOf('kill -9, WAIT 1', audits.wait, 0),
    ]
  } finally {
    await fleet.remove()
  }
}

async function crashUnderLoad(
  one: BenchFlotilla | undefined,
  settings: readonly WriterSetting[],
): Promise<readonly Audit[]> {
  if (one === undefined) throw new Error('no flotilla')
  const { pid } = await one.whole()
  const writers = await Promise.all(
    settings.map((setting, index) => one.writerContainer.open(`load-${index}`, setting)),
  )
  await Promise.all(writers.map(writer => writer.more(perSecond / 2)))
  const killedMs = monotonicMs()
  process.kill(pid, 'SIGKILL')
  await Promise.all(writers.map(writer => writer.back(killedMs, 30_000)))
  const audits = await Promise.all(writers.map(writer => writer.audit()))
  await Promise.all(writers.map(writer => writer.close()))
  return audits
}

function lossOf(bench: string, audits: readonly Audit[], goal: number | null): BenchResult {
  return {
    kind: 'loss',
    bench,
    lost: audits.map(one => one.lost),
    acknowledged: audits.reduce((all, one) => all + one.acknowledged, 0),
    goal,
  }
}
