import assert from 'node:assert/strict'
import { test } from 'node:test'
import { performImageProbe } from '../../../src/reconciler/execute/perform-image-probe.js'
import { probeImage } from '../../../src/reconciler/execute/probe-image.js'
import { FlotillaError } from '../../../src/errors.js'
import { configFilePath } from '../../../src/redis/config.js'
import { flotillaLabel, probeLabel } from '../../../src/runtime/labels.js'
import { runToEnd, executionFixture, type ExecutionFixture } from '../support/execution.js'
import type { ContainerFacts, ContainerSpec, ExecResult } from '../../../src/model/engine.js'
import type { NodeTarget, RedisOptions } from '../../../src/model/redis.js'
import type { ImageProbe } from '../../../src/model/image-probe.js'

const imageProbe = { kind: 'probe-image', cause: 'a test' } as const

/**
 * How a server of an image behaves: what redis-cli says to each question, and over which lines of its
 * redis.conf it ends.
 */
interface Server {
  readonly says: (command: readonly string[]) => string
  /** Why it ends over this redis.conf: its exit code and last words; null when it comes up. */
  readonly endsOver?: (config: string) => { readonly code: number; readonly log: readonly string[] } | null
}

function redis7(sets: Readonly<Record<string, string>> = {}): Server['says'] {
  const values = new Map([
    ['hz', '10'],
    ['maxmemory', '0'],
  ])
  return ([word, ...rest]) => {
    if (word === 'INFO') return 'redis_version:7.0.15\r\n'
    if (word === 'EVAL') return '10\n0\n'
    if (rest[0] === 'GET') return [...values].flat().join('\n')
    const names = rest.slice(1).filter((_, index) => index % 2 === 0)
    const refusal = names.map(name => sets[name]).find(one => one !== undefined)
    if (refusal !== undefined) return refusal
    for (const [index, name] of names.entries()) values.set(name, rest[2 + 2 * index] ?? '')
    return 'OK\n'
  }
}

/** An engine whose containers run such a server. */
async function engine(
  server: Server,
  overrides: Parameters<typeof executionFixture>[0] = {},
): Promise<ExecutionFixture> {
  const exec = (_container: ContainerFacts, [, ...command]: readonly string[]): ExecResult => ({
    ...{ exitCode: 0, stderr: '' },
    stdout: server.says(command),
  })
  const world: ExecutionFixture = await executionFixture(overrides, {
    exec,
    onEvent({ action, type, name }) {
      if (type !== 'container' || action !== 'start' || name === null) return
      const config = world.fake.controls.filesOf(name).get(configFilePath)
      const end = server.endsOver?.(config?.content ?? '') ?? null
      if (end === null) return
      for (const line of end.log) world.fake.controls.writeLog(name, line)
      world.fake.controls.exit(name, end.code)
    },
  })
  return world
}

async function outcome(server: Server, options: RedisOptions = {}): Promise<ImageProbe['outcome']> {
  const world = await engine(server)
  const told = await runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options }))
  assert.deepEqual(await world.fake.runtime.listContainers(), [], 'nothing of it is left')
  assert.equal(told.imageId, 'sha256:redis:8')
  return told.outcome
}

/** `option: verdict, what it was by default → what it reads, message`. */
async function verdicts(server: Server, options: RedisOptions): Promise<readonly string[]> {
  const found = await outcome(server, options)
  assert.equal(found.kind, 'answered')
  return Object.entries(found.options).map(
    ([name, { verdict, byDefault, reads, message }]) =>
      `${name}: ${verdict}, ${byDefault} → ${reads}${message === null ? '' : `, ${message}`}`,
  )
}

test('a server tells what it is and which snapshots it writes', async () => {
  const found = await outcome({ says: redis7() })
  assert.deepEqual(found, {
    kind: 'answered',
    product: 'redis',
    version: '7.0.15',
    rdbVersion: 10,
    options: {},
  })
})

test('an option that a running server takes is live, in the words that it reads it in', async () => {
  assert.deepEqual(await verdicts({ says: redis7() }, { hz: ['50'] }), ['hz: live, 10 → 50'])
})

test('of several options each is judged alone where not all are taken', async () => {
  const says = redis7({
    databases: '(error) ERR CONFIG SET failed - can’t set immutable config',
    maxmemory:
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
  })
  assert.deepEqual(await verdicts({ says }, { hz: ['50'], databases: ['4'], maxmemory: ['much'] }), [
    'hz: live, 10 → 50',
    'databases: restart, null → null',
    'maxmemory: invalid, 0 → null, argument must be a memory value',
  ])
})

test('an option that no start takes is blamed in the words of the server', async () => {
  const says = redis7({ odd: 'ERR Unknown option or number of arguments for CONFIG SET - odd' })
  const endsOver = (config: string) =>
    config.includes('odd')
      ? { code: 1, log: ['*** FATAL CONFIG FILE ERROR ***', ">>> 'odd 1'", 'Bad directive'] }
      : null
  assert.deepEqual(await verdicts({ says, endsOver }, { odd: ['1'], hz: ['20'] }), [
    'odd: unknown, null → null, Bad directive',
    'hz: live, 10 → 20',
  ])
})

test('a value that only a start refuses is invalid', async () => {
  const says = redis7({ databases: 'ERR CONFIG SET failed - can’t set immutable config' })
  const endsOver = (config: string) =>
    config.includes('databases') ? { code: 1, log: [">>> 'databases -1'"] } : null
  assert.deepEqual(await verdicts({ says, endsOver }, { databases: ['-1'] }), [
    'databases: invalid, null → null, can’t set immutable config',
  ])
})

test('where the last words name no option, those that only a start can judge are suspect', async () => {
  const says = redis7({ databases: 'ERR CONFIG SET failed - can’t set immutable config' })
  const endsOver = (config: string) =>
    config.includes('databases') ? { code: 139, log: ['Segmentation fault'] } : null
  assert.deepEqual(await verdicts({ says, endsOver }, { databases: ['16'], hz: ['20'] }), [
    'databases: invalid, null → null, a server that starts with it does not come up: it ended with exit code 139: Segmentation fault',
    'hz: live, 10 → 20',
  ])
})

test('where all are live and a start fails all the same, all are', async () => {
  const endsOver = (config: string) => (config.includes('hz') ? { code: 1, log: [] } : null)
  assert.deepEqual(await verdicts({ says: redis7(), endsOver }, { hz: ['20'] }), [
    'hz: invalid, 10 → 20, a server that starts with it does not come up: it ended with exit code 1',
  ])
})

test('an image whose server ends at once has failed, with its last words', async () => {
  const endsOver = () => ({ code: 127, log: ['exec: redis-server: not found', ''] })
  assert.deepEqual(await outcome({ says: () => '', endsOver }, { hz: ['20'] }), {
    kind: 'failed',
    reason: 'it ended with exit code 127: exec: redis-server: not found',
    tried: { hz: ['20'] },
  })
})

test('a server that never answers is given 20 s', async () => {
  const found = await outcome({ says: () => 'Could not connect\n' })
  assert.deepEqual(found, {
    kind: 'failed',
    reason: 'it does not answer within 20 s (Could not connect)',
    tried: {},
  })
})

test('a container that the engine can not start has failed with the words of the engine', async () => {
  const world = await engine({ says: redis7() })
  const { runtime, controls: people } = world.fake
  const failing = {
    ...world.context,
    runtime: {
      ...runtime,
      createContainer: async (...given: Parameters<typeof runtime.createContainer>) => {
        const id = await runtime.createContainer(...given)
        people.failNextStart(id, 'exec format error')
        return id
      },
    },
  }
  const tried = await runToEnd(world.clock, probeImage(failing, { image: 'redis:8', options: {} }))
  assert.deepEqual(tried.outcome, { kind: 'failed', reason: 'exec format error', tried: {} })
})

test('a server that ends while it is asked is told as that, and leaves nothing behind', async () => {
  const world: ExecutionFixture = await engine({
    says: command => {
      if (command[0] !== 'INFO') {
        const [one] = [...world.fake.world.containers.values()]
        if (one !== undefined) world.fake.controls.exit(one.id, 1)
        throw new Error('the connection was reset')
      }
      return 'redis_version:7.0.15'
    },
  })
  await assert.rejects(
    runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options: {} })),
    /its server ended while it was asked/,
  )
  assert.deepEqual(await world.fake.runtime.listContainers(), [])
})

test('an engine that can not ask is to blame, not the image', async () => {
  const says = (): string => {
    throw new Error('the engine is busy')
  }
  const world = await engine({ says })
  await assert.rejects(
    runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options: {} })),
    /the engine is busy/,
  )
})

const noRedisCli = 'OCI runtime exec failed: exec: "redis-cli": executable file not found in $PATH: unknown'

/**
 * An engine with a network of ours, and an image without redis-cli whose server says this to whoever asks it
 * over the network.
 */
async function engineWithoutRedisCli(
  command: ExecutionFixture['context']['redis']['command'],
): Promise<ExecutionFixture> {
  const world = await executionFixture(
    {},
    { exec: () => ({ exitCode: 127, stdout: noRedisCli, stderr: '' }) },
  )
  const { runtime } = world.fake
  await runtime.removeNetwork('shop')
  await runtime.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } })
  return { ...world, context: { ...world.context, redis: { ...world.context.redis, command } } }
}

test('an image without redis-cli is asked over the network, with a password of that trial alone', async () => {
  const says = redis7({ databases: 'ERR CONFIG SET failed - can’t set immutable config' })
  const targets: NodeTarget[] = []
  const world = await engineWithoutRedisCli((target, command) => {
    targets.push(target)
    const said = says(command)
    if (said.startsWith('ERR'))
      throw new FlotillaError('redis/refused-command', `${target.nodeAlias}: CONFIG: ${said}`)
    return Promise.resolve(said.includes('\n') && command[0] !== 'INFO' ? said.trimEnd().split('\n') : said)
  })
  const options = { hz: ['50'], databases: ['4'] }
  const tried = await runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options }))
  assert.ok(tried.outcome.kind === 'answered', JSON.stringify(tried.outcome))
  assert.deepEqual([tried.outcome.version, tried.outcome.rdbVersion], ['7.0.15', 10])
  const found = Object.entries(tried.outcome.options).map(([option, { verdict }]) => `${option}: ${verdict}`)
  assert.deepEqual(found, ['hz: live', 'databases: restart'])
  assert.deepEqual(await world.fake.runtime.listContainers(), [], 'nothing of it is left')
  const made = world.fake.calls.flatMap(({ method, args }) => (method === 'createContainer' ? [args] : []))
  const networks = made.map(([given]) => (given as ContainerSpec).attachment.network)
  assert.equal(networks.at(-1), 'shop')
  const passwords = new Set(targets.map(({ credentials }) => credentials.application?.reveal()))
  assert.ok(!passwords.has(undefined) && [...passwords].every(one => (one?.length ?? 0) > 20))
})

test('an image without redis-cli whose server nobody hears is given 20 s, and what was in the way is told', async () => {
  const world = await engineWithoutRedisCli(() => {
    throw new FlotillaError('redis/unreachable', 'shop-trial: INFO: no route to host')
  })
  const tried = await runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options: {} }))
  assert.deepEqual(tried.outcome, {
    kind: 'failed',
    reason: 'it does not answer within 20 s (shop-trial: INFO: no route to host)',
    tried: {},
  })
})

test('in a container of its own, and before there is a network, Flotilla is to blame and not the image', async () => {
  const world = await engineWithoutRedisCli(() => Promise.reject(new Error('nobody is asked')))
  await world.fake.runtime.removeNetwork('shop')
  const context = { ...world.context, reach: 'network' as const }
  await assert.rejects(
    runToEnd(world.clock, probeImage(context, { image: 'redis:8', options: {} })),
    /has no redis-cli, and Flotilla, in a container itself, reaches a server only on the network shop/,
  )
  assert.deepEqual(await world.fake.runtime.listContainers(), [])
})

test('what it runs in has no network, no volume and no secret, and carries a label of its own', async () => {
  const world = await engine({ says: redis7() })
  await runToEnd(world.clock, probeImage(world.context, { image: 'redis:8', options: {} }))
  const [made] = world.fake.calls.flatMap(({ method, args }) => (method === 'createContainer' ? [args] : []))
  const [given] = (made ?? []) as readonly [{ labels: Record<string, string>; mounts: readonly unknown[] }]
  assert.equal(given.labels[probeLabel], '1')
  assert.deepEqual(given.mounts, [])
})

test('an image that is not here is no trial', async () => {
  const world = await engine({ says: redis7() })
  await assert.rejects(probeImage(world.context, { image: 'redis:9', options: {} }), {
    code: 'runtime/image-unavailable',
  })
})

test('what a trial told is written down and told: what it is, and which options it refuses', async () => {
  const world = await engine({ says: redis7({ maxmemory: 'ERR argument must be a memory value' }) })
  await runToEnd(
    world.clock,
    performImageProbe(world.context, { ...imageProbe, image: 'redis:8', options: { maxmemory: ['much'] } }),
  )
  assert.equal(world.memory().trials.length, 1)
  assert.deepEqual(world.told, [
    'image.probed {"image":"redis:8","product":"redis","version":"7.0.15","refused":["maxmemory"]}',
  ])
})

test('an image that fails is told, and so is one that a node runs and that is gone', async () => {
  const world = await engine({ says: () => '', endsOver: () => ({ code: 1, log: [] }) })
  await runToEnd(
    world.clock,
    performImageProbe(world.context, { ...imageProbe, image: 'redis:8', options: {} }),
  )
  await runToEnd(
    world.clock,
    performImageProbe(world.context, { ...imageProbe, image: 'sha256:gone', options: {} }),
  )
  assert.deepEqual(world.told, [
    'image.probe-failed {"image":"redis:8","reason":"it ended with exit code 1","times":1}',
    'image.probe-failed {"image":"sha256:gone","reason":"it is not on this engine any more","times":1}',
  ])
  await assert.rejects(performImageProbe(world.context, { ...imageProbe, image: 'redis:9', options: {} }), {
    code: 'runtime/image-unavailable',
  })
})

test('an image that fails again and again is told once, then counted, and told at once when the reason is another', async () => {
  let code = 1
  const world = await engine({
    says: () => '',
    endsOver: () => ({ code, log: code === 1 ? [] : ['no memory'] }),
  })
  const tryIt = () =>
    runToEnd(world.clock, performImageProbe(world.context, { ...imageProbe, image: 'redis:8', options: {} }))
  for (let times = 1; times <= 6; times++) await tryIt()
  code = 2
  await tryIt()
  assert.deepEqual(
    world.told.map(line => /"times":\d+/.exec(line)?.[0]),
    ['"times":1', '"times":5', '"times":1'],
  )
})
