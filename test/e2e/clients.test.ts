import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { codeBlock } from '../docs/markdown.js'
import { startClient, whyNoClient, type ClientContainer } from '../support/client-container.js'
import { assertWhole } from '../support/common-promises.js'
import { call, signalContainer } from '../support/containers.js'
import { swallowOneReply } from '../support/reply-swallower.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

const page = readFileSync('docs/clients.md', 'utf8')

const programs = [
  { library: 'ioredis', file: 'ioredis.mjs', language: 'js' },
  { library: 'node-redis', file: 'node-redis.mjs', language: 'js' },
  { library: 'redis-py', file: 'redis-py.py', language: 'python' },
] as const

describe('clients', { concurrency: 2 }, () => {
  for (const { library, file, language } of programs)
    test(
      `${library}, as docs/clients.md sets it up, writes on after switchovers and crashes of the master, knowing only its name`,
      {
        skip: whyNoClient(language),
      },
      async t => {
        const world = testWorld(t, library)
        world.declare({ replicas: 2 })
        const daemon = world.startDaemon()
        await daemon.waitFor('flotilla.ready')
        const client = await startClient(world, { file, text: codeBlock(page, file) })
        await untilItWrites(client, Date.now())
        for (const fault of ['switchover', 'crash'] as const)
          for (let round = 1; round <= rounds; round += 1) {
            const beganMs = Date.now()
            await faults[fault](world)
            await untilItWrites(client, Date.now())
            await assertWhole(world, { replicas: 2 })
            await tellAndJudge(t, { world, client, fault, beganMs })
          }
      },
    )

  for (const { library, file, language } of programs)
    test(
      `${library}, as docs/clients.md sets it up, sends a command whose reply was lost again: INCR has run twice`,
      {
        skip: whyNoClient(language),
      },
      async t => {
        const client = await overLostReply(t, library, { file, text: codeBlock(page, file) })
        const [first] = await until('a number', 20_000, () => {
          const numbers = printed(client)
          return numbers.length > 0 && numbers
        })
        assert.equal(first, '2', 'the first answer that it got is the second that was given')
        t.diagnostic(
          JSON.stringify(client.lines.filter(line => line.stream === 'stderr').map(line => line.text)),
        )
      },
    )

  test('ioredis that is told not to resend tells of the lost reply when its time is up', async t => {
    const text = codeBlock(page, 'ioredis.mjs').replace(
      'maxRetriesPerRequest: 30,',
      'maxRetriesPerRequest: 30, autoResendUnfulfilledCommands: false, commandTimeout: 2_000,',
    )
    const client = await overLostReply(t, 'ioredis-once', { file: 'ioredis.mjs', text })
    const told = await until('it to give up', 20_000, () =>
      client.lines.find(line => line.text.startsWith('given up')),
    )
    assert.equal(told.text, 'given up: Command timed out')
  })

  for (const fault of ['switchover', 'crash'] as const) {
    test(`a worker that waits for jobs gets the next one after a ${fault}`, async t => {
      const world = await settled(t, 'worker')
      const client = await startClient(world, { file: 'worker.mjs', text: codeBlock(page, 'worker.mjs') })
      await untilPushedAndTaken(world, client, 'before')
      await faults[fault](world)
      await assertWhole(world, { replicas: 2 })
      await untilPushedAndTaken(world, client, 'after')
    })

    test(`a subscriber hears again after a ${fault}`, async t => {
      const world = await settled(t, 'subscriber')
      const client = await startClient(world, {
        file: 'subscriber.mjs',
        text: codeBlock(page, 'subscriber.mjs'),
      })
      await untilHeard(world, client, 'before')
      await faults[fault](world)
      await assertWhole(world, { replicas: 2 })
      await untilHeard(world, client, 'after')
    })
  }
})

async function settled(t: TestContext, stem: string): Promise<World> {
  const world = testWorld(t, stem)
  world.declare({ replicas: 2 })
  await world.startDaemon().waitFor('flotilla.ready')
  return world
}

/** The program behind a way that loses the reply to its first INCR. */
async function overLostReply(
  t: TestContext,
  stem: string,
  program: { readonly file: string; readonly text: string },
): Promise<ClientContainer> {
  const world = await settled(t, stem)
  const { address } = await world.container('master')
  assert.ok(address)
  const way = await swallowOneReply(address, 'incr')
  t.after(() => way.close())
  return startClient(world, { ...program, url: `redis://${await gatewayOf(world)}:${way.port}` })
}

async function untilPushedAndTaken(world: World, client: ClientContainer, job: string): Promise<void> {
  await world.redis('master', 'lpush', 'jobs', job)
  await until(`the job ${job} to be taken`, 20_000, () => printed(client).includes(job))
}

async function untilHeard(world: World, client: ClientContainer, message: string): Promise<void> {
  await until(`${message} to be heard`, 20_000, async () => {
    await world.redis('master', 'publish', 'news', message)
    return printed(client).includes(message)
  })
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

/** Of each kind. A fourth crash within ten minutes would be held: FailoverBlocked. */
const rounds = 3

const faults = {
  async switchover(world: World): Promise<void> {
    const { exitCode, stderr } = await world.flotilla('switchover', world.name)
    assert.equal(exitCode, 0, stderr)
  },
  crash: async (world: World): Promise<void> => signalContainer((await world.container('master')).id, 'KILL'),
}

/** Twenty numbers that were printed after this moment. */
async function untilItWrites(client: ClientContainer, sinceMs: number): Promise<void> {
  await until('the client to write', 30_000, () => {
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

async function tellAndJudge(
  t: TestContext,
  {
    world,
    client,
    fault,
    beganMs,
  }: {
    readonly world: World
    readonly client: ClientContainer
    readonly fault: 'switchover' | 'crash'
    readonly beganMs: number
  },
): Promise<void> {
  const since = client.lines.filter(line => line.atMs >= beganMs)
  const answers = since.filter(line => line.stream === 'stdout')
  const errors = since.filter(line => line.stream === 'stderr').map(line => line.text)
  t.diagnostic(
    `${fault}: no answer for ${pauseMs(
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
