import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callEngine } from '../support/engine.js'
import { testWorld, type World } from '../support/world.js'
import { testProgram } from '../cli/test-program.js'

/**
 * What each verb is run with, in this order, on a flotilla whose passwords are known. A verb that is not here
 * fails the test: add it with whatever makes it say most. `down` comes last by itself.
 */
const runs: Readonly<Record<string, (name: string) => readonly (readonly string[])[]>> = {
  up: name => [[name]],
  status: name => [[], [name, '-o', 'wide'], ['-o', 'json'], ['-o', 'yaml'], ['-o', 'name']],
  plan: name => [[name], [name, '-o', 'json']],
  scale: name => [[name, '2']],
  switchover: name => [[name]],
  restart: name => [[name, '--node', '1']],
  promote: name => [[name, '--timeout', '5']],
  adopt: name => [[`${name}-master`, '--yes']],
  claim: name => [[name]],
  rotate: name => [[name], [name, '--user', 'reporting']],
  failover: name => [[name, '--force', '--timeout', '5']],
  pause: name => [[name]],
  // Both edit the manifest; while it is paused nothing comes of that.
  hibernate: name => [[name]],
  wake: name => [[name]],
  resume: name => [[name]],
  history: name => [[name], [name, '-o', 'json']],
  events: name => [[], [name, '-o', 'json']],
  logs: name => [[name], [name, '-o', 'json']],
  top: name => [[name], [name, '-o', 'json']],
  connect: name => [[name], [name, '-o', 'json']],
  cli: name => [
    [name, 'info'],
    [name, 'client', 'list'],
    [name, 'acl', 'whoami'],
  ],
  verify: name => [[name]],
  backup: name => [[name], ['verify', name]],
  backups: name => [[name], [name, '-o', 'json']],
  fork: name => [[name, '--as', name]],
  restore: name => [[name, '--from', 'latest', '--as', name]],
  rollout: name => [['approve', name, '--timeout', '5']],
  certificate: name => [['issue', name, '--client', 'app']],
  haproxy: name => [[name]],
  gc: () => [[], ['-o', 'json']],
  doctor: () => [[], ['-o', 'json']],
  validate: () => [[], ['-o', 'json']],
}

/** `run` and `down` have places of their own in the test; the others know of no flotilla. */
const apart = ['run', 'down', 'schema', 'completion', 'service', 'help']

test('nothing that a verb or the daemon prints, writes down or hands to the engine holds a password', async t => {
  const world = testWorld(t, 'secrets')
  const known = 'the-known-password-7Kx'
  writeFileSync(join(world.manifests, 'password'), `${known}\n`, { mode: 0o600 })
  world.declare({ replicas: 1 })
  const backups = join(world.folder, 'backups')
  mkdirSync(backups)
  writeFileSync(
    world.manifest,
    `${readFileSync(world.manifest, 'utf8')}  auth: { passwordFile: ${join(world.manifests, 'password')}, overlap: 1h, users: [{ name: reporting, rules: +@read }] }\n  backup: { to: { path: ${backups} } }\n`,
  )
  const daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
  await daemon.waitFor('flotilla.ready')
  const secrets = new Set([known, ...madeSecrets(world)])
  // The key of the digests, and one password for each of three users.
  assert.equal(secrets.size, 5)
  const free = (what: string, text: string): void => {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${what} holds a password`)
  }

  for (const [verb, argumentsOf] of Object.entries(runs))
    for (const args of argumentsOf(world.name)) {
      const { stdout, stderr } = await world.flotilla(verb, ...args)
      assert.notEqual(stdout + stderr, '', `${verb} ${args.join(' ')} says nothing, which proves nothing`)
      for (const secret of madeSecrets(world)) secrets.add(secret)
      free(`${verb} ${args.join(' ')}`, stdout + stderr)
    }
  // What was rotated meanwhile is among them: next, current and former ones.
  assert.ok(secrets.size >= 8, `${secrets.size}`)
  free('docker inspect', await inspected(world))
  await daemon.stop()
  free('the log of the daemon', daemon.output)
  free('the state directory', openFiles(world.state))
  free('the backups', openFiles(backups))
  const { stdout, stderr } = await world.flotilla('down', world.name, '--yes')
  free('down', stdout + stderr)
})

test('every verb is in the table above', () => {
  const verbs = testProgram()
    .commands.map(verb => verb.name())
    .filter(name => !['__complete', 'version'].includes(name))
  const missing = verbs.filter(name => !(name in runs) && !apart.includes(name))
  assert.deepEqual(missing, [])
})

/** The passwords that Flotilla has made for itself, and the application's again. */
function madeSecrets(world: World): readonly string[] {
  const text = readFileSync(join(world.state, 'secrets', `${world.name}.json`), 'utf8')
  return [...text.matchAll(/"(?:secret|digestKey)": "([^"]+)"/g)].flatMap(match => match[1] ?? [])
}

async function inspected(world: World): Promise<string> {
  const containers = await world.containers()
  assert.ok(containers.length > 0)
  const texts = await Promise.all(
    containers.map(async ({ id }) => (await callEngine('GET', `/containers/${id}/json`)).text),
  )
  return texts.join('\n')
}

/** All that is kept there but the folder that is there for secrets. */
function openFiles(state: string): string {
  const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter(
    entry => entry.isFile() && !entry.parentPath.endsWith('secrets'),
  )
  assert.ok(files.length > 2)
  return files.map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n')
}
