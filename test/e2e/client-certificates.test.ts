import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { tlsPort } from '../../src/redis/tls.js'
import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import { runFlotilla } from '../support/cli.js'
import { killContainer } from '../support/containers.js'
import { testEngine } from '../support/engine.js'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

/** Where clients go, and what they show. */
interface Client {
  readonly host: string
  readonly port: number
  readonly shows: { readonly certificate: string; readonly key: string } | null
}

test('tls.clientAuth: with a certificate clients come in, without or with a foreign one they are refused, at nodes and through the gateway', async t => {
  const world = testWorld(t, 'mtls')
  const port = await freePort()
  const gateway = `{ image: '${testEngine().gatewayImage}', master: 127.0.0.1:${port} }`
  const declare = (clientAuth: string): void =>
    world.declare({ replicas: 1, tls: `{ mode: require, clientAuth: ${clientAuth} }`, gateway })
  declare('require')
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 180_000 })
  const shows = await issueFor(world, 'app')
  const foreign = await foreignPair(world)
  const ping = async (where: Omit<Client, 'shows'>, what: Client['shows']): Promise<string> =>
    runRedisCli(world, { ...where, shows: what }, 'PING')
  const throughGateway = { host: '127.0.0.1', port }
  const atMaster = async () => ({
    host: (await world.container('master')).address?.host ?? '',
    port: tlsPort,
  })

  await until('the gateway lets a client with a certificate in', 60_000, async () => {
    assert.equal(await ping(throughGateway, shows), 'PONG')
    return true
  })
  for (const where of [throughGateway, await atMaster()]) {
    assert.equal(await ping(where, shows), 'PONG')
    assert.notEqual(await ping(where, null), 'PONG', 'without')
    assert.notEqual(await ping(where, foreign), 'PONG', 'with a foreign one')
  }
  const { exitCode, stdout } = await world.flotilla('cli', world.name, 'ping')
  assert.deepEqual([exitCode, stdout], [0, 'PONG\n'])
  const { stdout: told } = await world.flotilla('connect', world.name)
  assert.match(told, new RegExp(`flotilla certificate issue ${world.name} --client app`))

  await killContainer((await world.container('master')).id)
  await until('the other node is master, and the gateway leads to it', 60_000, async () => {
    assert.equal(await runRedisCli(world, { ...throughGateway, shows }, 'SET', 'a', '1'), 'OK')
    return true
  })
  await until('the old master follows over mutual TLS', 60_000, async () => {
    const { nodes } = await world.status()
    assert.equal(nodes.filter(({ health }) => health === 'online').length, 2)
    return true
  })

  let mark = daemon.mark()
  declare('optional')
  await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 60_000 })
  for (const where of [throughGateway, await atMaster()]) {
    assert.equal(await ping(where, null), 'PONG', 'optional: without')
    assert.notEqual(await ping(where, foreign), 'PONG', 'optional: with a foreign one')
  }

  const held = await openWithoutCertificate(await atMaster())
  mark = daemon.mark()
  declare('require')
  await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 60_000 })
  await until('who came without a certificate is cut', 30_000, () => held.destroyed || undefined)
  assert.notEqual(await ping(await atMaster(), null), 'PONG')
})

async function openWithoutCertificate(where: Omit<Client, 'shows'>): Promise<TLSSocket> {
  const socket = connect({ ...where, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

async function issueFor(world: World, client: string): Promise<NonNullable<Client['shows']>> {
  const folder = join(world.folder, 'client')
  mkdirSync(folder)
  const paths = ['--manifests', world.manifests, '--state', world.state]
  const args = ['certificate', 'issue', world.name, ...paths, '--client', client, '--out', folder]
  const { exitCode, stderr } = await runFlotilla(args, world.env())
  assert.equal(exitCode, 0, stderr)
  const again = await runFlotilla(args, world.env())
  assert.equal(again.exitCode, 2)
  assert.match(again.stderr, /it is there already/)
  return { certificate: join(folder, `${client}.crt`), key: join(folder, `${client}.key`) }
}

async function foreignPair(world: World): Promise<NonNullable<Client['shows']>> {
  const times = { nowMs: Date.now(), lifetimeMs: 86_400_000 }
  const authority = await makeAuthority({ flotilla: world.name, ...times })
  const pair = await issueCertificate(authority, { names: ['app'], addresses: [], ...times })
  const [certificate, key] = [join(world.folder, 'foreign.crt'), join(world.folder, 'foreign.key')]
  writeFileSync(certificate, pair.certificate)
  writeFileSync(key, pair.key.reveal(), { mode: 0o600 })
  return { certificate, key }
}

/** What redis-cli prints, or what it complains of. */
function runRedisCli(
  world: World,
  { host, port, shows }: Client,
  ...command: readonly string[]
): Promise<string> {
  const shown = shows === null ? [] : ['--cert', shows.certificate, '--key', shows.key]
  const trusted = join(world.state, 'secrets', `${world.name}.ca.crt`)
  const args = ['-h', host, '-p', `${port}`, '--tls', '--cacert', trusted, ...shown, ...command]
  return new Promise(resolve => {
    execFile(
      'redis-cli',
      args,
      { env: { PATH: process.env['PATH'] ?? '', REDISCLI_AUTH: world.password() }, timeout: 60_000 },
      (error, stdout, stderr) => resolve(error === null ? stdout.trim() : `${stdout}${stderr}`.trim()),
    )
  })
}
