import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, signalContainer, volumesOf } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { manifestText, testWorld, type World } from '../support/world.js'

describe('gc', { concurrency: 2 }, () => {
  test('it removes the volume of a node that was scaled away, when it is told to, and nothing else', async t => {
    const world = testWorld(t, 'gc')
    const foreign = `${world.name}-9`
    await call('POST', '/volumes/create', { Name: foreign })
    world.beforeRemoval(async () => void (await callEngine('DELETE', `/volumes/${foreign}`)))
    await upWith(world, 2)
    assert.match((await world.flotilla('gc')).stdout, /nothing of ours is wanted by nobody/)
    await upWith(world, 1)
    const before = await world.containers()
    const gone = `${world.name}-${[0, 1, 2].find(ordinal => !before.some(node => node.ordinal === ordinal))}`

    const listed = await world.flotilla('gc')
    assert.equal(listed.exitCode, 0, listed.stderr)
    assert.match(listed.stdout, new RegExp(`volume +${gone} .*has no node`))
    assert.match(listed.stderr, /nothing was removed.*gc --yes/)
    assert.equal((await volumesOf(world.name)).length, 3)

    const removed = await world.flotilla('gc', '--yes')
    assert.equal(removed.exitCode, 0, removed.stderr)
    assert.match(removed.stderr, new RegExp(`removed volume ${gone}\n`))
    assert.deepEqual(
      await volumesOf(world.name),
      before.map(node => `${world.name}-${node.ordinal}`),
    )
    assert.equal((await callEngine('GET', `/volumes/${foreign}`)).status, 200)
    await assertUntouched(world, before)
    await assertWhole(world, { replicas: 1 })
  })

  test('while a manifest is broken, or the folder is gone, nothing is known to be unwanted', async t => {
    const world = testWorld(t, 'gcbroken')
    await upWith(world, 1)
    await upWith(world, 0)
    const broken = `${world.manifests}/other.yaml`
    writeFileSync(broken, manifestText('other', { replicas: 0 }).replace('spec:', 'spec: ['))
    for (const args of [['--yes'], ['--yes', '--manifests', `${world.manifests}/nowhere`]]) {
      const refused = await world.flotilla('gc', ...args)
      assert.equal(refused.exitCode, 2, refused.stdout)
      assert.match(refused.stderr, /nobody knows what is wanted/)
    }
    assert.equal((await volumesOf(world.name)).length, 2)
  })

  test('of data set aside it removes what is past its time or too much, and keeps the newest', async t => {
    const world = testWorld(t, 'gcaside')
    await upWith(world, 0)
    const { id } = await world.container('master')
    await inside(
      id,
      `mkdir -p /data/set-aside/keep && cd /data/set-aside && mkdir epoch-1 epoch-2 epoch-3
      truncate -s 1G epoch-3/dump.rdb && truncate -s 1M epoch-2/dump.rdb
      touch -d "2020-01-02 03:04:05" epoch-1 && touch -d "${anHourAgo()}" epoch-2`,
    )
    const listed = await world.flotilla('gc', '-o', 'json')
    interface Listed {
      readonly unwanted: readonly { name: string; sizeBytes: number; reason: string }[]
    }
    const { unwanted } = JSON.parse(listed.stdout) as Listed
    const place = `${world.name}-0:/data/set-aside`
    assert.deepEqual(
      unwanted.map(({ name, sizeBytes, reason }) => [name, sizeBytes, reason]),
      [
        [`${place}/epoch-2`, 1_048_576, 'newer ones hold 1 GiB or more'],
        [`${place}/epoch-1`, 0, 'set aside more than 7 days ago, and there is a newer one'],
      ],
    )
    assert.equal((await world.flotilla('gc', '--yes')).exitCode, 0)
    assert.equal(await inside(id, 'ls /data/set-aside'), 'epoch-3 keep')
  })
})

test('the next setting aside removes what is past its time or too much too', async t => {
  const world = testWorld(t, 'aside')
  world.declare({ replicas: 1 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  await world.redis('master', 'set', 'hello', 'world')
  const { id } = await world.container('master')
  await inside(
    id,
    `mkdir -p /data/set-aside/epoch-77 && cd /data/set-aside && mkdir epoch-0 epoch-0.2 epoch-1
    truncate -s 1G epoch-1/dump.rdb
    touch -d "2020-01-02 03:04:05" epoch-0 && touch -d "${anHourAgo()}" epoch-0.2`,
  )
  await signalContainer(id, 'KILL')
  await daemon.waitFor('data.archived')
  await daemon.waitFor('node.online', { where: line => line['node'] === 0 && line['role'] === 'replica' })
  const folders = 'for one in /data/set-aside/*; do if [ -d "$one" ]; then basename "$one"; fi; done'
  assert.equal(await inside(id, folders), 'epoch-1 epoch-2 epoch-77')
})

/** As touch takes it. */
function anHourAgo(): string {
  return new Date(Date.now() - 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
}

async function upWith(world: World, replicas: number): Promise<void> {
  world.declare({ replicas })
  const up = await world.flotilla('up', '--timeout', '60')
  assert.equal(up.exitCode, 0, up.stderr)
}

/** Runs a script in a node's container. @returns the words that it printed. */
async function inside(containerId: string, script: string): Promise<string> {
  const exec = { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true }
  const { Id } = (await call('POST', `/containers/${containerId}/exec`, exec)) as { Id: string }
  const { text } = await callEngine('POST', `/exec/${Id}/start`, {})
  // Each frame begins with eight bytes, its length among them: no word of ours is as short as what those may
  // look like.
  return (text.match(/[a-z][a-z0-9-]{3,}/g) ?? []).join(' ')
}
