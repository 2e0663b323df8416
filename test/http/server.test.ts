import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { flotillaVersion } from '../../src/version.js'
import { updatesGoldens } from '../support/golden.js'
import type { InjectOptions } from 'fastify'
import { z } from 'zod'
import { FlotillaError } from '../../src/errors.js'
import { problemSchema } from '../../src/http/problem.js'
import * as shapes from '../../src/http/schemas.js'
import { historyEntry, master, memory, nothingThere, replica, stopped } from '../reconciler/support/world.js'
import { eventRecord, snapshotOf } from './support/fake-control-api.js'
import { serve, token, type Served } from './support/serve.js'

const asOperator = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

async function get({ app }: Served, url: string): Promise<{ status: number; body: string; type: string }> {
  const reply = await app.inject({ url })
  return { status: reply.statusCode, body: reply.body, type: String(reply.headers['content-type']) }
}

async function post(
  { app }: Served,
  verb: string,
  body: unknown,
  more: Partial<InjectOptions> = {},
): Promise<{ status: number; body: unknown }> {
  const reply = await app.inject({
    method: 'POST',
    url: `/api/v1/flotillas/shop/${verb}`,
    headers: asOperator,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  })
  return { status: reply.statusCode, body: JSON.parse(reply.body) as unknown }
}

test('/readyz is 503 with every reason until nothing stands in the way', async t => {
  const served = serve(t)
  assert.deepEqual(await get(served, '/readyz'), {
    status: 200,
    body: 'ok\n',
    type: 'text/plain; charset=utf-8',
  })
  served.api.checks = [
    { name: 'engine', error: 'it does not answer' },
    { name: 'manifests', error: null },
  ]
  const text = '[-]engine failed: it does not answer\n[+]manifests ok\nnot ready\n'
  assert.equal((await get(served, '/readyz')).status, 503)
  assert.equal((await get(served, '/readyz?verbose')).body, text)
  assert.equal((await get(served, '/livez')).status, 200)
})

test('every answer has the shape that the OpenAPI document promises', async t => {
  const served = serve(t)
  served.api.snapshots.set(
    'shop',
    snapshotOf({
      memory: memory(0, { history: [historyEntry()] }),
      nodes: [master(0), stopped(1), replica(2)],
    }),
  )
  served.api.snapshots.set(
    'new',
    snapshotOf({ memory: memory(null), nodes: [], seen: { resources: nothingThere } }),
  )
  served.api.publish(eventRecord(1))
  const shapeOf: Readonly<Record<string, z.ZodType>> = {
    '/api/v1/flotillas': z.strictObject({ flotillas: z.array(shapes.flotilla.strict()) }),
    '/api/v1/flotillas/shop': shapes.flotilla.strict(),
    '/api/v1/flotillas/shop/nodes': z.strictObject({ nodes: z.array(shapes.node.strict()) }),
    '/api/v1/flotillas/shop/plan': shapes.plan.strict(),
    '/api/v1/flotillas/new/plan': shapes.plan.strict(),
    '/api/v1/flotillas/shop/plan?whatIf=scale&replicas=4': shapes.plan.strict(),
    '/api/v1/flotillas/shop/series': shapes.series.strict(),
    '/api/v1/daemon': shapes.daemon.strict(),
    '/api/v1/flotillas/shop/history': z.strictObject({
      flotilla: z.string(),
      history: z.array(shapes.historyEntry.strict()),
    }),
  }
  for (const [url, shape] of Object.entries(shapeOf)) {
    const { status, body } = await get(served, url)
    assert.equal(status, 200, url)
    shape.parse(JSON.parse(body))
  }
  const { history } = JSON.parse((await get(served, '/api/v1/flotillas/shop/history')).body) as {
    history: unknown[]
  }
  assert.equal(history.length, 1)
})

test('the OpenAPI document names every path, what it takes and what needs the token', async t => {
  const document = JSON.parse((await get(serve(t), '/api/v1/openapi.json')).body) as {
    readonly openapi: string
    readonly paths: Readonly<
      Record<
        string,
        {
          readonly get?: object
          readonly post?: { readonly security?: unknown; readonly requestBody?: unknown }
        }
      >
    >
  }
  assert.equal(document.openapi, '3.1.0')
  for (const path of [
    '/livez',
    '/metrics',
    '/api/v1/flotillas/{flotilla}',
    '/flotillas/{flotilla}/nodes/{node}/master',
  ])
    assert.ok(document.paths[path]?.get !== undefined, path)
  for (const verb of ['switchover', 'failover', 'pause', 'resume', 'scale']) {
    const operation = document.paths[`/api/v1/flotillas/{flotilla}/${verb}`]?.post
    assert.deepEqual(operation?.security, [{ token: [] }], verb)
    assert.ok(operation?.requestBody !== undefined, verb)
  }
})

test('the OpenAPI document that is kept is the one that is served, so that a change of it is seen in review', async t => {
  const served = JSON.parse((await get(serve(t), '/api/v1/openapi.json')).body) as { readonly info: object }
  const text = `${JSON.stringify({ ...served, info: { ...served.info, version: flotillaVersion } }, null, 2)}\n`
  const path = 'docs/openapi.json'
  if (updatesGoldens()) writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'), 'npm run generate writes it again; look at the diff')
})

test('a role endpoint is 200 for who has the role and 503 for everybody else', async t => {
  const served = serve(t)
  const statusOf = async (path: string): Promise<number> =>
    (await get(served, `/flotillas/shop/${path}`)).status
  assert.equal(await statusOf('master'), 200)
  assert.equal(await statusOf('nodes/0/master'), 200)
  assert.equal(await statusOf('nodes/1/master'), 503)
  assert.equal(await statusOf('nodes/0/replica'), 503)
  assert.equal(await statusOf('nodes/1/replica'), 200)
  assert.equal(await statusOf('nodes/0/read-only'), 200)
  assert.equal(await statusOf('nodes/1/read-only'), 200)
  assert.equal(await statusOf('nodes/9/master'), 503)
  assert.equal(await statusOf('nodes/shop-0/master'), 200)
  assert.equal(await statusOf('nodes/shop-1/master'), 503)
  served.api.snapshots.set('shop', snapshotOf({ nodes: [stopped(0), replica(1), replica(2)] }))
  assert.equal(await statusOf('master'), 503)
  served.api.snapshots.set('shop', null)
  assert.equal(await statusOf('nodes/0/master'), 404, 'not looked at yet: nobody has lost a role')
})

test('a replica that is further behind than the balancer allows does not count', async t => {
  const served = serve(t)
  served.api.snapshots.set(
    'shop',
    snapshotOf({
      nodes: [master(0, { offset: 5_000 }), replica(1), replica(2, { upstream: { appliedOffset: 5_000 } })],
    }),
  )
  const statusOf = async (path: string): Promise<number> =>
    (await get(served, `/flotillas/shop/${path}`)).status
  assert.equal(await statusOf('nodes/1/replica'), 200)
  assert.equal(await statusOf('nodes/1/replica?lag=4kb'), 200)
  assert.equal(await statusOf('nodes/1/replica?lag=1kb'), 503)
  assert.equal(await statusOf('nodes/2/replica?lag=0'), 200)
  assert.equal(await statusOf('nodes/1/replica?lag=much'), 400)
})

test('what is asked for reaches the daemon as the command line would ask it', async t => {
  const served = serve(t)
  served.api.result = historyEntry({ kind: 'switchover', from: 0, to: 2, requestId: 'request-1' })
  assert.equal((await post(served, 'switchover', { to: 2 })).status, 200)
  assert.equal((await post(served, 'failover', { force: true, timeoutSeconds: 5 })).status, 200)
  assert.equal((await post(served, 'pause', {})).status, 200)
  assert.equal((await post(served, 'scale', { replicas: 4 })).status, 202)
  assert.deepEqual(served.api.asked, [
    { flotilla: 'shop', kind: 'switchover', to: 2, force: false, timeoutMs: 30_000 },
    { flotilla: 'shop', kind: 'failover', to: null, force: true, timeoutMs: 5_000 },
    { flotilla: 'shop', kind: 'pause' },
    { flotilla: 'shop', replicas: 4 },
  ])
})

test('what is refused or given up is a conflict with its reason; what has been begun says how to find its end', async t => {
  const served = serve(t)
  served.api.result = historyEntry({ result: 'refused', detail: 'node 2 is behind', to: 2 })
  const refused = await post(served, 'switchover', {})
  assert.equal(refused.status, 409)
  assert.match(problemSchema.parse(refused.body).detail, /node 2 is behind/)
  for (const result of ['refused', 'expired', 'withdrawn'] as const) {
    served.api.result = { requestId: 'request-1', result, detail: 'nothing will be' }
    const given = await post(served, 'switchover', {})
    assert.equal(given.status, 409)
    const { code, detail } = problemSchema.parse(given.body)
    assert.deepEqual([code, detail], [`request/${result}`, `shop: ${result}: nothing will be`])
  }
  served.api.result = null
  assert.deepEqual(await post(served, 'switchover', {}), { status: 202, body: { requestId: 'request-1' } })
})

test('while the engine does not answer everything is told as of the last look, and nothing is asked for', async t => {
  const served = serve(t)
  const told = async (): Promise<unknown> =>
    (await served.app.inject({ url: '/api/v1/flotillas/shop', headers: { host: 'localhost' } })).json<{
      readonly stale: boolean
    }>().stale
  assert.equal(await told(), false)
  served.api.checks = [{ name: 'engine', error: 'the container engine does not answer' }]
  assert.equal(await told(), true)
  const refused = await post(served, 'switchover', {})
  assert.equal(refused.status, 503)
  assert.match(problemSchema.parse(refused.body).detail, /engine does not answer/)
  assert.deepEqual(served.api.asked, [])
})

test('nothing is asked for without the token, by a wrong body, or of a flotilla that is not there', async t => {
  const served = serve(t)
  const bodies = ['{', '[]', '{"to":-1}', '{"to":"1"}', '{"too":1}', 'null', `"${'x'.repeat(20_000)}"`]
  for (const body of bodies)
    assert.ok([400, 413].includes((await post(served, 'switchover', body)).status), body.slice(0, 20))
  assert.equal((await post(served, 'scale', { replicas: 201 })).status, 400)
  assert.equal(
    (await post(served, 'pause', {}, { headers: { 'content-type': 'application/json' } })).status,
    401,
  )
  assert.equal((await post(served, 'pause', {}, { url: '/api/v1/flotillas/nope/pause' })).status, 404)
  assert.deepEqual(served.api.asked, [])
})

test('errors are problems: a stable code, what happened, what to do; ours tell no more than that', async t => {
  const served = serve(t)
  const problem = async (url: string) => {
    const { status, body, type } = await get(served, url)
    assert.equal(type, 'application/problem+json; charset=utf-8')
    return { ...problemSchema.strict().parse(JSON.parse(body)), status }
  }
  assert.equal((await problem('/api/v1/flotillas/nope')).code, 'http/no-such-flotilla')
  assert.equal((await problem('/nowhere')).status, 404)
  assert.equal((await problem('/%zz')).status, 400)
  assert.equal((await problem('/api/v1/events?last=0')).status, 400)
  served.api.snapshots.set('shop', null)
  assert.equal((await problem('/api/v1/flotillas/shop')).status, 503)
  served.api.failure = new Error('secret inside')
  const { status, detail } = await problem('/api/v1/flotillas/shop')
  assert.equal(status, 500)
  assert.doesNotMatch(detail, /secret/)
  assert.deepEqual(served.errors, [served.api.failure])
  served.api.failure = new FlotillaError('manifest/edit-refused', 'it is an alias', { hint: 'by hand' })
  const refused = problemSchema.parse((await post(served, 'scale', { replicas: 1 })).body)
  assert.deepEqual([refused.status, refused.code, refused.hint], [409, 'manifest/edit-refused', 'by hand'])
})

test('a browser is told to keep nothing, frame nothing and guess nothing', async t => {
  const { headers } = await serve(t).app.inject({ url: '/api/v1/flotillas' })
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['access-control-allow-origin'], undefined)
})

test('events are found by flotilla, code, level and id', async t => {
  const served = serve(t)
  served.api.publish(eventRecord(1))
  served.api.publish(eventRecord(2, { event: 'node.died', level: 'warn' }))
  served.api.publish(eventRecord(3, { flotilla: 'other', event: 'node.died', level: 'warn' }))
  const idsAt = async (url: string): Promise<readonly number[]> =>
    (JSON.parse((await get(served, url)).body) as { events: { id: number }[] }).events.map(({ id }) => id)
  assert.deepEqual(await idsAt('/api/v1/events'), [1, 2, 3])
  assert.deepEqual(await idsAt('/api/v1/events?after=1&last=1'), [3])
  assert.deepEqual(await idsAt('/api/v1/events?level=warn'), [2, 3])
  assert.deepEqual(await idsAt('/api/v1/flotillas/shop/events'), [1, 2])
  assert.deepEqual(await idsAt('/api/v1/flotillas/shop/events?code=node.*'), [2])
})

test('the page may load its own files and nothing else, runs no script of its own text, and can not be framed', async t => {
  const { app } = serve(t)
  const page = await app.inject({ url: '/' })
  assert.equal(page.statusCode, 200)
  const policy = String(page.headers['content-security-policy'])
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ])
    assert.ok(policy.split('; ').includes(rule), rule)
  assert.doesNotMatch(policy, /unsafe|http/)
  assert.doesNotMatch(page.body, /<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=|https?:/)
  for (const file of ['dashboard.js', 'dashboard.css', 'icon.svg']) {
    assert.ok(page.body.includes(`"${file}"`), file)
    assert.equal((await app.inject({ url: `/${file}` })).statusCode, 200, file)
  }
  const api = await app.inject({ url: '/api/v1/flotillas' })
  assert.match(String(api.headers['content-security-policy']), /^default-src 'none'/)
})

test('what would be done if it were asked for is told to readers, and asks for nothing', async t => {
  const served = serve(t)
  const textOf = async (query: string): Promise<string> =>
    (
      JSON.parse((await get(served, `/api/v1/flotillas/shop/plan?${query}`)).body) as {
        readonly text: string
      }
    ).text
  assert.equal(await textOf(''), 'nothing to do\n')
  assert.match(await textOf('whatIf=switchover&to=2'), /promote node 2/)
  assert.match(await textOf('whatIf=scale&replicas=3'), /create container shop-replica-3/)
  for (const query of [
    'whatIf=scale',
    'whatIf=scale&replicas=201',
    'whatIf=nonsense',
    'whatIf=switchover&to=-1',
  ])
    assert.equal((await get(served, `/api/v1/flotillas/shop/plan?${query}`)).status, 400, query)
  assert.deepEqual(served.api.asked, [])
})

test('a pattern of forty stars is answered like any other', { timeout: 10_000 }, async t => {
  const served = serve(t)
  served.api.publish(eventRecord(1))
  const { status, body } = await get(served, `/api/v1/events?code=${'*'.repeat(40)}x`)
  assert.deepEqual({ status, body }, { status: 200, body: '{"events":[]}' })
})
