import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { signalContainer } from '../support/containers.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe('notifications', { concurrency: 2 }, () => {
  test('the master is killed → the webhook and the command are told of one failover and one recovery, signed, and of nothing else', async t => {
    const world = testWorld(t, 'told')
    world.declare({ replicas: 2 })
    const key = randomBytes(32)
    const { url, received } = await startReceiver(t, 200)
    const hook = join(world.folder, 'hook')
    const hookLog = join(world.folder, 'hook.log')
    writeFileSync(hook, `#!/bin/sh\nenv >> ${hookLog}; echo "paged for $FLOTILLA_NOTICE_KIND"\n`, {
      mode: 0o755,
    })
    const daemon = startNotifying(world, { url, key, command: [hook] })
    await daemon.waitFor('flotilla.ready')
    await signalContainer((await world.container('master')).id, 'KILL')
    await until('both to be told of the recovery', 60_000, () => sentOf(daemon, 'recovery').length === 2)
    await assertWhole(world, { replicas: 2 })
    await daemon.stop()

    assert.deepEqual(received.map(typeOf), ['failover', 'recovery'])
    for (const { headers, body } of received) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
      const expected = createHmac('sha256', key).update(signed).digest('base64')
      assert.equal(headers['webhook-signature'], `v1,${expected}`)
    }
    const { data } = JSON.parse(received[0]?.body ?? '') as { data: Readonly<Record<string, unknown>> }
    assert.equal(data['flotilla'], world.name)
    assert.equal(data['from'], 0)
    assert.equal(data['epoch'], 2)
    const environment = readFileSync(hookLog, 'utf8')
    assert.deepEqual(environment.match(/^FLOTILLA_NOTICE_KIND=.*$/gm), [
      'FLOTILLA_NOTICE_KIND=failover',
      'FLOTILLA_NOTICE_KIND=recovery',
    ])
    assert.ok(daemon.lines('notification.sent').some(line => line['detail'] === 'paged for failover'))
    for (const secret of [world.password(), key.toString('base64')])
      for (const text of [environment, daemon.output, ...received.map(one => one.body)])
        assert.ok(!text.includes(secret), 'no secret leaves')
  })

  test('a dead webhook delays neither failover nor recovery, and is told of both when it is back', async t => {
    const world = testWorld(t, 'deaf')
    world.declare({ replicas: 2 })
    const key = randomBytes(32)
    const receiver = await startReceiver(t, 'silent')
    const daemon = startNotifying(world, { url: receiver.url, key })
    await daemon.waitFor('flotilla.ready')
    const mark = daemon.mark()
    await signalContainer((await world.container('master')).id, 'KILL')
    await daemon.waitFor('flotilla.ready', { since: mark })
    assert.deepEqual(
      daemon.lines('notification.sent'),
      [],
      'all was well again while the webhook said nothing',
    )
    await assertWhole(world, { replicas: 2 })
    receiver.answer(200)
    await until('both notices', 60_000, () => sentOf(daemon, 'recovery').length === 1)
    assert.deepEqual(receiver.accepted.map(typeOf), ['failover', 'recovery'])
    await daemon.stop()
  })

  test('what can’t be understood in the settings is told at once, and the daemon does not start', async t => {
    const world = testWorld(t, 'misspelt')
    world.declare({ replicas: 0 })
    const settings = join(world.folder, 'notify.yaml')
    writeFileSync(settings, 'webhok: {}\n')
    const { exitCode, stderr } = await world.flotilla('run', '--notify', settings)
    assert.equal(exitCode, 2)
    assert.match(stderr, /notify\.yaml: names nobody to tell; write, for example/)
  })
})

function startNotifying(
  world: World,
  told: { readonly url: string; readonly key: Buffer; readonly command?: readonly string[] },
): Daemon {
  const settings = join(world.folder, 'notify.yaml')
  writeFileSync(join(world.folder, 'key'), `whsec_${told.key.toString('base64')}\n`, { mode: 0o600 })
  writeFileSync(
    settings,
    JSON.stringify({
      webhook: { url: told.url, secretFile: 'key' },
      ...(told.command === undefined ? {} : { command: told.command }),
    }),
  )
  return world.startDaemon({ args: ['--notify', settings] })
}

function sentOf(daemon: Daemon, kind: string): readonly unknown[] {
  return daemon.lines('notification.sent').filter(line => line['kind'] === kind)
}

function typeOf({ body }: Received): string {
  return (JSON.parse(body) as { type: string }).type
}

/** `silent`: takes what comes and answers nothing. */
async function startReceiver(t: TestContext, first: number | 'silent') {
  const received: Received[] = []
  const accepted: Received[] = []
  let status = first
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      if (status === 'silent') return
      accepted.push({ headers: request.headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return { url, received, accepted, answer: (next: number) => void (status = next) }
}
