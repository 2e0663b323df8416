import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { systemClock } from '../../src/clock.js'
import { emptyConfig } from '../../src/reconciler/desired/accepted-config.js'
import type { ProbeTools } from '../../src/reconciler/execute/probe-container.js'
import { probeImage } from '../../src/reconciler/execute/probe-image.js'
import { createRedisClient } from '../../src/redis/client/redis-client.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import { probeLabel } from '../../src/runtime/labels.js'
import { spec } from '../reconciler/support/world.js'
import { callEngine, testEngine, uniqueName } from '../support/engine.js'
import type { RedisOptions } from '../../src/model/redis.js'
import type { OptionVerdict, ImageProbe } from '../../src/model/image-probe.js'

const runtime = createDockerRuntime({
  endpoint: findDockerEndpoint({
    env: { DOCKER_HOST: testEngine().dockerHost },
    platform: process.platform,
    homeDir: '/nowhere',
  }),
  clock: systemClock,
  random: Math.random,
})
const redis = createRedisClient({ clock: systemClock })
const name = uniqueName('trial')

describe('a trial on a throwaway container', () => {
  after(() => {
    redis.close()
    runtime.close()
  })

  test('tells live, restart, unknown and invalid apart, with the default and the reason', async () => {
    const verdicts = await verdictsOn({
      hz: ['20'],
      maxmemory: ['100mb'],
      'client-output-buffer-limit': ['normal 1mb 1mb 10', 'replica 512mb 0 0'],
      databases: ['4'],
      'maxmemory-policy': ['nonsense'],
      'no-such-option': ['1'],
    })
    assert.deepEqual(
      Object.fromEntries(Object.entries(verdicts).map(([option, { verdict }]) => [option, verdict])),
      {
        hz: 'live',
        maxmemory: 'live',
        'client-output-buffer-limit': 'live',
        databases: 'restart',
        'maxmemory-policy': 'invalid',
        'no-such-option': 'unknown',
      },
    )
    assert.deepEqual([verdicts['hz']?.byDefault, verdicts['hz']?.reads], ['10', '20'])
    assert.equal(verdicts['maxmemory']?.reads, String(100 * 1024 * 1024))
    assert.match(verdicts['maxmemory-policy']?.message ?? '', /volatile-lru/)
    assert.equal(verdicts['databases']?.byDefault, '16')
  })

  test('shows that a value is wrong that is read at a start only', async () => {
    const { databases, hz } = await verdictsOn({ databases: ['0'], hz: ['20'] })
    assert.equal(databases?.verdict, 'invalid')
    assert.match(databases?.message ?? '', /must be|Invalid/)
    assert.equal(hz?.verdict, 'live')
  })

  test('tells product, version and snapshot format of an image, and why one does not come up', async () => {
    const well = await imageProbeOf(testEngine().image, {})
    assert.equal(well.outcome.kind, 'answered')
    assert.ok(well.outcome.kind === 'answered' && /^\d+\.\d+/.test(well.outcome.version))
    assert.ok(well.outcome.kind === 'answered' && (well.outcome.rdbVersion ?? 0) >= 9)
    const broken = await imageProbeOf(testEngine().brokenImage, {})
    assert.ok(broken.outcome.kind === 'failed')
    assert.match(broken.outcome.reason, /exit code 1: broken on purpose/)
  })

  test('leaves no container behind', async () => {
    await imageProbeOf(testEngine().image, { hz: ['20'] })
    const filters = encodeURIComponent(
      JSON.stringify({ label: [probeLabel, `io.flotilla.flotilla=${name}`] }),
    )
    const left = await callEngine('GET', `/containers/json?all=1&filters=${filters}`)
    assert.equal(left.text.trim(), '[]')
  })
})

async function verdictsOn(options: RedisOptions): Promise<Readonly<Record<string, OptionVerdict>>> {
  const { outcome } = await imageProbeOf(testEngine().image, options)
  assert.ok(outcome.kind === 'answered', JSON.stringify(outcome))
  return outcome.options
}

function imageProbeOf(image: string, options: RedisOptions): Promise<ImageProbe> {
  const tools: ProbeTools = {
    ...{ runtime, redis, reach: 'container-ip' },
    template: { spec: spec({ name, image }), config: emptyConfig, publish: false, flotillaVersion: 'test' },
    nowMs: () => Date.now(),
    sleep: ms => sleepFor(ms),
    signal: AbortSignal.timeout(60_000),
  }
  return probeImage(tools, { image, options })
}
