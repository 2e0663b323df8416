import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { callEngine } from '../support/engine.js'
import { makeImage } from '../support/images.js'
import { testWorld } from '../support/world.js'

/** What an image may need that begins as root: see capabilitiesFor. */
const forRoot = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID']
const bits = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, KILL: 5, SETGID: 6, SETUID: 7, SETPCAP: 8 } as const
const maskForRoot = Object.values(bits).reduce<number>((mask, bit) => mask + 2 ** bit, 0)

/**
 * Stays in front of its server, as an init does: it begins as root, takes /data over, becomes another user
 * for the server alone, and passes the stop on.
 */
const entrypoint = `#!/bin/sh
chown -R 999:999 /data || exit 1
busybox su -s /bin/sh redis -c "exec $*" &
server=$!
trap 'kill -TERM $server' TERM
wait $server
wait $server
`

describe('nodes with least power', { concurrency: 2 }, () => {
  test('a node’s container holds no capability that its server does not need', async t => {
    const world = testWorld(t, 'least')
    const image = await makeImage(world, {
      script: 'true',
      instructions: ['USER 999:999', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1, image })
    await world.startDaemon().waitFor('flotilla.ready')
    for (const { id } of await world.containers()) {
      const { CapEff, CapPrm, CapInh, CapBnd, NoNewPrivs, Uid } = await processStatus(id, 1)
      assert.deepEqual(
        [CapEff, CapPrm, CapInh, CapBnd].map(hex => Number(`0x${hex}`)),
        [0, 0, 0, 0],
      )
      assert.deepEqual([NoNewPrivs, Uid?.split('\t')[0]], ['1', '999'])
      const host = await hostConfigOf(id)
      assert.deepEqual(host.CapAdd ?? [], [])
      assert.ok(host.PidsLimit > 0 && host.PidsLimit <= 512, `${host.PidsLimit} processes`)
      assert.equal(host.Privileged, false)
      assert.deepEqual(host.PortBindings ?? {}, {})
    }
  })

  test('an entrypoint that begins as root still becomes its server’s user, whose server holds no capability, and passes a stop on to it', async t => {
    const world = testWorld(t, 'least-root')
    const image = await makeImage(world, {
      script: `cat > /usr/bin/entrypoint.sh <<'END'\n${entrypoint}END\nchmod 755 /usr/bin/entrypoint.sh`,
      instructions: ['USER root', 'ENTRYPOINT ["/usr/bin/entrypoint.sh"]', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1, image, persistence: 'rdb' })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    for (const { id } of await world.containers()) {
      const pid = Number(
        await inside(id, 'for p in /proc/[0-9]*; do grep -q redis-server $p/comm && echo ${p#/proc/}; done'),
      )
      const server = await processStatus(id, pid)
      assert.deepEqual(
        [server['CapEff'], server['CapPrm']].map(hex => Number(`0x${hex}`)),
        [0, 0],
      )
      assert.equal(server['Uid']?.split('\t')[0], '999')
      assert.equal(Number(`0x${server['CapBnd']}`), maskForRoot)
      const host = await hostConfigOf(id)
      assert.deepEqual((host.CapAdd ?? []).map(name => name.replace(/^CAP_/, '')).sort(), forRoot)
    }
    const replica = await world.container('replica-1')
    const mark = daemon.mark()
    await callEngine('POST', `/containers/${replica.id}/stop?t=20`)
    await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 1 })
    assert.match(await logsOf(replica.id), /Received SIGTERM|User requested shutdown/)
  })

  test('a node that needs more says so in its manifest, and is rolled to it', async t => {
    const world = testWorld(t, 'least-more')
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    const mark = daemon.mark()
    appendFileSync(
      world.manifest,
      '  container:\n    capAdd: [NET_BIND_SERVICE]\n    pidsLimit: 300\n    logging: { driver: local }\n',
    )
    await daemon.waitFor('rollout.done', { since: mark, withinMs: 120_000 })
    for (const { id } of await world.containers()) {
      const host = await hostConfigOf(id)
      assert.ok((host.CapAdd ?? []).some(name => name.endsWith('NET_BIND_SERVICE')))
      assert.equal(host.PidsLimit, 300)
      assert.equal(host.LogConfig.Type, 'local')
    }
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
    await assertWhole(world, { replicas: 1 })
  })
})

interface HostConfig {
  readonly CapAdd: readonly string[] | null
  readonly PidsLimit: number
  readonly Privileged: boolean
  readonly PortBindings: object | null
  readonly LogConfig: { readonly Type: string }
}

async function hostConfigOf(containerId: string): Promise<HostConfig> {
  const { text } = await callEngine('GET', `/containers/${containerId}/json`)
  return (JSON.parse(text) as { HostConfig: HostConfig }).HostConfig
}

/** As the kernel says it, by the names in /proc/<pid>/status. */
async function processStatus(containerId: string, pid: number): Promise<Readonly<Record<string, string>>> {
  const lines = (await inside(containerId, `cat /proc/${pid}/status`)).split(/\r?\n/)
  return Object.fromEntries(lines.map(line => [line.split(':')[0] ?? '', line.replace(/^\w+:\s*/, '')]))
}

async function logsOf(containerId: string): Promise<string> {
  return (await callEngine('GET', `/containers/${containerId}/logs?stdout=1&stderr=1`)).text
}

/** @returns what a script printed in a container, without the engine's framing. */
async function inside(containerId: string, script: string): Promise<string> {
  const exec = { Cmd: ['sh', '-c', script], AttachStdout: true, Tty: true }
  const made = await callEngine('POST', `/containers/${containerId}/exec`, exec)
  const { Id } = JSON.parse(made.text) as { Id: string }
  return (await callEngine('POST', `/exec/${Id}/start`, { Tty: true })).text.trim()
}
