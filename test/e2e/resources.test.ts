import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

const settleTimeoutMs = 120_000
const mib = 1_048_576

function limit(world: World, resources: string | null): void {
  world.declare({ replicas: 1 })
  if (resources !== null) appendFileSync(world.manifest, `  resources: ${resources}\n`)
}

async function limitsOf(world: World): Promise<readonly string[]> {
  const nodes = await world.containers()
  return Promise.all(
    nodes.map(async ({ id }) => {
      const { HostConfig } = (await call('GET', `/containers/${id}/json`)) as {
        HostConfig: { Memory: number; NanoCpus: number }
      }
      return `${HostConfig.Memory / mib} MiB, ${HostConfig.NanoCpus / 1e9} CPUs`
    }),
  )
}

async function maxMemoryOf(world: World, node: 'master' | 'replica-1'): Promise<number> {
  const reply = (await world.administer(node, 'config', 'get', 'maxmemory')) as readonly string[]
  return Number(reply[1])
}

describe('spec.resources', () => {
  test('limits reach running containers without a restart, and maxmemory stays below them', async t => {
    const world = testWorld(t, 'limits')
    limit(world, null)
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    const before = await world.containers()
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    for (const [memory, cpus] of [
      [1_024, 1],
      [256, 0.5],
    ] as const) {
      limit(world, `{ memory: ${memory}Mi, cpus: ${cpus} }`)
      await until(`limits of ${memory} MiB`, settleTimeoutMs, async () => {
        assert.deepEqual(await limitsOf(world), Array(2).fill(`${memory} MiB, ${cpus} CPUs`))
        const wanted = Math.floor((memory - 64) * mib * 0.7)
        assert.equal(await maxMemoryOf(world, 'master'), wanted)
        assert.equal(await maxMemoryOf(world, 'replica-1'), wanted)
        return true
      })
    }
    await assertUntouched(world, before)
    await assertWhole(world, { replicas: 1, withinMs: settleTimeoutMs })
    t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes, none lost`)
  })
})
