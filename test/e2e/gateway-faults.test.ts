import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, execIn } from '../support/containers.js'
import { testEngine } from '../support/engine.js'
import { assertLeads, gatewayOf, killProcess, serve } from '../support/served-gateway.js'
import { until } from '../support/until.js'
import type { World } from '../support/world.js'
import { Writer } from '../support/writer.js'

const configPath = '/etc/flotilla/gateway/haproxy.cfg'

test('what can be wrong with a gateway is told with what to do, and repaired where it is ours to repair', async t => {
  const served = await serve(t, 'gateway-faults', { replicas: 1 })
  const { world, ports, spec } = served
  const { gatewayImage, image } = testEngine()
  const declareGateway = (gateway: string): void => world.declare({ ...spec, gateway })
  const wanted = `master: 127.0.0.1:${ports.master}`

  await t.test(
    'killed by the system, as when it is out of memory: it leads to the master again',
    async () => {
      await killProcess(await gatewayOf(world))
      await assertLeads(served)
    },
  )

  await t.test('its configuration edited by hand: it runs with its own again', async () => {
    const gateway = await gatewayOf(world)
    await execIn(gateway.id, 'sh', '-c', `chmod u+w ${configPath}; echo '# by hand' >> ${configPath}`)
    await call('POST', `/containers/${gateway.id}/restart?t=1`)
    await until('its own configuration is there again', 60_000, async () => {
      const text = await execIn((await gatewayOf(world)).id, 'cat', configPath)
      return text.startsWith('# The gateway of') && !text.includes('by hand')
    })
    await assertLeads(served)
  })

  await t.test('another manifest: its port is closed for no longer than three restarts take', async () => {
    const writer = new Writer(world, { promised: 'plain', clients: 1, everyMs: 0, through: ports.master })
    await until('it writes', 60_000, () => writer.count > 20)
    const pauseOf = async (change: () => unknown): Promise<number> => {
      const before = (await gatewayOf(world)).startedAt
      const sinceMs = performance.now()
      await change()
      await until('another one runs', 60_000, async () => (await gatewayOf(world)).startedAt !== before)
      await assertLeads(served)
      await writer.recoveredAfterMs(performance.now())
      return writer.pauseMsMax(sinceMs)
    }
    const restartMs = await pauseOf(async () =>
      call('POST', `/containers/${(await gatewayOf(world)).id}/restart?t=2`),
    )
    const replacedMs = await pauseOf(() =>
      declareGateway(`{ image: '${gatewayImage}', ${wanted}, resources: { memory: 128Mi } }`),
    )
    await writer.stop()
    t.diagnostic(`no write for ${replacedMs} ms while it is replaced, ${restartMs} ms while it restarts`)
    assert.ok(replacedMs <= 3 * restartMs, `${replacedMs} ms against ${restartMs} ms`)
  })

  await t.test('an address that this host does not have', async () => {
    declareGateway(`{ image: '${gatewayImage}', master: 192.0.2.1:${ports.master} }`)
    await untilTold(world, /192\.0\.2\.1|assign requested address/)
    declareGateway(`{ image: '${gatewayImage}', ${wanted} }`)
    await assertLeads(served)
  })

  await t.test('an image that is no HAProxy', async () => {
    declareGateway(`{ image: '${image}', ${wanted} }`)
    await untilTold(world, /spec\.gateway\.image/)
    declareGateway(`{ image: '${gatewayImage}', ${wanted} }`)
    await assertLeads(served)
  })

  await t.test('not asked for any more: it is gone, and its user with it', async () => {
    const { gateway: _gateway, ...without } = spec
    world.declare(without)
    await until('neither is there', 60_000, async () => {
      const users = String(await world.administer('master', 'ACL', 'LIST'))
      const container = await gatewayOf(world).catch(() => null)
      return container === null && !users.includes('flotilla-gateway')
    })
  })
})

/** `status` says that clients don't get through, and why or what to do. */
async function untilTold(world: World, words: RegExp): Promise<void> {
  await until(`status says ${words.source}`, 60_000, async () => {
    const { conditions } = await world.status()
    const ready = conditions.find(({ type }) => type === 'GatewayReady')
    assert.equal(ready?.status, 'False')
    assert.match(ready.message, words)
    return true
  })
}
