import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FlotillaStatus } from '../../src/model/status.js'
import { ask, type Reply } from '../http/support/serve.js'
import { assertWhole } from '../support/common-assertions.js'
import { killContainer } from '../support/containers.js'
import { findPromtool } from '../support/promtool.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

function http(world: World, path: string, body?: unknown): Promise<Reply> {
  const address = { kind: 'unix', path: world.httpSocket } as const
  if (body === undefined) return ask(address, path)
  const token = readFileSync(join(world.state, 'http.token'), 'utf8').trim()
  return ask(address, path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

test('a daemon tells over HTTP how its flotilla is through a failover, and takes what is asked for', async t => {
  const world = testWorld(t, 'http')
  const { name } = world
  world.declare({ replicas: 2 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  assert.equal((await http(world, '/readyz')).status, 200)
  const roles = async (): Promise<string> => {
    const replies = await Promise.all(
      [0, 1, 2].map(node => http(world, `/flotillas/${name}/nodes/${node}/master`)),
    )
    return replies.map(({ status }) => status).join(' ')
  }
  assert.equal(await roles(), '200 503 503')

  await t.test('a kill of the master moves the role', async () => {
    await killContainer((await world.container('master')).id)
    await until('another node to be master', 60_000, async () =>
      /^503 (200 503|503 200)$/.test(await roles()),
    )
    await assertWhole(world, { replicas: 2 })
    const { body } = await http(world, '/metrics')
    assert.match(
      body,
      new RegExp(`^flotilla_failovers_total\\{flotilla="${name}",kind="failover",result="done"\\} 1$`, 'm'),
    )
    const promtool = findPromtool()
    if ('run' in promtool)
      assert.deepEqual(promtool.run(['check', 'metrics'], body), { passed: true, said: '' })
  })

  await t.test('a switchover is answered when it is done', async () => {
    const { status, body } = await http(world, `/api/v1/flotillas/${name}/switchover`, { to: 0 })
    assert.equal(status, 200, body)
    await until('node 0 to be master', 60_000, async () => (await roles()) === '200 503 503')
  })

  await t.test('a scale is in the manifest, and then in the world', async () => {
    const { status, body } = await http(world, `/api/v1/flotillas/${name}/scale`, { replicas: 1 })
    assert.equal(status, 202, body)
    assert.match(readFileSync(world.manifest, 'utf8'), /replicas: 1/)
    await assertWhole(world, { replicas: 1 })
    await until('the series of the node to go', 60_000, async () => {
      const { body: text } = await http(world, '/metrics')
      return (text.match(/^flotilla_node_online/gm) ?? []).length === 2
    })
  })

  await t.test('a pause is in force when it is answered', async () => {
    assert.equal((await http(world, `/api/v1/flotillas/${name}/pause`, {})).status, 200)
    const { body } = await http(world, `/api/v1/flotillas/${name}`)
    assert.notEqual((JSON.parse(body) as { readonly pausedSince: string | null }).pausedSince, null)
    assert.equal((await http(world, `/api/v1/flotillas/${name}/resume`, {})).status, 200)
  })

  await t.test('it says what status says', async () => {
    const said = JSON.parse((await http(world, `/api/v1/flotillas/${name}`)).body) as FlotillaStatus
    const { master, epoch, nodes } = await world.status()
    assert.deepEqual(
      [said.master, said.epoch, said.nodes.map(node => node.name)],
      [master, epoch, nodes.map(node => node.name)],
    )
  })

  await t.test('a daemon that was killed leaves no obstacle to the next', async () => {
    daemon.signal('SIGKILL')
    await daemon.ended()
    const next = world.startDaemon()
    await next.waitFor('http.listening')
    await until('readiness', 60_000, async () => (await http(world, '/readyz')).status === 200)
  })
})

test('a daemon that was told to answer where it can not, or may not, does not start and says how to fix it', async t => {
  const world = testWorld(t, 'http-taken')
  world.declare({ replicas: 0 })
  await world.startDaemon().waitFor('http.listening')
  const beside = testWorld(t, 'http-second')
  const refused = await beside.flotilla('run', '--http', `unix:${world.httpSocket}`)
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /another process answers there[\s\S]*--http off/)
  const open = await beside.flotilla('run', '--http', '0.0.0.0:0')
  assert.equal(open.exitCode, 1)
  assert.match(open.stderr, /TLS/)
})

test('a daemon whose default address is taken keeps its flotilla without HTTP', async t => {
  const world = testWorld(t, 'http-default')
  world.declare({ replicas: 0 })
  // Whoever has the port, it is taken.
  const other = createServer().on('error', () => undefined)
  t.after(() => other.close())
  await new Promise(resolve => other.on('error', resolve).listen(8379, '127.0.0.1', () => resolve(null)))
  const { FLOTILLA_HTTP: _ours, ...env } = world.env()
  const daemon = world.startDaemon({ env })
  const { error } = await daemon.waitFor('http.unavailable')
  assert.match(String(error), /127\.0\.0\.1:8379: another process answers there/)
  await daemon.waitFor('flotilla.ready')
})
