import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { createDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import { openEngineStub } from '../../runtime/docker/engine-stub.js'
import { Random } from '../../support/random.js'
import { watchProcess, type ProcessLoad } from './process-load.js'

export interface EngineFuzz extends ProcessLoad {
  readonly questions: number
  /** What a call rejected with that is no error of ours: it never may. */
  readonly faults: readonly unknown[]
}

/**
 * Asks an engine whose answers and logs have odd bytes in them: every call ends within its deadline, in facts
 * or in a FlotillaError.
 */
export async function fuzzEngine(given: {
  readonly seed: number
  readonly questions: number
}): Promise<EngineFuzz> {
  const random = new Random(given.seed)
  const stub = await openEngineStub((request, response) => {
    request.resume()
    if (random.chance(0.05)) return void request.socket.destroy()
    const path = (request.url ?? '').replace(/\?.*/, '')
    const isLog = path.endsWith('/logs')
    const good = isLog ? logFrames(random) : Buffer.from(JSON.stringify(goodAnswer(path)))
    response.writeHead(random.pick([200, 200, 200, 200, 404, 500]), {
      'content-type': isLog ? 'application/octet-stream' : random.pick(['application/json', 'text/html']),
    })
    const bytes = garbled(random, good)
    if (random.chance(0.2)) response.write(bytes.subarray(0, bytes.length / 2))
    response.end(bytes)
  })
  const runtime = createDockerRuntime({ endpoint: stub.endpoint, clock: systemClock, random: () => 0 })
  const faults: unknown[] = []
  const load = watchProcess()
  try {
    for (let nth = 0; nth < given.questions; nth++)
      await random
        .pick(questions)(runtime)
        .catch((error: unknown) => {
          if (!(error instanceof FlotillaError)) faults.push(error)
        })
    return { ...load(), questions: given.questions, faults }
  } finally {
    runtime.close()
    await stub.close()
  }
}

const id = 'c'.repeat(64)
const questions: readonly ((runtime: Runtime) => Promise<unknown>)[] = [
  runtime => runtime.listContainers(),
  runtime => runtime.inspectContainer('shop-master'),
  runtime => runtime.listVolumes(),
  runtime => runtime.findNetwork('shop'),
  runtime => runtime.findImage('redis:8'),
  runtime => runtime.readLogs(id, { tailLines: 100 }),
  runtime =>
    runtime.streamLogs(
      id,
      { follow: false, tailLines: 100, sinceMs: null },
      () => {},
      AbortSignal.timeout(5_000),
    ),
]

const labels = { 'io.flotilla.flotilla': 'shop', 'io.flotilla.node': '0' }

function goodAnswer(path: string): unknown {
  const networks = {
    shop: { NetworkID: 'n1', EndpointID: 'e1', IPAddress: '172.18.0.2', Aliases: ['shop-0'] },
  }
  if (path.endsWith('/containers/json'))
    return [
      {
        ...{ Id: id, Names: ['/shop-master'], Image: 'redis:8', ImageID: 'sha256:a', State: 'running' },
        ...{ Labels: labels, Mounts: [], Ports: [], NetworkSettings: { Networks: networks } },
      },
    ]
  if (path.endsWith('/volumes')) return { Volumes: [{ Name: 'shop-0', Driver: 'local', Labels: labels }] }
  if (path.endsWith('/networks')) return [{ Id: 'n1', Name: 'shop', Driver: 'bridge', Labels: labels }]
  if (path.includes('/images/')) return { Id: 'sha256:a', Config: { User: '999', Labels: {} } }
  return {
    ...{ Id: id, Name: '/shop-master', Image: 'sha256:a', Config: { Image: 'redis:8', Labels: labels } },
    State: { Status: 'running', Pid: 42, ExitCode: 0, StartedAt: '2026-11-23T05:29:29.1Z' },
    ...{ Mounts: [], NetworkSettings: { Ports: {}, Networks: networks } },
  }
}

/**
 * Docker's frames: stream, three zeros, length in four bytes, text.
 * https://docs.docker.com/reference/api/engine/version/v1.41/ (attach)
 */
function logFrames(random: Random): Buffer {
  return Buffer.concat(
    Array.from({ length: random.int(0, 20) }, () => {
      const text = Buffer.from(`2026-11-23T05:29:29.123456789Z ${'x'.repeat(random.int(0, 3_000))}\n`)
      const head = Buffer.alloc(8)
      head[0] = random.int(1, 2)
      head.writeUInt32BE(random.chance(0.95) ? text.length : random.int(0, 2 ** 31), 4)
      return Buffer.concat([head, text])
    }),
  )
}

function garbled(random: Random, good: Buffer): Buffer {
  const bytes = Buffer.from(good)
  if (bytes.length > 0 && random.chance(0.5))
    for (let times = random.int(1, 6); times > 0; times--)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255)
  return random.chance(0.2) ? bytes.subarray(0, random.int(0, bytes.length)) : bytes
}
