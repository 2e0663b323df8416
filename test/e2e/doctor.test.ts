import assert from 'node:assert/strict'
import { chmodSync, cpSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertUntouched } from '../support/common-assertions.js'
import { runFlotilla } from '../support/cli.js'
import { testWorld, type World } from '../support/world.js'

interface Check {
  readonly check: string
  readonly verdict: 'ok' | 'warning' | 'failure' | 'unknown'
  readonly found: string
}

test('doctor passes on a healthy flotilla, names what is wrong with a sick one, and changes nothing', async t => {
  const world = testWorld(t, 'doctor')
  world.declare({ replicas: 1 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const before = await world.containers()
  const secrets = join(world.state, 'secrets')
  const password = readFileSync(join(secrets, `${world.name}.password`), 'utf8').trim()

  await t.test('healthy', async () => {
    const { checks, exitCode } = await examine(world)
    const failures = checks.filter(one => one.verdict === 'failure')
    // The disk of whoever runs the tests is theirs.
    assert.deepEqual(
      failures.filter(one => !one.check.endsWith('disk')),
      [],
    )
    assert.equal(exitCode, failures.length > 0 ? 1 : 0)
    for (const check of ['engine', 'reach', 'state', 'daemon', 'manifests', 'nodes', 'secrets', 'leftovers'])
      assert.equal(checks.find(one => one.check === check)?.verdict, 'ok', check)
  })

  await t.test('passwords that others can read', async () => {
    chmodSync(secrets, 0o755)
    const { checks, exitCode } = await examine(world)
    chmodSync(secrets, 0o700)
    assert.equal(exitCode, 1)
    assert.equal(checks.find(one => one.check === 'state-modes')?.verdict, 'failure')
  })

  await t.test('passwords that are gone', async () => {
    // The daemon writes lost secrets again: only a copy of its folder stays without them.
    const without = join(world.folder, 'state-without-secrets')
    const isKept = (path: string) => {
      const found = lstatSync(path)
      return path !== secrets && (found.isFile() || found.isDirectory())
    }
    cpSync(world.state, without, { recursive: true, filter: isKept })
    const { checks, exitCode } = await examine({ ...world, state: without })
    assert.equal(exitCode, 1)
    assert.match(checks.find(one => one.check === 'secrets')?.found ?? '', new RegExp(world.name))
  })

  await t.test('no engine', async () => {
    const { checks, exitCode } = await examine(world, 'unix:///does/not/exist.sock')
    assert.equal(exitCode, 1)
    assert.equal(checks.find(one => one.check === 'engine')?.verdict, 'failure')
    assert.equal(checks.find(one => one.check === 'nodes')?.verdict, 'unknown')
    assert.equal(checks.find(one => one.check === 'state')?.verdict, 'ok')
  })

  await t.test('nothing that it says holds a password', async () => {
    const { stdout, stderr } = await world.flotilla('doctor')
    assert.ok(!(stdout + stderr).includes(password))
  })

  await assertUntouched(world, before)
})

async function examine(world: World, dockerHost?: string) {
  const args = ['doctor', '--manifests', world.manifests, '--state', world.state, '-o', 'json']
  const { exitCode, stdout, stderr } = await runFlotilla(args, world.env(dockerHost))
  assert.equal(stderr, '')
  const { checks, passed } = JSON.parse(stdout) as { checks: readonly Check[]; passed: boolean }
  assert.equal(passed, exitCode === 0)
  return { checks, exitCode }
}
