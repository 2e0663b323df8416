import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createCommandHook } from '../../src/notify/command-hook.js'
import type { Notification } from '../../src/notify/notification.js'
import { createWebhook } from '../../src/notify/webhook.js'
import { Secret } from '../../src/secret.js'

const notification: Notification = {
  id: '7-1795392000000',
  kind: 'failover',
  time: '2026-11-23T00:00:00.000Z',
  flotilla: 'shop',
  summary: 'shop: node 1 is master instead of node 0 (epoch 2): it ended',
  facts: { from: 0, to: 1, epoch: 2, kind: 'failover', reason: 'it ended', lastLines: ['a', 'b'], gap: null },
}
const key = Buffer.from('an-example-key-of-32-bytes-at-all').toString('base64')
const never = new AbortController().signal

describe('the webhook', () => {
  test('is sent the notice as JSON, with a signature over its id, the time of the try and the body', async t => {
    const { requests, webhook } = await listen(t, response => response.end())
    assert.deepEqual(await webhook.send(notification, never), { kind: 'delivered', detail: 'status 200' })
    const [request] = requests
    assert.ok(request)
    assert.deepEqual(JSON.parse(request.body), {
      type: 'failover',
      timestamp: notification.time,
      data: { flotilla: 'shop', summary: notification.summary, ...notification.facts },
    })
    const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = request.headers
    assert.equal(id, notification.id)
    assert.equal(seconds, '1795392100')
    const expected = createHmac('sha256', 'an-example-key-of-32-bytes-at-all')
      .update(`${notification.id}.1795392100.${request.body}`)
      .digest('base64')
    assert.equal(signature, `v1,${expected}`)
  })

  for (const [status, isRetryable] of [
    [500, true],
    [503, true],
    [429, true],
    [408, true],
    [400, false],
    [401, false],
    [404, false],
    [302, false],
  ] as const)
    test(`that answers ${status} is ${isRetryable ? '' : 'not '}tried again`, async t => {
      const { requests, webhook } = await listen(t, response => {
        response.writeHead(status, { location: '/elsewhere' }).end()
      })
      assert.deepEqual(await webhook.send(notification, never), {
        kind: 'failed',
        reason: `status ${status}`,
        isRetryable,
      })
      assert.equal(requests.length, 1, 'what is signed for one place is sent to no other')
    })

  test('that answers nothing is given up after its deadline, and tried again', async t => {
    const { webhook } = await listen(t, () => undefined, { deadlineMs: 500 })
    const result = await webhook.send(notification, never)
    assert.deepEqual(result, { kind: 'failed', reason: 'no answer within 500 ms', isRetryable: true })
  })

  test('that nobody listens at is tried again, and said so with the cause', async t => {
    const { webhook, close } = await listen(t, () => undefined)
    await close()
    const result = await webhook.send(notification, never)
    assert.equal(result.kind, 'failed')
    assert.match(result.reason, /connect ECONNREFUSED 127\.0\.0\.1:\d+/)
    assert.equal(result.isRetryable, true)
  })

  test('is named by its origin alone: the rest of its URL may be a secret', () => {
    const url = new URL('https://hooks.example/T0/B0/s3cret')
    assert.equal(createWebhook({ url, secret: new Secret(key) }, Date.now).where, 'https://hooks.example')
  })
})

describe('the command', () => {
  test('gets the facts in its environment, and nothing of ours beside', async t => {
    const { file, run } = script(t, 'env | sort')
    const result = await createCommandHook({ command: [file, 'an argument'], env: run }).send(
      notification,
      never,
    )
    assert.equal(result.kind, 'delivered')
    // The shell's own, and what Node hands on by itself while coverage is measured.
    const others = /^(PWD|SHLVL|OLDPWD|_|PATH|NODE_V8_COVERAGE)=/
    const names = result.detail.split('\n').filter(line => !others.test(line))
    assert.deepEqual(names, [
      'FLOTILLA_NOTICE_EPOCH=2',
      'FLOTILLA_NOTICE_FLOTILLA=shop',
      'FLOTILLA_NOTICE_FROM=0',
      'FLOTILLA_NOTICE_ID=7-1795392000000',
      'FLOTILLA_NOTICE_KIND=failover',
      'FLOTILLA_NOTICE_LAST_LINES=a',
      'FLOTILLA_NOTICE_REASON=it ended',
      'FLOTILLA_NOTICE_SUMMARY=shop: node 1 is master instead of node 0 (epoch 2): it ended',
      'FLOTILLA_NOTICE_TIME=2026-11-23T00:00:00.000Z',
      'FLOTILLA_NOTICE_TO=1',
      'b',
    ])
  })

  test('is run without a shell: its arguments arrive as they are written', async t => {
    const { file, run } = script(t, 'echo "$1"')
    const hook = createCommandHook({ command: [file, '$(id) ; *'], env: run })
    assert.deepEqual(await hook.send(notification, never), { kind: 'delivered', detail: '$(id) ; *' })
  })

  test('that fails is told with what it said, and not run again', async t => {
    const { file, run } = script(t, 'echo no pager >&2; exit 3')
    assert.deepEqual(await createCommandHook({ command: [file], env: run }).send(notification, never), {
      kind: 'failed',
      reason: 'exit code 3; it said: no pager',
      isRetryable: false,
    })
  })

  test('gets the beginning of a fact that is longer than the kernel takes', async t => {
    const { file, run } = script(t, 'printf %s "$FLOTILLA_NOTICE_LAST_LINES" | wc -c')
    const long = { ...notification, facts: { ...notification.facts, lastLines: ['x'.repeat(200_000)] } }
    const result = await createCommandHook({ command: [file], env: run }).send(long, never)
    assert.deepEqual(result, { kind: 'delivered', detail: '8192' })
  })

  test('that is not there is told', async () => {
    const result = await createCommandHook({ command: ['/nonexistent/page'], env: {} }).send(
      notification,
      never,
    )
    assert.equal(result.kind, 'failed')
    assert.match(result.kind === 'failed' ? result.reason : '', /ENOENT/)
  })

  test('that hangs is killed with what it started', { timeout: 20_000 }, async t => {
    const { file, run } = script(t, 'sleep 600 & sleep 600')
    const result = await createCommandHook({ command: [file], env: run }, 500).send(notification, never)
    // The pipe is at its end only when the child that inherited it has ended as well.
    assert.deepEqual(result, {
      kind: 'failed',
      reason: 'it took too long, or Flotilla ends',
      isRetryable: false,
    })
  })
})

/** `deadlineMs`: only a test of silence has one that a busy machine could meet. */
async function listen(
  t: TestContext,
  answer: (response: ServerResponse) => void,
  { deadlineMs = 30_000 }: { readonly deadlineMs?: number } = {},
) {
  const requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      requests.push({ headers: request.headers, body })
      answer(response)
    })
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const close = (): Promise<void> =>
    new Promise(closed => {
      server.close(() => closed())
      server.closeAllConnections()
    })
  t.after(close)
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/flotilla`)
  return {
    requests,
    close,
    webhook: createWebhook({ url, secret: new Secret(key) }, () => 1_795_392_100_000, deadlineMs),
  }
}

function script(
  t: TestContext,
  text: string,
): { readonly file: string; readonly run: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-hook-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'hook')
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  return { file, run: { PATH: '/usr/bin:/bin' } }
}
