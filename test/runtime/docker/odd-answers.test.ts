import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { createDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import { mutationsOf } from '../../support/mutate.js'
import { openEngineStub, type EngineStub } from './engine-stub.js'

const labels = { 'io.flotilla.flotilla': 'shop', 'io.flotilla.node': '0' }
const endpoint = {
  ...{ NetworkID: 'n1', EndpointID: 'e1', IPAddress: '172.18.0.2', Links: ['shop-master:master'] },
  ...{ Aliases: ['shop-0'], Gateway: '172.18.0.1', DriverOpts: null },
}
const listed = {
  ...{
    Id: 'c'.repeat(64),
    Names: ['/shop-master'],
    Image: 'redis:8',
    ImageID: 'sha256:a',
    Created: 1_790_000_000,
  },
  ...{
    State: 'running',
    Status: 'Up 3 minutes',
    Labels: labels,
    Mounts: [{ Type: 'volume', Name: 'shop-0' }],
  },
  Ports: [{ IP: '127.0.0.1', PrivatePort: 6379, PublicPort: 32768, Type: 'tcp' }],
  NetworkSettings: { Networks: { shop: endpoint } },
}
const inspected = {
  ...{ Id: 'c'.repeat(64), Name: '/shop-master', Created: '2026-11-23T05:29:28.1Z', Image: 'sha256:a' },
  State: {
    ...{ Status: 'running', Pid: 42, ExitCode: 0, OOMKilled: false, Error: '' },
    ...{ StartedAt: '2026-11-23T05:29:29.1Z', FinishedAt: '0001-01-01T00:00:00Z' },
  },
  Config: { Image: 'redis:8', Labels: labels },
  Mounts: [{ Type: 'volume', Name: 'shop-0' }],
  NetworkSettings: {
    Ports: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: '32768' }] },
    Networks: { shop: endpoint },
  },
}
const network = {
  ...{ Id: 'n1', Name: 'shop', Driver: 'bridge', Labels: labels },
  IPAM: { Config: [{ Subnet: '172.18.0.0/16' }] },
}
const volume = {
  ...{ Name: 'shop-0', Driver: 'local', Options: null, Labels: labels },
  ...{ CreatedAt: '2026-11-23T05:29:28Z', Mountpoint: '/x' },
}
const image = { Id: 'sha256:a', Size: 1, Config: { User: '999', Labels: {} } }

/** What each question is answered with, before something in it is odd. */
const questions: readonly {
  readonly name: string
  readonly answers: Readonly<Record<string, unknown>>
  readonly ask: (runtime: Runtime) => Promise<unknown>
}[] = [
  {
    name: 'listContainers',
    answers: { [`/containers/${listed.Id}/json`]: inspected, '/containers/json': [listed] },
    ask: runtime => runtime.listContainers(),
  },
  {
    name: 'inspectContainer',
    answers: { '/containers/shop-master/json': inspected },
    ask: runtime => runtime.inspectContainer('shop-master'),
  },
  { name: 'findNetwork', answers: { '/networks': [network] }, ask: runtime => runtime.findNetwork('shop') },
  { name: 'listNetworks', answers: { '/networks': [network] }, ask: runtime => runtime.listNetworks() },
  {
    name: 'listVolumes',
    answers: { '/volumes': { Volumes: [volume], Warnings: null } },
    ask: runtime => runtime.listVolumes(),
  },
  {
    name: 'findVolume',
    answers: { '/volumes/shop-0': volume },
    ask: runtime => runtime.findVolume('shop-0'),
  },
  {
    name: 'findImage',
    answers: { '/images/redis:8/json': image },
    ask: runtime => runtime.findImage('redis:8'),
  },
]

describe('an engine that answers oddly', () => {
  let stub: EngineStub
  let runtime: Runtime
  let answers: Readonly<Record<string, unknown>> = {}

  before(async () => {
    stub = await openEngineStub((request, response) => {
      const path = (request.url ?? '').replace(/^\/v1\.\d+/, '').replace(/\?.*/, '')
      response.end(JSON.stringify(answers[decodeURIComponent(path)] ?? null))
    })
    runtime = createDockerRuntime({ endpoint: stub.endpoint, clock: systemClock, random: () => 0 })
  })

  after(async () => {
    runtime.close()
    await stub.close()
  })

  for (const question of questions) {
    test(`${question.name}: what is in the answer is told, and what Flotilla does not know is passed over`, async () => {
      answers = question.answers
      const facts = await question.ask(runtime)
      assert.notEqual(facts, null)
      assert.match(JSON.stringify(facts), /shop|sha256/)
    })

    test(`${question.name}: fields that are missing, odd or more than expected end in sound facts or in one error, never in a guess`, async () => {
      const mutated = fc.record(
        Object.fromEntries(Object.entries(question.answers).map(([path, good]) => [path, mutationsOf(good)])),
      )
      await fc.assert(
        fc.asyncProperty(mutated, async odd => {
          answers = odd
          try {
            assertSound(await question.ask(runtime))
          } catch (error) {
            if (!(error instanceof FlotillaError)) throw error
            assert.equal(error.code, 'runtime/failed', error.message)
          }
        }),
        { numRuns: 150 },
      )
    })
  }

  test('a list of volumes that does not say what there is, is no list of none', async () => {
    answers = { '/volumes': {} }
    await assert.rejects(runtime.listVolumes(), { code: 'runtime/failed' })
  })
})

/**
 * Facts have the types that the port declares: nothing is undefined, no number is no number, no id is empty.
 */
function assertSound(facts: unknown): void {
  if (Array.isArray(facts)) return facts.forEach(assertSound)
  if (typeof facts !== 'object' || facts === null) return
  for (const [key, value] of Object.entries(facts as Record<string, unknown>)) {
    assert.notEqual(value, undefined, `${key} is undefined`)
    if (typeof value === 'number') assert.ok(!Number.isNaN(value), `${key} is not a number`)
    if (key.endsWith('Id') && value !== null)
      assert.ok(typeof value === 'string', `${key} is ${JSON.stringify(value)}`)
    if (key === 'labels') assert.ok(Object.values(value as object).every(label => typeof label === 'string'))
    if (key === 'name')
      assert.ok(typeof value === 'string' && value !== '', `name is ${JSON.stringify(value)}`)
    if (typeof value === 'object') assertSound(value)
  }
}
