import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { probeLabel } from '../../src/runtime/labels.js'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { signalContainer } from '../support/containers.js'
import { callEngine, testEngine } from '../support/engine.js'
import { makeImage, moveTag } from '../support/images.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

/**
 * As in the official images of Valkey: root is given up for the server that the image names, and for nothing
 * else.
 */
const entrypoint = `#!/bin/sh
set -e
if [ "$1" = valkey-server ] && [ "$(id -u)" = 0 ]; then
  chown -R 999:999 /data
  if command -v busybox > /dev/null; then exec busybox su -s /bin/sh redis -c "exec $*"; fi
  exec setpriv --reuid=redis --regid=redis --clear-groups -- "$@"
fi
exec "$@"
`

describe('images', { concurrency: 2 }, () => {
  test('an image whose entrypoint gives up root for its own server alone runs it as that user, and what a failover sets aside is that user’s too', async t => {
    const world = testWorld(t, 'rootless')
    const image = await makeImage(world, {
      script: [
        'busybox ln -s redis-server /usr/bin/valkey-server',
        `cat > /usr/bin/entrypoint.sh <<'END'\n${entrypoint}END`,
        'chmod 755 /usr/bin/entrypoint.sh',
      ].join('\n'),
      instructions: ['USER root', 'ENTRYPOINT ["/usr/bin/entrypoint.sh"]', 'CMD ["valkey-server"]'],
    })
    world.declare({ replicas: 1, image })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const { id } = await world.container('master')
    assert.equal(await userOf(id), '999')
    await failOver(world, daemon)
    assert.match(await inside(id, "find /data/set-aside -name '*.aof*'"), /epoch-2/)
    assert.equal(await inside(id, 'find /data ! -user 999'), '')
    const condition = (await world.status()).conditions.find(({ type }) => type === 'RunsAsRoot')
    assert.equal(condition?.status, 'False')
  })

  test('data that a server has written as root belongs to the next one, which runs as somebody else', async t => {
    const world = testWorld(t, 'owners')
    const image = await makeImage(world, {
      script: 'true',
      instructions: ['USER root', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1, image })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    const { id } = await world.container('master')
    assert.match(await inside(id, 'find /data -user 0'), /appendonlydir/)
    world.declare({ replicas: 1 })
    await daemon.waitFor('rollout.done', { withinMs: 60_000 })
    for (const node of await world.containers())
      assert.equal(await inside(node.id, 'find /data ! -user 999'), '')
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
    await assertWhole(world, { replicas: 1 })
  })

  test('in an image without a shell the old master comes back after a failover, what it held is set aside, and cli runs a command', async t => {
    const world = testWorld(t, 'no-shell')
    const image = await makeImage(world, {
      script:
        'cp /bin/busybox /tmp/busybox; rm -f /usr/bin/redis-check-*; /tmp/busybox rm -rf /bin /tmp/busybox',
      instructions: ['USER 999', 'ENTRYPOINT ["redis-server"]'],
    })
    world.declare({ replicas: 1, image })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const { id } = await world.container('master')
    await failOver(world, daemon)
    const { status } = await callEngine(
      'HEAD',
      `/containers/${id}/archive?path=/data/set-aside/epoch-2/appendonlydir/appendonly.aof.manifest`,
    )
    assert.equal(status, 200)
    await assertWhole(world, { replicas: 1 })
    assert.equal((await world.flotilla('cli', world.name, 'get', 'hello')).stdout, 'world\n')
    assert.equal((await world.flotilla('cli', world.name, 'mget', 'hello', 'hello')).stdout, 'world\nworld\n')
    const interactive = await world.flotilla('cli', world.name)
    assert.equal(interactive.exitCode, 2)
    assert.match(
      interactive.stderr,
      /has no \/bin\/sh, so there is no interactive session\n.*flotilla cli .* dbsize/,
    )
    assert.equal((await world.flotilla('cli', world.name, 'dbsize')).stdout, '1\n')
    assert.match((await world.flotilla('gc')).stdout, /nothing of ours is wanted by nobody/)
  })

  test('an image without a shell and without redis-cli is tried like any other, before a node is touched for it', async t => {
    const world = testWorld(t, 'no-redis-cli')
    const image = await makeImage(world, {
      script: 'cp /bin/busybox /tmp/busybox; rm -f /usr/bin/redis-c*; /tmp/busybox rm -rf /bin /tmp/busybox',
      instructions: ['USER 999', 'ENTRYPOINT ["redis-server"]'],
    })
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const mark = daemon.mark()
    world.declare({ replicas: 1, image })
    appendFileSync(world.manifest, '  config:\n    hz: 25\n    no-such-option: 1\n')
    const tried = await daemon.waitFor('image.probed', {
      since: mark,
      where: line => line['image'] === image,
      withinMs: 60_000,
    })
    assert.deepEqual(tried['refused'], ['no-such-option'])
    await assertUntouched(world, before)

    world.declare({ replicas: 1, image })
    appendFileSync(world.manifest, '  config:\n    hz: 25\n')
    const wanted = JSON.parse((await callEngine('GET', `/images/${image}/json`)).text) as { Id: string }
    await until('every node to be of the image, with the option', 120_000, async () => {
      assert.deepEqual(await imageIdsOf(world), [wanted.Id, wanted.Id])
      for (const { name } of await world.containers()) {
        const role = name.slice(world.name.length + 1) as 'master' | `replica-${number}`
        assert.deepEqual(await world.administer(role, 'config', 'get', 'hz'), ['hz', '25'])
      }
      return true
    })
    await assertWhole(world, { replicas: 1 })
  })

  test('an image whose user is called by a name, and has any number, can read its files', async t => {
    const world = testWorld(t, 'named-user')
    const image = await makeImage(world, {
      script: "echo 'app:x:1001:1001::/data:/bin/sh' >> /etc/passwd; chown -R 1001:1001 /data",
      instructions: ['USER app', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1, image })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    assert.equal(await userOf((await world.container('master')).id), '1001')
    assert.equal((await world.flotilla('cli', world.name, 'ping')).stdout.trim(), 'PONG')
  })

  test('an image that can’t load this data reaches no node, the hold says what its server said, and data that it can load is rolled out', async t => {
    const world = testWorld(t, 'unloadable')
    // A real server, given a snapshot that it can't read: what becomes of it hangs on the data, as with a
    // type or a module that a server does not have.
    const picky = await makeImage(world, {
      script: [
        'mv /usr/bin/redis-server /usr/bin/redis-server.real',
        `cat > /usr/bin/redis-server <<'END'\n${cutsSnapshotsWithKey('vectors')}END`,
        'chmod 755 /usr/bin/redis-server',
      ].join('\n'),
      instructions: ['USER 999:999', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'vectors', '1')
    await world.redis('master', 'wait', '1', '5000')
    const before = await world.containers()
    world.declare({ replicas: 1, image: picky })
    const held = await daemon.waitFor('flotilla.held')
    assert.match(String(held['reason']), /can't load the data .*: Short read or OOM loading DB/)
    assert.deepEqual(await world.containers(), before)
    assert.deepEqual(await leftoversOf(world), [])
    world.declare({ replicas: 1 })
    await daemon.waitFor('flotilla.released')
    await world.redis('master', 'del', 'vectors')
    await world.redis('master', 'set', 'other', '2')
    await world.redis('master', 'wait', '1', '5000')
    const next = testEngine().nextImage
    world.declare({ replicas: 1, image: next })
    assert.equal((await daemon.waitFor('image.data-loaded'))['image'], next)
    await daemon.waitFor('rollout.done')
    await assertWhole(world, { replicas: 1 })
  })

  test('a tag that moved under running nodes makes no node of another image by itself, and a restart of all rolls to it; where the manifest says so it is rolled out by itself', async t => {
    const world = testWorld(t, 'moved-tag')
    const tag = await makeImage(world, {
      script: 'true',
      instructions: ['USER 999:999', 'CMD ["redis-server"]'],
    })
    world.declare({ replicas: 1, image: tag })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const [before] = await imageIdsOf(world)
    await moveTag(tag, testEngine().nextImage)
    const mark = daemon.mark()
    await callEngine('DELETE', `/containers/${(await world.container('replica-1')).id}?force=1`)
    await daemon.waitFor('image.tag-moved', { since: mark })
    await daemon.waitFor('flotilla.ready', { since: mark })
    assert.deepEqual(await imageIdsOf(world), [before, before])
    const moved = (await world.status()).conditions.find(({ type }) => type === 'ImageMoved')
    assert.equal(moved?.status, 'True')
    assert.match(moved.message, /flotilla restart/)
    const { exitCode, stderr } = await world.flotilla('restart', world.name)
    assert.equal(exitCode, 0, stderr)
    await daemon.waitFor('rollout.done', { since: mark, withinMs: 60_000 })
    const after = await imageIdsOf(world)
    assert.equal(new Set(after).size, 1)
    assert.notEqual(after[0], before)
    await moveTag(tag, String(before))
    // A daemon asks once a minute what a tag means, and when it starts.
    await daemon.stop()
    world.declare({ replicas: 1, image: tag, update: '{ whenTagMoves: roll }' })
    await world.startDaemon().waitFor('rollout.done', { withinMs: 60_000 })
    assert.deepEqual(await imageIdsOf(world), [before, before])
    await assertWhole(world, { replicas: 1 })
  })
})

/** Runs the server that it stands before; a snapshot with this key in it loses its last bytes first. */
function cutsSnapshotsWithKey(key: string): string {
  return `#!/bin/sh
file=$(busybox sed -n 's/^dir "*\\([^"]*\\)"*$/\\1/p' "$1")/dump.rdb
if busybox grep -q ${key} "$file" 2> /dev/null; then
  busybox chmod u+w "$file"
  busybox truncate -s "$(($(busybox stat -c %s "$file") - 12))" "$file"
fi
exec redis-server.real "$@"
`
}

/** Containers of trials that are there still. */
async function leftoversOf(world: World): Promise<readonly unknown[]> {
  const label = [probeLabel, `io.flotilla.flotilla=${world.name}`]
  const filters = encodeURIComponent(JSON.stringify({ label }))
  return JSON.parse((await callEngine('GET', `/containers/json?all=1&filters=${filters}`)).text) as unknown[]
}

/** Of which image each node is, by id. */
async function imageIdsOf(world: World): Promise<readonly string[]> {
  const inspected = (await world.containers()).map(async ({ id }) => {
    const { text } = await callEngine('GET', `/containers/${id}/json`)
    return (JSON.parse(text) as { Image: string }).Image
  })
  return Promise.all(inspected)
}

/** The master is killed, and comes back as a replica. */
async function failOver(
  world: ReturnType<typeof testWorld>,
  daemon: ReturnType<ReturnType<typeof testWorld>['startDaemon']>,
): Promise<void> {
  await world.redis('master', 'set', 'hello', 'world')
  await world.redis('master', 'wait', '1', '5000')
  const mark = daemon.mark()
  await signalContainer((await world.container('master')).id, 'KILL')
  await daemon.waitFor('data.archived', { since: mark })
  await daemon.waitFor('flotilla.ready', { since: mark })
  assert.equal(await world.redis('master', 'get', 'hello'), 'world')
}

async function userOf(containerId: string): Promise<string> {
  return until('the server to run as its user', 60_000, async () => {
    const { text } = await callEngine('GET', `/containers/${containerId}/top?ps_args=-o%20pid,uid`)
    const uid = (JSON.parse(text) as { Processes: readonly (readonly string[])[] }).Processes[0]?.[1]
    return uid === '0' ? null : uid
  })
}

/** @returns what a script printed in a container, without the engine's framing. */
async function inside(containerId: string, script: string): Promise<string> {
  const exec = { Cmd: ['sh', '-c', script], AttachStdout: true, Tty: true }
  const made = await callEngine('POST', `/containers/${containerId}/exec`, exec)
  const { Id } = JSON.parse(made.text) as { Id: string }
  return (await callEngine('POST', `/exec/${Id}/start`, { Tty: true })).text.trim()
}
