import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { runChecks } from '../../../src/cli/doctor/checks.js'
import { renderFindings } from '../../../src/cli/doctor/doctor.js'
import type { DoctorFacts, HostFacts, Known, StateFacts } from '../../../src/cli/doctor/facts.js'
import { gatherStateFacts } from '../../../src/cli/doctor/gather-state.js'
import type { Verdict } from '../../../src/cli/doctor/finding.js'
import { answered, imageFacts } from '../../reconciler/support/world.js'

function known<Value>(value: Value): Known<Value> {
  return { kind: 'known', value }
}

const gibibyte = 1_024 ** 3
const roomy = known({ path: '/var/lib/docker', freeBytes: 50 * gibibyte, totalBytes: 100 * gibibyte })

const engine: Extract<DoctorFacts['engine'], { kind: 'answers' }> = {
  kind: 'answers',
  skewMs: 3,
  insideContainer: false,
  readOnly: known(null),
  reach: { kind: 'reachable', mode: 'container-ip', reason: 'the engine is local' },
  facts: {
    product: 'docker',
    version: '26.1.5',
    apiVersion: '1.45',
    operatingSystem: 'Debian 13',
    architecture: 'x86_64',
    rootless: false,
    desktop: false,
    memoryBytes: 8 * gibibyte,
    cpus: 2,
    cgroupVersion: '2',
    dataRoot: '/var/lib/docker',
    clockMs: 0,
    endpoint: 'unix:///var/run/docker.sock',
    endpointSource: 'default socket',
  },
}
const host: HostFacts = {
  overcommit: known('1'),
  hugePages: known('madvise'),
  somaxconn: known(4096),
  engineDisk: roomy,
}
const state: StateFacts = {
  directory: '/var/lib/flotilla',
  exists: true,
  error: null,
  exposed: [],
  disk: roomy,
  holder: { pid: 42, host: 'here', command: 'run', alive: true },
}
const noSentinel = { listening: [], waiting: [], problems: [], taken: [] }
const healthy: DoctorFacts = {
  engine,
  host,
  state,
  manifests: { path: 'manifests', problems: [], flotillas: 1 },
  encryption: known([{ flotilla: 'shop', mode: 'require' }]),
  backupDisks: known([{ path: '/var/lib/docker', disk: roomy }]),
  images: known([{ image: 'redis:8', found: imageFacts() }]),
  nodes: known([{ name: 'shop-master', probe: { kind: 'busy', reason: 'a script' } }]),
  gateways: known([{ name: 'shop-gateway', problem: null }]),
  nameConflicts: known([]),
  missingSecrets: known([]),
  leftovers: known([]),
  sentinel: known(noSentinel),
}

test('the certificate that clients are to trust is no secret; a key, and a folder that others may read, are', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-doctor-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const secrets = join(directory, 'secrets')
  mkdirSync(secrets, { mode: 0o700 })
  const exposed = async (): Promise<readonly string[]> =>
    (await gatherStateFacts(directory)).exposed.map(({ path }) => relative(directory, path))
  writeFileSync(join(secrets, 'shop.tls.json'), '{}', { mode: 0o600 })
  writeFileSync(join(secrets, 'shop.ca.crt'), '', { mode: 0o644 })
  assert.deepEqual(await exposed(), [])
  chmodSync(join(secrets, 'shop.tls.json'), 0o640)
  chmodSync(secrets, 0o755)
  assert.deepEqual(await exposed(), ['secrets', 'secrets/shop.tls.json'])
})

test('where all is well every check is ok', () => {
  const bad = runChecks(healthy).filter(({ verdict }) => verdict !== 'ok')
  assert.deepEqual(bad, [])
  assert.ok(runChecks(healthy).length > 15)
})

test('doctor says what is in plain text, for whom, and what to write', () => {
  const told = (...modes: readonly ('off' | 'prefer' | 'require')[]) =>
    runChecks({
      ...healthy,
      encryption: known(modes.map((mode, index) => ({ flotilla: `shop-${index}`, mode }))),
    }).find(({ check }) => check === 'encryption')
  assert.equal(told()?.found, 'no connection to a node is in plain text')
  assert.equal(told('require')?.means, null)
  const mixed = told('off', 'prefer', 'require', 'off')
  assert.equal(mixed?.verdict, 'ok')
  assert.equal(
    mixed?.found,
    'in plain text: clients and replicas of shop-0, shop-3; clients of shop-1 that ask for no TLS',
  )
  assert.match(mixed?.means ?? '', /write tls: require under spec/)
})

/** What is changed about a healthy world, and what one check makes of it. */
const troubles: Readonly<
  Record<string, { check: string; verdict: Verdict; facts: Partial<DoctorFacts>; says: RegExp; fix?: RegExp }>
> = {
  'an engine that is not there': {
    check: 'engine',
    verdict: 'failure',
    facts: {
      engine: { kind: 'silent', code: 'runtime/unreachable', message: 'no engine answers', hint: 'start it' },
    },
    says: /no engine answers/,
    fix: /start it/,
  },
  'no way to the nodes': {
    check: 'reach',
    verdict: 'failure',
    facts: { engine: { ...engine, reach: { kind: 'unreachable', reason: 'it is on another machine' } } },
    says: /another machine/,
  },
  'clocks that are some seconds apart': {
    check: 'clock',
    verdict: 'warning',
    facts: { engine: { ...engine, skewMs: -5_000 } },
    says: /5\.0 s behind ours/,
  },
  'clocks that are an hour apart': {
    check: 'clock',
    verdict: 'failure',
    facts: { engine: { ...engine, skewMs: 3_600_000 } },
    says: /60m ahead of ours/,
    fix: /set-ntp/,
  },
  'old control groups': {
    check: 'cgroup',
    verdict: 'warning',
    facts: { engine: { ...engine, facts: { ...engine.facts, cgroupVersion: '1' } } },
    says: /version 1/,
  },
  'a kernel that counts memory before it is used': {
    check: 'overcommit',
    verdict: 'warning',
    facts: { host: { ...host, overcommit: known('0') } },
    says: /is 0/,
    fix: /sysctl/,
  },
  'a short queue of connections': {
    check: 'somaxconn',
    verdict: 'warning',
    facts: { host: { ...host, somaxconn: known(128) } },
    says: /128/,
  },
  'a gateway that lets nobody through': {
    check: 'gateways',
    verdict: 'failure',
    facts: {
      gateways: known([
        { name: 'cart-gateway', problem: null },
        { name: 'shop-gateway', problem: 'nobody is let through until there is a master' },
      ]),
    },
    says: /^shop-gateway: nobody is let through/,
    fix: /flotilla status/,
  },
  'a remote engine': {
    check: 'overcommit',
    verdict: 'unknown',
    facts: { host: { ...host, overcommit: { kind: 'unknown', reason: 'the engine is on another machine' } } },
    says: /another machine/,
  },
  'a disk with little room': {
    check: 'engine-disk',
    verdict: 'warning',
    facts: {
      host: {
        ...host,
        engineDisk: known({ path: '/d', freeBytes: 5 * gibibyte, totalBytes: 100 * gibibyte }),
      },
    },
    says: /5GiB \(5 %\) free at \/d/,
    fix: /flotilla gc/,
  },
  'a disk with next to no room': {
    check: 'engine-disk',
    verdict: 'failure',
    facts: { host: { ...host, engineDisk: known({ path: '/d', freeBytes: 9, totalBytes: gibibyte }) } },
    says: /9B \(0 %\)/,
  },
  'the fullest of the disks that backups go to': {
    check: 'backup-disk',
    verdict: 'warning',
    facts: {
      backupDisks: known([
        { path: '/a', disk: roomy },
        { path: '/b', disk: known({ path: '/b', freeBytes: 5 * gibibyte, totalBytes: 100 * gibibyte }) },
      ]),
    },
    says: /5GiB \(5 %\) free at \/b/,
    fix: /spec\.backup\.keep/,
  },
  'a folder for backups that is not there': {
    check: 'backup-disk',
    verdict: 'failure',
    facts: {
      backupDisks: known([
        { path: '/b', disk: known({ path: '/b', freeBytes: 5 * gibibyte, totalBytes: 100 * gibibyte }) },
        { path: '/c', disk: { kind: 'unknown', reason: 'ENOENT' } },
      ]),
    },
    says: /^\/c, where backups go: ENOENT$/,
    fix: /mkdir -p \/c$/,
  },
  'a state directory that is another’s': {
    check: 'state',
    verdict: 'failure',
    facts: { state: { ...state, error: 'this user may not write it' } },
    says: /may not write/,
    fix: /chown/,
  },
  'passwords that others can read': {
    check: 'state-modes',
    verdict: 'failure',
    facts: { state: { ...state, exposed: [{ path: '/var/lib/flotilla/secrets', mode: '0755' }] } },
    says: /secrets \(0755\)/,
    fix: /chmod -R go-rwx/,
  },
  'no daemon': {
    check: 'daemon',
    verdict: 'warning',
    facts: { state: { ...state, holder: null } },
    says: /no daemon runs/,
    fix: /service install/,
  },
  'a daemon that was killed': {
    check: 'daemon',
    verdict: 'warning',
    facts: { state: { ...state, holder: { pid: 42, host: 'here', command: 'run', alive: false } } },
    says: /pid 42/,
  },
  'a broken manifest': {
    check: 'manifests',
    verdict: 'failure',
    facts: { manifests: { path: 'm', problems: ['m/a.yaml:1:1: no'], flotillas: 0 } },
    says: /m\/a\.yaml:1:1/,
    fix: /flotilla validate m/,
  },
  'an image that is not there': {
    check: 'images',
    verdict: 'warning',
    facts: { images: known([{ image: 'redis:8', found: null }]) },
    says: /redis:8/,
    fix: /docker pull redis:8/,
  },
  'a node that nobody reaches': {
    check: 'nodes',
    verdict: 'failure',
    facts: { nodes: known([{ name: 'shop-master', probe: { kind: 'refused', reason: 'ECONNREFUSED' } }]) },
    says: /shop-master does not answer: ECONNREFUSED/,
  },
  'a node that refuses us': {
    check: 'nodes',
    verdict: 'failure',
    facts: {
      nodes: known([
        { name: 'shop-master', probe: { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' } },
      ]),
    },
    says: /does not let us in: WRONGPASS/,
  },
  'a master that refuses writes': {
    check: 'nodes',
    verdict: 'failure',
    facts: {
      nodes: known([{ name: 'shop-master', probe: answered({ goodReplicas: 0 }) }]),
    },
    says: /shop-master refuses writes: 0 of the 1 replicas .* NOREPLICAS/,
    fix: /flotilla status/,
  },
  'lost passwords': {
    check: 'secrets',
    verdict: 'failure',
    facts: { missingSecrets: known(['shop']) },
    says: /shop/,
    fix: /backup.*flotilla down shop && flotilla up shop/,
  },
  'a port of --sentinel that somebody has': {
    check: 'sentinel',
    verdict: 'failure',
    facts: {
      sentinel: known({
        ...noSentinel,
        taken: [{ address: '127.0.0.1:26379', reason: 'another process answers there' }],
      }),
    },
    says: /127\.0\.0\.1:26379 can't be had for --sentinel: another process answers there/,
    fix: /sport = :26379/,
  },
  'an address of --sentinel that is not there yet': {
    check: 'sentinel',
    verdict: 'warning',
    facts: { sentinel: known({ ...noSentinel, waiting: ['172.30.0.1:26379'] }) },
    says: /does not have the address of --sentinel 172\.30\.0\.1:26379/,
    fix: /ip -brief address/,
  },
  'an address of --sentinel that could not be had later': {
    check: 'sentinel',
    verdict: 'warning',
    facts: {
      sentinel: known({ ...noSentinel, problems: [{ error: 'it is taken', hint: 'Name another.' }] }),
    },
    says: /it is taken/,
    fix: /Name another\./,
  },
  'something that nobody wants': {
    check: 'leftovers',
    verdict: 'warning',
    facts: {
      leftovers: known([
        { kind: 'volume', name: 'shop-3', flotilla: 'shop', reason: 'x', sinceMs: null, sizeBytes: null },
      ]),
    },
    says: /shop-3/,
    fix: /flotilla gc --yes/,
  },
}

for (const [what, { check, verdict, facts, says, fix }] of Object.entries(troubles))
  test(`${what} → ${verdict}`, () => {
    const finding = runChecks({ ...healthy, ...facts }).find(one => one.check === check)
    assert.equal(finding?.verdict, verdict)
    assert.match(finding.found, says)
    if (fix !== undefined) assert.match(finding.fix ?? '', fix)
    if (verdict === 'warning' || verdict === 'failure')
      assert.ok(finding.means !== null && finding.fix !== null, 'it says what it means and how to fix it')
  })

test('on a terminal the words are wrapped under their column, and what is to be typed is not', () => {
  const [, , , , , overcommit] = runChecks({ ...healthy, host: { ...host, overcommit: known('0') } })
  assert.ok(overcommit !== undefined)
  const text = renderFindings([overcommit], { columns: 60, color: false })
  assert.deepEqual(text.split('\n'), [
    'warning  overcommit   vm.overcommit_memory is 0',
    '                      a background save, and with it a',
    '                      synchronisation of a replica, can fail',
    '                      when a node uses more than half of the',
    '                      memory',
    "                      fix: echo 'vm.overcommit_memory = 1' | sudo tee /etc/sysctl.d/99-redis.conf && sudo sysctl --system",
    '',
    '0 failures, 1 warning, 0 ok, 0 unknown',
    '',
  ])
})

test('an engine that keeps no links is not fit for nodes, and doctor says so before anything is tried', () => {
  const podman = { ...engine, facts: { ...engine.facts, product: 'podman' } }
  const [finding] = runChecks({ ...healthy, engine: podman })
  assert.equal(finding?.verdict, 'failure')
  assert.match(finding.found, /podman .* keeps no links between containers/)
})

test('an engine that lets nobody change anything fails doctor, though it answers every question', () => {
  const readOnly = known('it answers 403 (Forbidden)')
  const findings = runChecks({ ...healthy, engine: { ...engine, readOnly } })
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict !== 'ok').map(({ check, found }) => [check, found]),
    [['changes', 'the engine takes no changes from here: it answers 403 (Forbidden)']],
  )
})

test('a name of ours that somebody else answers to is found, with the remedy', () => {
  const nameConflicts = known([
    { reason: 'web answers to shop-master', fix: 'docker network disconnect frontend web' },
  ])
  const finding = runChecks({ ...healthy, nameConflicts }).find(({ check }) => check === 'names')
  assert.deepEqual(
    [finding?.verdict, finding?.found, finding?.fix],
    ['failure', 'web answers to shop-master', 'docker network disconnect frontend web'],
  )
})
