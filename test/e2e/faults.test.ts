import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runFlotilla, type CliResult } from '../support/cli.js'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, removeContainer } from '../support/containers.js'
import { testEngine } from '../support/engine.js'
import { proxyFor } from '../support/engine-proxy.js'
import { until } from '../support/until.js'
import { manifestText, testWorld, type World } from '../support/world.js'

/** One message for a person: what happened and where on the first line, how to fix it on the next. */
function assertOneMessage({ stderr }: CliResult, what: RegExp, remedy: RegExp): void {
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^flotilla: /, stderr)
  assert.match(lines[0] ?? '', what)
  assert.match(lines.slice(1).join('\n'), remedy)
  assert.equal(lines.length, 2, stderr)
}

/** Runs `verb` against another engine than the test's. */
function onEngine(world: World, dockerHost: string, verb: readonly string[]): Promise<CliResult> {
  return runFlotilla([...verb, '--manifests', world.manifests, '--state', world.state], world.env(dockerHost))
}

describe('bad input and faults', { concurrency: 3 }, () => {
  test('no manifest directory → validate, up and plan say so in one message and exit with 2', async t => {
    const world = testWorld(t, 'nowhere')
    rmSync(world.manifests, { recursive: true })
    const validated = await world.flotilla('validate')
    assert.equal(validated.exitCode, 2)
    assert.match(validated.stdout + validated.stderr, /manifests: does not exist; create it/)
    for (const verb of ['up', 'plan']) {
      const result = await world.flotilla(verb)
      assert.equal(result.exitCode, 2, verb)
      assert.match(result.stderr, /^flotilla: .*manifests: does not exist; create it.*\n$/)
    }
  })

  test('no manifest directory → the daemon says so, waits, and goes to work when it appears', async t => {
    const world = testWorld(t, 'later')
    rmSync(world.manifests, { recursive: true })
    const daemon = world.startDaemon()
    const { problem } = await daemon.waitFor('manifest.invalid')
    assert.match(String(problem), /manifests: does not exist; create it/)
    mkdirSync(world.manifests)
    world.declare({ replicas: 0 })
    await daemon.waitFor('flotilla.ready')
    await assertWhole(world, { replicas: 0 })
  })

  test('no Docker → every verb that needs it, but for the daemon, which waits for it, says where it looked and what to do, and exits with 1', async t => {
    const world = testWorld(t, 'no-docker')
    world.declare({ replicas: 1 })
    const nowhere = `unix://${join(world.folder, 'nobody.sock')}`
    for (const verb of [
      ['up'],
      ['plan'],
      ['status'],
      ['verify'],
      ['connect', world.name],
      ['cli', world.name],
      ['down', '--yes'],
    ]) {
      const result = await onEngine(world, nowhere, verb)
      assert.equal(result.exitCode, 1, `${verb[0]}: ${result.stderr}`)
      assertOneMessage(
        result,
        /no Docker engine answers at unix:.*nobody\.sock \(found by: DOCKER_HOST\)/,
        /start it .*DOCKER_HOST/,
      )
      assert.ok(result.tookMs < 30_000, `${verb[0]} took ${result.tookMs} ms`)
    }
    assert.equal((await onEngine(world, nowhere, ['validate'])).exitCode, 0, 'validate needs no engine')
  })

  test('an address that is none → exit 2, and which forms there are', async t => {
    const world = testWorld(t, 'no-address')
    world.declare({ replicas: 1 })
    const result = await onEngine(world, 'gopher://docker', ['up'])
    assert.equal(result.exitCode, 2)
    assertOneMessage(result, /DOCKER_HOST is "gopher:\/\/docker"/, /unix:\/\/.*tcp:\/\/.*ssh:\/\//)
  })

  test('an engine that is too old → which version it has, which one is needed, exit 1', async t => {
    const world = testWorld(t, 'old')
    world.declare({ replicas: 1 })
    const proxy = await proxyFor(t, world)
    proxy.version = { ApiVersion: '1.30', Version: '17.06.2-ce' }
    const result = await onEngine(world, proxy.dockerHost, ['up'])
    assert.equal(result.exitCode, 1)
    assertOneMessage(
      result,
      /17\.06\.2-ce \(API 1\.30\).*needs API 1\.41, that is Docker 20\.10/,
      /update the engine/,
    )
    assert.deepEqual(proxy.mutations, [])
  })

  test('an image that can’t be had → says which and what to do, goes on trying, and `up` exits with 3', async t => {
    const world = testWorld(t, 'no-image')
    world.declare({ replicas: 1, image: 'flotilla-test-nobody/has-this:1' })
    const up = await world.flotilla('up', '--timeout', '4')
    assert.equal(up.exitCode, 3, up.stderr)
    assert.match(up.stderr, /flotilla-test-nobody\/has-this:1/)
    assert.match(up.stderr, /\n {2}check the name and tag|\n {2}.*(pull|load)/)
    assert.deepEqual(await world.containers(), [])
    const status = await world.status()
    assert.notEqual(status.phase, 'Ready')

    const daemon = world.startDaemon()
    const failed = await daemon.waitFor('plan.failed')
    assert.match(String(failed['action']), /pull image flotilla-test-nobody\/has-this:1/)
    const mark = daemon.mark()
    world.declare({ replicas: 1 })
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 1 })
  })

  test('an image whose process ends at once → says that it crashes, exit 3, and never calls it Ready', async t => {
    const world = testWorld(t, 'dies')
    world.declare({ replicas: 0, image: testEngine().brokenImage })
    const up = await world.flotilla('up', '--timeout', '15')
    assert.equal(up.exitCode, 3, up.stderr)
    assert.match(
      up.stderr,
      new RegExp(`${world.name}-master .*exit code 1; see: docker logs ${world.name}-master`),
    )
    assert.doesNotMatch(up.stderr + up.stdout, /Ready/)
  })

  test('a name that a stranger’s container, network or volume holds → `up` says whose, how to fix it, and exits with 3', async t => {
    const world = testWorld(t, 'taken')
    world.declare({ replicas: 1 })
    const name = `${world.name}-replica-1`
    const { Id } = (await call('POST', `/containers/create?name=${name}`, { Image: testEngine().image })) as {
      Id: string
    }
    world.beforeRemoval(() => removeContainer(Id))
    const up = await world.flotilla('up', '--timeout', '60')
    assert.equal(up.exitCode, 3, up.stderr)
    assert.match(up.stderr, new RegExp(`NameConflict: .*${name}.*\n {2}fix: .*${name}`))
    assert.ok(up.tookMs < 30_000, 'it does not wait for what only a person can mend')
    await removeContainer(Id)
    assert.equal((await world.flotilla('up', '--timeout', '60')).exitCode, 0)
    await assertWhole(world, { replicas: 1 })
  })

  test('a full disk under the state directory → one message, nothing created, and it goes on when there is room', async t => {
    const world = testWorld(t, 'full')
    const mounted = mountSmall(world.state)
    if (!mounted) return t.skip('a small file system can be mounted by root only')
    world.beforeRemoval(async () => void spawnSync('umount', ['--lazy', world.state]))
    fill(world.state)
    world.declare({ replicas: 0 })
    const result = await world.flotilla('up', '--timeout', '20')
    assert.equal(result.exitCode, 1, result.stderr)
    assertOneMessage(result, /can't write .*no space left/i, /space|room/i)
    assert.deepEqual(await world.containers(), [])
    rmSync(join(world.state, 'ballast'))
    const again = await world.flotilla('up', '--timeout', '60')
    assert.equal(again.exitCode, 0, again.stderr)
  })

  test('the disk gets full while the daemon runs → it says so, touches nothing, and goes on when there is room', async t => {
    const world = testWorld(t, 'fills')
    if (!mountSmall(world.state)) return t.skip('a small file system can be mounted by root only')
    world.beforeRemoval(async () => void spawnSync('umount', ['--lazy', world.state]))
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    // A file that is being replaced meanwhile gives its room back when that is done.
    await until('the disk to be full, with no file being written', 60_000, () => {
      fill(world.state)
      const names = readdirSync(world.state, { recursive: true, encoding: 'utf8' })
      return !names.some(name => name.endsWith('.tmp')) && statfsSync(world.state).bavail === 0
    })
    const mark = daemon.mark()
    world.declare({ replicas: 2 })
    const failed = await daemon.waitFor('pass.failed', { since: mark })
    assert.match(String(failed['error']), /can't write .*no space left/i)
    assert.match(String(failed['hint']), /space|room/i)
    assert.equal((await world.containers()).length, 2)
    await assertUntouched(world, before)
    for (const name of readdirSync(world.state))
      if (name.startsWith('ballast')) rmSync(join(world.state, name))
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before)
  })

  test('SIGTERM → ends within 10 s with 0 in the middle of its work, and leaves the containers running', async t => {
    const world = testWorld(t, 'term')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const mark = daemon.mark()
    world.declare({ replicas: 4 })
    await daemon.waitFor('plan.started', { since: mark })
    const startedMs = performance.now()
    daemon.signal('SIGTERM')
    const { exitCode } = await daemon.ended()
    assert.equal(exitCode, 0)
    assert.ok(performance.now() - startedMs < 10_000)
    assert.deepEqual(
      (await world.containers()).filter(node => node.ordinal <= 2).map(node => node.running),
      [true, true, true],
    )
    assert.equal(daemon.lines('daemon.stopping')[0]?.['signal'], 'SIGTERM')
    assert.equal(daemon.lines('daemon.stopped').length, 1)
    // What it left half done is finished by the next one.
    await world.startDaemon().waitFor('flotilla.ready')
    await assertWhole(world, { replicas: 4 })
  })

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`a second ${signal} ends at once; a first one waits for what is under way, 10 s at most`, async t => {
      const world = testWorld(t, 'twice')
      const proxy = await proxyFor(t, world)
      world.declare({ replicas: 0 })
      const daemon = world.startDaemon({ dockerHost: proxy.dockerHost })
      await daemon.waitFor('flotilla.ready')
      await proxy.setMode('stall')
      const mark = daemon.mark()
      const calls = proxy.calls.length
      world.declare({ replicas: 1 })
      await daemon.waitFor('manifest.loaded', { since: mark })
      assert.ok(proxy.calls.length >= calls)
      daemon.signal(signal)
      await daemon.waitFor('daemon.stopping')
      daemon.signal(signal)
      const { exitCode } = await daemon.ended()
      // Whoever waits for what is under way ends with 0.
      assert.equal(exitCode, code)
      assert.equal((await world.containers())[0]?.running, true)
    })
  }

  test('SIGTERM while the engine answers nothing → ends within 10 s all the same', async t => {
    const world = testWorld(t, 'stuck')
    const proxy = await proxyFor(t, world)
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon({ dockerHost: proxy.dockerHost })
    await daemon.waitFor('flotilla.ready')
    await proxy.setMode('stall')
    const mark = daemon.mark()
    world.declare({ replicas: 1 })
    await daemon.waitFor('manifest.loaded', { since: mark })
    const startedMs = performance.now()
    daemon.signal('SIGTERM')
    const { exitCode } = await daemon.ended()
    assert.equal(exitCode, 0)
    assert.ok(performance.now() - startedMs < 10_000, `${performance.now() - startedMs} ms`)
  })

  test('mistakes on the command line → exit 2, one message and a suggestion', async t => {
    const world = testWorld(t, 'usage')
    world.declare({ replicas: 1 })
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['statsu'], /Did you mean status/],
      [['status', '--outptu', 'json'], /Did you mean --output/],
      [['status', `${world.name}x`], new RegExp(`Did you mean ${world.name}\\?`)],
      [['scale', world.name, '-1'], /unknown option|whole number/],
      [['scale', world.name, 'many'], /whole number/],
      [['scale', world.name, '100000'], /200 are the most.*\n.*flotilla scale .* 200/],
      [['scale', `${world.name}x`, '3'], new RegExp(`Did you mean ${world.name}\\?`)],
    ]
    for (const [words, message] of wrong) {
      const [verb = '', ...args] = words
      const { exitCode, stderr } = await world.flotilla(verb, ...args)
      assert.equal(exitCode, 2, `${words.join(' ')}: ${stderr}`)
      assert.match(stderr, message)
    }
    writeFileSync(world.manifest, manifestText(world.name, { replicas: 1 }).replace('replicas', 'replica'))
    for (const verb of ['validate', 'plan', 'up']) {
      const { exitCode, stdout, stderr } = await world.flotilla(verb)
      assert.equal(exitCode, 2, verb)
      assert.match(stdout + stderr, /\.yaml:\d+:\d+: .*[Dd]id you mean replicas/)
    }
  })
})

const smallBytes = 256 << 10

function mountSmall(folder: string): boolean {
  mkdirSync(folder, { recursive: true })
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${smallBytes}`, 'tmpfs', folder]).status === 0
}

function fill(folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail === 0) return
  const taken = readdirSync(folder).filter(name => name.startsWith('ballast')).length
  const path = join(folder, taken === 0 ? 'ballast' : `ballast-${taken}`)
  try {
    writeFileSync(path, Buffer.alloc(bavail * bsize + 4_096))
  } catch {
    // As intended: it took all that there was.
  }
}
