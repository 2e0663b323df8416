import assert from 'node:assert/strict'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import type { FlotillaStatus } from '../../src/model/status.js'
import { tlsPort } from '../../src/redis/tls.js'
import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import {
  authorityLifetimeMs,
  emptyCertificateState,
  type CertificateState,
} from '../../src/tls/certificate-state.js'
import { CertificateStore } from '../../src/tls/certificate-store.js'
import type { KeyPair } from '../../src/tls/certificate-bundle.js'
import { namesOfNode } from '../../src/tls/names.js'
import type { NodeContainer } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { sendToNode, infoFields } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

const dayMs = 86_400_000

test('created with tls: require, all of it is encrypted and proves who it is; a renewal under load cuts nobody and loses nothing', async t => {
  const world = testWorld(t, 'tls')
  world.declare({ replicas: 1, tls: 'require' })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 90_000 })
  const [master, replica] = [await world.container('master'), await world.container('replica-1')]

  await assert.rejects(sendToNode(master, world.password(), 'PING'), /refused/, 'the plain port is closed')
  assert.equal(await world.redis('master', 'SET', 'a', '1'), 'OK')
  for (const name of [`${world.name}-1`, `${world.name}-replica-1`, `${world.name}-master`, 'localhost'])
    assert.equal(await shownBy(replica, world, name).then(({ problem }) => problem), null, name)
  assert.match(String((await shownBy(replica, world, 'elsewhere')).problem), /ERR_TLS_CERT_ALTNAME_INVALID/)
  await assertNoKeyShows(world)

  const examined = await world.flotilla('doctor', '-o', 'json')
  const { checks } = JSON.parse(examined.stdout) as { checks: { check: string; verdict: string }[] }
  // The disk of whoever runs the tests is theirs.
  const failed = checks.filter(({ check, verdict }) => verdict === 'failure' && !check.endsWith('disk'))
  assert.deepEqual(failed, [])
  const verified = await world.flotilla('verify', world.name)
  assert.equal(verified.exitCode, 0, verified.stdout)
  assert.equal((await world.flotilla('cli', world.name, 'get', 'a')).stdout, '1\n')
  const { stdout } = await world.flotilla('connect', world.name)
  assert.match(stdout, new RegExp(`^rediss://${world.name}-master:6380\n[^]*${world.name}\\.ca\\.crt`))

  const before = await shownBy(master, world, 'localhost')
  const syncs = await statsOf(world, 'master', /^sync_/)
  const writer = new Writer(world, { promised: 'wait' })
  t.after(() => writer.stop())
  await until('writes', 60_000, () => (writer.count > 20 ? true : undefined))
  const mark = daemon.mark()
  world.declare({ replicas: 1, tls: '{ lifetime: 30d }' })
  await daemon.waitFor('flotilla.ready', { since: mark })
  const after = await shownBy(master, world, 'localhost')
  assert.notEqual(after.serial, before.serial)
  assert.ok(after.expiresAtMs < Date.now() + 31 * dayMs)
  assert.ok((await writer.assertNothingLost()) > 20)
  assert.deepEqual(await statsOf(world, 'master', /^sync_/), syncs)
  assert.deepEqual(
    daemon.lines('node.offline', mark).filter(({ health }) => health === 'syncing'),
    [],
    'a link was down',
  )
  assert.deepEqual(await startsOf(world), [master.startedAt, replica.startedAt])
  assert.equal(conditionOf(await world.status(), 'TlsApplied').status, 'True')
})

test('certificates are renewed before their end, at the time that is due, under load: nobody is cut and nothing is lost', async t => {
  const world = testWorld(t, 'tlsdue')
  world.declare({ replicas: 1, tls: 'true' })
  const first = await dueSoon(world)
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 90_000 })
  const nodes = [await world.container('master'), await world.container('replica-1')]
  const shown = (): Promise<readonly Shown[]> =>
    Promise.all(nodes.map(node => shownBy(node, world, `${world.name}-master`)))
  const ends = (await shown()).map(({ expiresAtMs }) => expiresAtMs)
  assert.deepEqual(
    ends,
    [first.expiresAtMs, first.expiresAtMs],
    'the nodes have the certificates that are due soon',
  )

  const writer = new Writer(world, { promised: 'wait' })
  t.after(() => writer.stop())
  const syncs = await statsOf(world, 'master', /^sync_/)
  const mark = daemon.mark()
  await until('renewal of both', first.dueAtMs - Date.now() + 60_000, async () => {
    const now = await shown()
    return now.every(({ expiresAtMs }) => expiresAtMs > first.expiresAtMs + dayMs) ? now : undefined
  })
  assert.ok(Date.now() >= first.dueAtMs, 'not before it was due')
  const written = writer.count
  await until('writes after it', 60_000, () => (writer.count > written + 20 ? true : undefined))
  assert.ok((await writer.assertNothingLost()) > 20)
  assert.ok((await shown()).every(({ problem }) => problem === null))
  assert.deepEqual(await statsOf(world, 'master', /^sync_/), syncs)
  assert.deepEqual(
    daemon.lines('node.offline', mark).filter(({ health }) => health === 'syncing'),
    [],
    'a link was down',
  )
  assert.deepEqual(
    await startsOf(world),
    nodes.map(({ startedAt }) => startedAt),
  )
})

test('off, prefer, require and off again are applied to nodes that run, under load, with no acknowledged write lost and no container touched', async t => {
  const world = testWorld(t, 'tlsmode')
  world.declare({ replicas: 2 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 90_000 })
  const [starts, syncs] = [await startsOf(world), await statsOf(world, 'master', /^sync_full/)]
  const writer = new Writer(world, { promised: 'wait' })
  t.after(() => writer.stop())
  for (const mode of ['prefer', 'require', 'off']) {
    const mark = daemon.mark()
    const written = writer.count
    world.declare({ replicas: 2, tls: mode })
    await daemon.waitFor('flotilla.ready', { since: mark })
    await until(`writes with ${mode}`, 60_000, () => (writer.count > written + 20 ? true : undefined))
    const ports = await portsOf(world)
    assert.deepEqual(ports, {
      plain: mode === 'require' ? '0' : '6379',
      encrypted: mode === 'off' ? '0' : '6380',
      followed: mode === 'off' ? '6379' : '6380',
    })
  }
  await writer.assertNothingLost()
  // Links that are moved go on where they were: nothing is copied again.
  assert.deepEqual(await statsOf(world, 'master', /^sync_full/), syncs)
  assert.deepEqual(await startsOf(world), starts)
})

test("certificates of one's own that can not serve are refused and nothing is touched; good ones are taken over within seconds", async t => {
  const world = testWorld(t, 'tlsown')
  const authority = await makeAuthority({ flotilla: 'a test', nowMs: Date.now(), lifetimeMs: 90 * dayMs })
  const [good, other] = [await ownCertificate(world, authority), await ownCertificate(world, authority)]
  put(world, { ...good, key: other.key }, authority)
  const tls = '{ files: { cert: own.crt, key: own.key, ca: ca.crt } }'
  world.declare({ replicas: 1, tls })
  const refused = await world.flotilla('up')
  assert.equal(refused.exitCode, 3)
  assert.match(refused.stderr, /TlsRefused: the key is not the one of the certificate/)
  assert.deepEqual(await world.containers(), [])

  put(world, good, authority)
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready', { withinMs: 90_000 })
  const first = await shownBy(await world.container('master'), world, `${world.name}-master`)
  assert.equal(first.problem, null)
  const starts = await startsOf(world)

  put(world, await ownCertificate(world, authority, { lifetimeMs: 1 }), authority)
  const held = await daemon.waitFor('flotilla.held')
  assert.match(String(held['reason']), /has ended on .*\. The nodes keep the certificate that they have/)
  const during = await shownBy(await world.container('master'), world, `${world.name}-master`)
  assert.equal(during.serial, first.serial)

  put(world, other, authority)
  await until('the new certificate', 60_000, async () => {
    const last = await shownBy(await world.container('master'), world, `${world.name}-master`)
    assert.equal(last.problem, null)
    return last.serial !== first.serial
  })
  assert.deepEqual(await startsOf(world), starts)
})

/** How long the certificates of {@link dueSoon} still serve: the nodes have to be there by then. */
const servesMs = 60_000

/** What Flotilla would hold had it made its certificates two thirds of their life ago, but for a minute. */
async function dueSoon({
  name,
  state,
}: World): Promise<{ readonly dueAtMs: number; readonly expiresAtMs: number }> {
  const lifetimeMs = 90 * dayMs
  const nowMs = Math.floor(Date.now() / 1_000) * 1_000
  const madeAtMs = nowMs - (lifetimeMs / 3) * 2 + servesMs
  const authority = await makeAuthority({ flotilla: name, nowMs: madeAtMs, lifetimeMs: authorityLifetimeMs })
  const leaves = await Promise.all(
    [0, 1].map(async ordinal => {
      const names = namesOfNode(name, ordinal)
      return {
        ...(await issueCertificate(authority, { ...names, nowMs: madeAtMs, lifetimeMs })),
        ordinal,
        lifetimeMs,
      }
    }),
  )
  const holdings: CertificateState = {
    ...emptyCertificateState,
    authorities: [authority],
    leaves,
    inForce: 'generated',
  }
  mkdirSync(join(state, 'secrets'), { recursive: true, mode: 0o700 })
  await new CertificateStore(state).save(name, holdings, authority.certificate)
  return { dueAtMs: nowMs + servesMs, expiresAtMs: madeAtMs + lifetimeMs }
}

function ownCertificate(
  { name }: World,
  authority: KeyPair,
  { lifetimeMs = 60 * dayMs }: { readonly lifetimeMs?: number } = {},
): Promise<KeyPair> {
  return issueCertificate(authority, {
    ...{ names: [`${name}-master`], addresses: [] },
    ...{ nowMs: Date.now(), lifetimeMs },
  })
}

/** As a certificate manager would: one file after the other. */
function put({ manifests }: World, { certificate, key }: KeyPair, authority: KeyPair): void {
  writeFileSync(join(manifests, 'own.crt'), certificate)
  writeFileSync(join(manifests, 'own.key'), key.reveal())
  writeFileSync(join(manifests, 'ca.crt'), authority.certificate)
}

interface Shown {
  /** What speaks against it, by Node's own checks; null for nothing. */
  readonly problem: string | null
  readonly serial: string
  readonly expiresAtMs: number
}

/** The certificate that a node shows to somebody who connects and looks for this name. */
async function shownBy(node: NodeContainer, world: World, servername: string): Promise<Shown> {
  const { authorities = '' } = world.trust() ?? {}
  const host = node.address?.host ?? ''
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    // A client that only looks: it says nothing, and what speaks against the certificate is the result.
    const looking = connect({ host, port: tlsPort, ca: authorities, servername, rejectUnauthorized: false })
    looking.once('secureConnect', () => resolve(looking))
    looking.once('error', reject)
  })
  const { serialNumber, valid_to: validTo } = socket.getPeerCertificate()
  const problem = socket.authorized ? null : String(socket.authorizationError)
  socket.destroy()
  return { problem, serial: serialNumber, expiresAtMs: Date.parse(validTo) }
}

async function assertNoKeyShows(world: World): Promise<void> {
  for (const { id } of await world.containers()) {
    const { text } = await callEngine('GET', `/containers/${id}/json`)
    assert.doesNotMatch(text, /PRIVATE KEY|BEGIN /)
  }
  assert.equal(statSync(join(world.state, 'secrets', `${world.name}.tls.json`)).mode & 0o777, 0o600)
}

async function statsOf(world: World, node: 'master', names: RegExp): Promise<Record<string, string>> {
  const fields = infoFields(String(await world.redis(node, 'INFO', 'stats')))
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.test(name)))
}

async function startsOf(world: World): Promise<readonly string[]> {
  return (await world.containers()).map(({ startedAt }) => startedAt)
}

/** What every node agrees on; fails when they don't. */
async function portsOf(world: World): Promise<Readonly<Record<'plain' | 'encrypted' | 'followed', string>>> {
  const replicas = ['replica-1', 'replica-2'] as const
  const ports = await Promise.all(
    replicas.map(async node => {
      const options = (await world.administer(node, 'CONFIG', 'GET', '*port')) as readonly string[]
      const option = (name: string): string => options[options.indexOf(name) + 1] ?? ''
      const { master_port: followed = '' } = infoFields(
        String(await world.redis(node, 'INFO', 'replication')),
      )
      return { plain: option('port'), encrypted: option('tls-port'), followed }
    }),
  )
  assert.deepEqual(ports[0], ports[1])
  return ports[0] ?? assert.fail()
}

function conditionOf(status: FlotillaStatus, type: string): FlotillaStatus['conditions'][number] {
  return status.conditions.find(condition => condition.type === type) ?? assert.fail()
}
