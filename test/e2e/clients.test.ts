import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { codeBlock } from '../docs/markdown.js'
import { startClient, whyNoClient, type ClientContainer } from '../support/client-container.js'
import { assertWhole } from '../support/common-assertions.js'
import { call, signalContainer } from '../support/containers.js'
import { dropOneReply } from '../support/lost-reply.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

const page = readFileSync('docs/clients.md', 'utf8')

const programs = [
  { library: 'ioredis', file: 'ioredis.mjs', language: 'js' },
  { library: 'node-redis', file: 'node-redis.mjs', language: 'js' },
  { library: 'redis-py', file: 'redis-py.py', language: 'python' },
] as const

/** Those that can run here; which ones can't is said. */
function runnable(t: TestContext) {
  return programs.filter(({ library, language }) => {
    const reason = whyNoClient(language)
    if (reason !== false) t.diagnostic(`${library} is left out: ${reason}`)
    return reason === false
  })
}

describe('clients', { concurrency: 2 }, () => {
  test('as docs/clients.md sets them up and knowing only the master’s name, over switchovers and crashes ioredis, node-redis and redis-py write on, a worker that waits for jobs gets the next one, and a subscriber hears again', async t => {
    const world = await settled(t, 'clients')
    const start = (file: string) => startClient(world, { file, text: codeBlock(page, file) })
    const writers = await Promise.all(
      runnable(t).map(async ({ library, file }) => ({ library, client: await start(file) })),
    )
    const [worker, subscriber] = await Promise.all([start('worker.mjs'), start('subscriber.mjs')])
    const untilAllServe = async (what: string): Promise<void> => {
      const sinceMs = Date.now()
      await Promise.all(writers.map(({ client }) => untilItWrites(client, sinceMs)))
      await untilPushedAndTaken(world, worker, what)
      await untilHeard(world, subscriber, what)
    }
    await untilAllServe('before')
    for (const fault of ['switchover', 'crash'] as const)
      for (let round = 1; round <= rounds; round += 1) {
        const beganMs = Date.now()
        await faults[fault](world)
        await untilAllServe(`after ${fault} ${round}`)
        await assertWhole(world, { replicas: 2 })
        for (const { library, client } of writers)
          await reportAndAssert(t, { world, library, client, fault, beganMs })
      }
  })

  test('as docs/clients.md sets them up, ioredis, node-redis and redis-py send a command whose reply was lost again: INCR has run twice', async t => {
    const world = await settled(t, 'lost-reply')
    for (const { library, file } of runnable(t)) {
      const client = await overLostReply(world, { file, text: codeBlock(page, file), command: 'incr' })
      const [first] = await until(`a number from ${library}`, 60_000, () => {
        const numbers = printed(client)
        return numbers.length > 0 && numbers
      })
      assert.equal(first, '2', `${library}: the first answer that it got is the second that was given`)
      t.diagnostic(
        `${library}: ${JSON.stringify(client.lines.filter(line => line.stream === 'stderr').map(line => line.text))}`,
      )
      await client.stop()
      await world.redis('master', 'del', 'orders')
    }
    const text = codeBlock(page, 'ioredis.mjs').replace(
      'maxRetriesPerRequest: 30,',
      'maxRetriesPerRequest: 30, autoResendUnfulfilledCommands: false, commandTimeout: 2_000,',
    )
    const client = await overLostReply(world, { file: 'ioredis.mjs', text, command: 'incr' })
    const told = await until('ioredis that is told not to resend to give up', 60_000, () =>
      client.lines.find(line => line.text.startsWith('given up')),
    )
    assert.equal(told.text, 'given up: Command timed out')
  })

  test('as docs/clients.md sends it, a write whose WAIT was not answered is sent again by ioredis, node-redis and redis-py; sent apart, WAIT alone is', async t => {
    const world = await settled(t, 'lost-wait')
    const paidAfter = async (library: string, program: Program): Promise<number> => {
      const before = await setsOn(world)
      const client = await overLostReply(world, { ...program, command: 'wait' })
      await until(`${library} to be sure`, 60_000, () => printed(client).includes('paid'))
      await client.stop()
      return (await setsOn(world)) - before
    }
    for (const { library, file } of runnable(t)) {
      const text = beforeTheLoop(codeBlock(page, file)) + codeBlock(page, `with-${file}`)
      assert.equal(await paidAfter(library, { file, text }), 2, library)
    }
    const apart = `${beforeTheLoop(codeBlock(page, 'ioredis.mjs'))}
await redis.set('order:1', 'paid')
if ((await redis.wait(1, 100)) >= 1) console.log('paid')`
    assert.equal(await paidAfter('ioredis', { file: 'ioredis.mjs', text: apart }), 1)
  })
})

/** How many SETs its master has carried out since its start. */
async function setsOn(world: World): Promise<number> {
  const stats = String(await world.redis('master', 'info', 'commandstats'))
  return Number(/^cmdstat_set:calls=(\d+)/m.exec(stats)?.[1] ?? 0)
}

async function settled(t: TestContext, stem: string): Promise<World> {
  const world = testWorld(t, stem)
  world.declare({ replicas: 2 })
  await world.startDaemon().waitFor('flotilla.ready')
  return world
}

interface Program {
  readonly file: string
  readonly text: string
}

/** The program behind a way that loses the reply to its first command of this name. */
async function overLostReply(
  world: World,
  { command, ...program }: Program & { readonly command: string },
): Promise<ClientContainer> {
  const { address } = await world.container('master')
  assert.ok(address)
  const way = await dropOneReply(address, command)
  world.beforeRemoval(async () => way.close())
  return startClient(world, { ...program, url: `redis://${await gatewayOf(world)}:${way.port}` })
}

async function untilPushedAndTaken(world: World, client: ClientContainer, job: string): Promise<void> {
  // The name may be on its way from the dead to the new one.
  await until(`the job ${job} to be pushed`, 60_000, async () => {
    await world.redis('master', 'lpush', 'jobs', job)
    return true
  })
  await until(`the job ${job} to be taken`, 60_000, () => printed(client).includes(job))
}

async function untilHeard(world: World, client: ClientContainer, message: string): Promise<void> {
  await until(`${message} to be heard`, 60_000, async () => {
    await world.redis('master', 'publish', 'news', message)
    return printed(client).includes(message)
  })
}

/** The setting up of a client: its program without what it does for ever. */
function beforeTheLoop(program: string): string {
  const [setUp = ''] = program.split(/^(?:for \(;;\)|while True)/m)
  return setUp
}

function printed(client: ClientContainer): readonly string[] {
  return client.lines.filter(line => line.stream === 'stdout').map(line => line.text)
}

/** Where a container on the flotilla's network reaches this process. */
async function gatewayOf(world: World): Promise<string> {
  const { IPAM } = (await call('GET', `/networks/${world.name}`)) as {
    IPAM: { Config: readonly { Gateway: string }[] }
  }
  const gateway = IPAM.Config[0]?.Gateway
  assert.ok(gateway)
  return gateway
}

/** Of each kind. */
const rounds = 2

const faults = {
  async switchover(world: World): Promise<void> {
    const { exitCode, stderr } = await world.flotilla('switchover', world.name)
    assert.equal(exitCode, 0, stderr)
  },
  crash: async (world: World): Promise<void> => signalContainer((await world.container('master')).id, 'KILL'),
}

/** Twenty numbers that were printed after this moment. */
async function untilItWrites(client: ClientContainer, sinceMs: number): Promise<void> {
  await until('the client to write', 60_000, () => {
    const count = client.lines.filter(line => line.stream === 'stdout' && line.atMs > sinceMs).length
    assert.ok(
      count >= 20,
      client.lines
        .slice(-5)
        .map(line => line.text)
        .join('\n'),
    )
    return true
  })
}

async function reportAndAssert(
  t: TestContext,
  {
    world,
    library,
    client,
    fault,
    beganMs,
  }: {
    readonly world: World
    readonly library: string
    readonly client: ClientContainer
    readonly fault: 'switchover' | 'crash'
    readonly beganMs: number
  },
): Promise<void> {
  const since = client.lines.filter(line => line.atMs >= beganMs)
  const answers = since.filter(line => line.stream === 'stdout')
  const errors = since.filter(line => line.stream === 'stderr').map(line => line.text)
  t.diagnostic(
    `${library}, ${fault}: no answer for ${pauseMs(
      answers.map(line => line.atMs),
      beganMs,
    )} ms; ${JSON.stringify(errors)}`,
  )
  assert.deepEqual(
    errors.filter(text => text.startsWith('given up')),
    [],
  )
  if (fault === 'crash') return
  const numbers = answers.map(line => Number(line.text))
  assert.ok(
    numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)),
    'no order is counted away',
  )
  assert.ok(Number(await world.redis('master', 'get', 'orders')) >= (numbers.at(-1) ?? 0))
}

/** The longest time without an answer since then. */
function pauseMs(atMs: readonly number[], sinceMs: number): number {
  const times = [sinceMs, ...atMs]
  return Math.max(...times.slice(1).map((ms, index) => ms - (times[index] ?? ms)))
}
