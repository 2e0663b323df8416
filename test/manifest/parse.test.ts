import { defaultPersistence } from '../../src/manifest/sections/persistence.js'
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest } from '../../src/manifest/parse.js'
import { allowAll } from '../../src/manifest/policy.js'
import { newMemory } from '../../src/model/record.js'
import { parseMemory } from '../../src/state/memory-schema.js'
import { digestOf } from '../../src/manifest/digest.js'
import { complaints, manifest } from './samples.js'

function specOf(text: string) {
  const { declared, diagnostics } = parseManifest(text, { file: '/etc/flotilla/shop.yaml', policy: allowAll })
  assert.deepEqual(diagnostics, [])
  return declared[0]?.spec
}

test('persistence is a mode, or a mapping with what belongs to it', () => {
  const volume = { name: '{flotilla}-{ordinal}', driver: 'local', options: {}, labels: {} }
  const persistenceIn = (text: string) =>
    specOf(manifest('shop', `  replicas: 0\n  persistence: ${text}`))?.persistence
  assert.deepEqual(persistenceIn('{ mode: rdb, save: ["900 1"], whenScaled: Delete }'), {
    ...{ mode: 'rdb', save: ['900 1'], appendfsync: 'everysec', whenScaled: 'Delete', volume },
  })
  assert.deepEqual(persistenceIn('{ appendfsync: always }'), {
    ...{ mode: 'aof', save: [], appendfsync: 'always', whenScaled: 'Retain', volume },
  })
  assert.deepEqual(persistenceIn('{ mode: none }'), defaultPersistence('none'))
  assert.deepEqual(
    persistenceIn(
      '{ volume: { name: "{ordinal}.{flotilla}", driver: vieux/sshfs, options: { sshcmd: "a@b:/x{ordinal}" }, labels: { tier: gold } } }',
    ),
    {
      ...defaultPersistence('aof'),
      volume: {
        name: '{ordinal}.{flotilla}',
        driver: 'vieux/sshfs',
        options: { sshcmd: 'a@b:/x{ordinal}' },
        labels: { tier: 'gold' },
      },
    },
  )
})

test('a spec that says of its volumes what is meant anyway means the same', () => {
  const digest = (text: string) => {
    const spec = specOf(manifest('shop', `  replicas: 0\n  persistence: ${text}`))
    return spec === undefined ? '' : digestOf(spec)
  }
  assert.equal(digest('aof'), digest('{ volume: { driver: local, options: {} } }'))
  assert.equal(digest('{ whenScaled: Delete }'), digest('{ whenScaled: Delete, volume: {} }'))
  assert.notEqual(digest('aof'), digest('{ volume: { labels: { tier: gold } } }'))
})

test('what `default` may do is an edit where it is not what is meant anyway', () => {
  const digest = (auth: string) =>
    parseManifest(manifest('shop', `  replicas: 2\n  auth: ${auth}`), { file: 'x.yaml' }).declared[0]?.digest
  assert.equal(digest('{ default: restricted }'), digest('generated'))
  assert.notEqual(digest('{ default: full }'), digest('generated'))
})

test('everything but name and replicas has a default', () => {
  assert.deepEqual(specOf(manifest()), {
    name: 'shop',
    image: 'redis:8',
    imagePull: { policy: 'IfNotPresent', secretFile: null },
    replicas: 2,
    auth: { kind: 'generated', defaultUser: 'restricted', overlapMs: 600_000, users: [] },
    persistence: defaultPersistence('aof'),
    config: {},
    resources: { memoryBytes: null, cpus: null },
    container: {
      ...{ capAdd: [], pidsLimit: null, ulimits: {}, logging: null, env: {} },
      ...{ shmSizeBytes: null, stopTimeoutSeconds: null, sysctls: {}, securityOpt: [] },
    },
    failover: {
      ...{ mode: 'automatic', hangTimeoutMs: 5_000, restartWindowMs: 0, maxLagBytes: null },
      priority: {},
    },
    durability: { minReplicasToWrite: 0, maxLagSeconds: 10 },
    update: {
      ...{ strategy: 'rolling', pauseBetweenMs: 0, timeoutMs: 600_000, whenTagMoves: 'wait' },
      ...{ master: 'automatic', window: null },
    },
    network: { subnet: null, external: [] },
    gateway: null,
    backup: null,
    labels: {},
    tls: { mode: 'off', clientAuth: 'none', certificates: { kind: 'generated', lifetimeMs: 7_776_000_000 } },
    bootstrap: null,
    hibernate: false,
    deletionPolicy: 'Retain',
  })
})

test('every field can be set', () => {
  const text = manifest(
    'shop',
    '  image: localhost:5000/valkey/valkey:8.1@sha256:' +
      '0'.repeat(64) +
      '\n  imagePull: { policy: Always, secretFile: ./registry.json }' +
      '\n  replicas: 0\n  hibernate: true\n  auth: none\n  persistence: { mode: rdb }\n  deletionPolicy: Orphan' +
      '\n  tls: { mode: prefer, clientAuth: optional, files: { cert: a.crt, key: a.key, ca: ../ca.crt } }' +
      '\n  config: { hz: 20, io-threads-do-reads: true, loadmodule: [/a.so, /b.so] }' +
      '\n  resources: { memory: 1.5Gi, cpus: 1500m }' +
      '\n  container: { capAdd: [SYS_RESOURCE, AUDIT_WRITE], pidsLimit: 1024, ulimits: { core: 0 },' +
      '\n    logging: { driver: local, maxSize: 50mb }, env: { TZ: UTC }, shmSize: 128mb,' +
      '\n    stopTimeout: 1m, sysctls: { net.core.somaxconn: 1024 }, securityOpt: [apparmor=redis] }' +
      '\n  failover: { mode: manual, hangTimeout: 1m, restartWindow: 500ms, maxLagBytes: 10mb,' +
      '\n    priority: { 0: 10, 2: 0 } }' +
      '\n  durability: { minReplicasToWrite: 1, maxLag: 3s }' +
      '\n  update: { strategy: onDelete, pauseBetween: 30s, timeout: 1h, whenTagMoves: roll,' +
      '\n    master: window, window: { schedule: "0 3 * * 6", duration: 2h, timeZone: Europe/Paris } }' +
      "\n  gateway: { master: 7000, replicas: '[::1]:7001', image: haproxy:2.6, replicasFallback: refuse," +
      '\n    maxLag: 3s, resources: { memory: 256Mi, cpus: 500m } }' +
      '\n  network: { subnet: 10.7.0.0/24, external: [frontend] }\n  labels: { team: a }' +
      '\n  backup:\n    to: { s3: { endpoint: http://s3.local:9000, bucket: kept, prefix: a/b, region: eu-1,' +
      '\n      credentialsFile: s3.credentials } }\n    schedule: "@daily"\n    timeZone: Europe/Paris' +
      '\n    keep: { last: 3, daily: 7, weekly: 4, monthly: 12 }\n    from: master\n    verify: daily' +
      '\n    encrypt: { keyFile: backup.key }\n    suspend: true',
  )
  assert.deepEqual(specOf(text), {
    name: 'shop',
    image: `localhost:5000/valkey/valkey:8.1@sha256:${'0'.repeat(64)}`,
    imagePull: { policy: 'Always', secretFile: '/etc/flotilla/registry.json' },
    replicas: 0,
    auth: { kind: 'none', defaultUser: 'restricted', overlapMs: 600_000, users: [] },
    tls: {
      mode: 'prefer',
      clientAuth: 'optional',
      certificates: {
        kind: 'files',
        ...{ certFile: '/etc/flotilla/a.crt', keyFile: '/etc/flotilla/a.key', caFile: '/etc/ca.crt' },
      },
    },
    persistence: defaultPersistence('rdb'),
    config: { hz: ['20'], 'io-threads-do-reads': ['yes'], loadmodule: ['/a.so', '/b.so'] },
    resources: { memoryBytes: 1_610_612_736, cpus: 1.5 },
    container: {
      ...{
        capAdd: ['AUDIT_WRITE', 'SYS_RESOURCE'],
        pidsLimit: 1_024,
        ulimits: { core: 0 },
        env: { TZ: 'UTC' },
      },
      logging: { driver: 'local', maxSize: 52_428_800, maxFiles: 3 },
      ...{ shmSizeBytes: 134_217_728, stopTimeoutSeconds: 60, sysctls: { 'net.core.somaxconn': '1024' } },
      securityOpt: ['apparmor=redis'],
    },
    failover: {
      ...{ mode: 'manual', hangTimeoutMs: 60_000, restartWindowMs: 500, maxLagBytes: 10_485_760 },
      priority: { 0: 10, 2: 0 },
    },
    durability: { minReplicasToWrite: 1, maxLagSeconds: 3 },
    update: {
      ...{ strategy: 'onDelete', pauseBetweenMs: 30_000, timeoutMs: 3_600_000, whenTagMoves: 'roll' },
      master: 'window',
      window: { schedule: { cron: '0 3 * * 6', timeZone: 'Europe/Paris' }, durationMs: 7_200_000 },
    },
    network: { subnet: '10.7.0.0/24', external: ['frontend'] },
    gateway: {
      image: 'haproxy:2.6',
      master: { host: '127.0.0.1', port: 7_000 },
      replicas: { host: '::1', port: 7_001 },
      replicasFallback: 'refuse',
      maxLagSeconds: 3,
      resources: { memoryBytes: 268_435_456, cpus: 0.5 },
    },
    backup: {
      to: {
        kind: 's3',
        endpoint: 'http://s3.local:9000',
        bucket: 'kept',
        prefix: 'a/b',
        region: 'eu-1',
        credentialsFile: '/etc/flotilla/s3.credentials',
      },
      schedule: { cron: '@daily', timeZone: 'Europe/Paris' },
      keep: { last: 3, daily: 7, weekly: 4, monthly: 12 },
      from: 'master',
      verify: 'daily',
      keyFile: '/etc/flotilla/backup.key',
      suspend: true,
    },
    labels: { team: 'a' },
    bootstrap: null,
    hibernate: true,
    deletionPolicy: 'Orphan',
  })
})

for (const [word, mode] of Object.entries({
  ...{ true: 'require', on: 'require', require: 'require', prefer: 'prefer' },
  ...{ false: 'off', off: 'off' },
}))
  test(`tls: ${word} is one line and means ${mode}, with certificates of Flotilla's own`, () => {
    assert.deepEqual(specOf(manifest('shop', `  replicas: 2\n  tls: ${word}`))?.tls, {
      mode,
      clientAuth: 'none',
      certificates: { kind: 'generated', lifetimeMs: 7_776_000_000 },
    })
  })

test('a source is a host or a container, with its password file relative to the folder of the manifest', () => {
  const source = (from: string) =>
    specOf(manifest('shop', `  replicas: 2\n  bootstrap: { from: ${from} }`))?.bootstrap
  assert.deepEqual(source('{ host: old.example, port: 6380, passwordFile: ./old }'), {
    at: { kind: 'host', host: 'old.example', port: 6380 },
    user: null,
    passwordFile: '/etc/flotilla/old',
  })
  assert.deepEqual(source('{ container: redis-master, user: app }'), {
    at: { kind: 'container', container: 'redis-master', port: 6379 },
    user: 'app',
    passwordFile: null,
  })
})

test('a password file is found relative to the folder of its manifest', () => {
  const pathOf = (path: string) => {
    const auth = specOf(manifest('shop', `  replicas: 2\n  auth:\n    passwordFile: ${path}`))?.auth
    return auth?.kind === 'password-file' ? auth.path : assert.fail()
  }
  assert.equal(pathOf('./shop.password'), '/etc/flotilla/shop.password')
  assert.equal(pathOf('../keys/shop'), '/etc/keys/shop')
  assert.equal(pathOf('/run/secrets/shop'), '/run/secrets/shop')
})

test('users have rules and a password from where theirs comes', () => {
  const text = `  replicas: 2
  auth:
    passwordEnv: SHOP_PASSWORD
    overlap: 30s
    users:
      - { name: reporting, rules: '~report:*  +@read', passwordFile: ./reporting.password }
      - { name: probe, rules: +ping, mode: none }
      - { name: jobs, rules: '~job:* &* +@all -@dangerous (~log:* +xadd)' }`
  assert.deepEqual(specOf(manifest('shop', text))?.auth, {
    kind: 'password-env',
    variable: 'SHOP_PASSWORD',
    defaultUser: 'restricted',
    overlapMs: 30_000,
    users: [
      {
        name: 'reporting',
        rules: '~report:* +@read',
        password: { kind: 'password-file', path: '/etc/flotilla/reporting.password' },
      },
      { name: 'probe', rules: '+ping', password: { kind: 'none' } },
      { name: 'jobs', rules: '~job:* &* +@all -@dangerous (~log:* +xadd)', password: { kind: 'generated' } },
    ],
  })
})

test('several documents are several flotillas, each with the line where it stands', () => {
  const text = `# first\n${manifest('a')}---\n# nothing here\n---\n${manifest('b')}`
  const { declared } = parseManifest(text, { file: 'm/all.yaml' })
  assert.deepEqual(
    declared.map(({ spec, source, nameAt }) => [spec.name, source, nameAt]),
    [
      ['a', { file: 'm/all.yaml', document: 0, line: 2, col: 1 }, { line: 5, col: 9 }],
      ['b', { file: 'm/all.yaml', document: 2, line: 11, col: 1 }, { line: 14, col: 9 }],
    ],
  )
})

test('a sound document beside a broken one is still declared, and the broken one is known by its name', () => {
  const { declared, diagnostics, broken } = parseManifest(
    `${manifest('a')}---\n${manifest('b', '  replicas: x')}`,
    {
      file: 'all.yaml',
    },
  )
  assert.deepEqual(
    declared.map(({ spec }) => spec.name),
    ['a'],
  )
  assert.equal(diagnostics.length, 1)
  assert.deepEqual(broken, [{ name: 'b', diagnostics }])
})

test('a document that is not YAML may declare any name', () => {
  const { broken } = parseManifest('spec: [', { file: 'x.yaml' })
  assert.deepEqual(
    broken.map(({ name }) => name),
    [null],
  )
})

for (const [what, text] of [
  ['no text', ''],
  ['a comment', '# later\n'],
  ['separators', '---\n---\n...\n'],
  ['a byte order mark', '\uFEFF'],
  ['line ends', '\r\n\r\n'],
] as const)
  test(`${what} alone declares nothing and is no mistake`, () => {
    assert.deepEqual(parseManifest(text, { file: 'x.yaml' }), { declared: [], broken: [], diagnostics: [] })
  })

test('line ends of Windows, a byte order mark, flow style and merges mean the same', () => {
  const plain = specOf(manifest())
  assert.deepEqual(specOf(`\uFEFF${manifest().replaceAll('\n', '\r\n')}`), plain)
  assert.deepEqual(specOf(manifest('shop', '  <<: { replicas: 2 }')), plain)
  assert.deepEqual(
    specOf(
      '{"apiVersion": "flotilla/v1", "kind": "RedisReplication", "metadata": {"name": "shop"}, "spec": {"replicas": 2}}',
    ),
    plain,
  )
})

test('what is written out wins over what is merged in', () => {
  assert.equal(
    specOf(manifest('shop', '  <<: [{ replicas: 3 }, { replicas: 4 }]\n  replicas: 1'))?.replicas,
    1,
  )
  assert.equal(specOf(manifest('shop', '  <<: [{ replicas: 3 }, { replicas: 4 }]'))?.replicas, 3)
})

test('an alias shows the last anchor of its name above it', () => {
  const text = manifest('shop', '  persistence: &a aof\n  image: &a redis:7\n  replicas: 2').replace(
    'metadata:\n  name: shop',
    'metadata: { name: &a shop }',
  )
  assert.equal(specOf(text)?.image, 'redis:7')
  assert.equal(specOf(manifest('&n shop', '  replicas: 2\n  image: *n'))?.image, 'shop')
})

test('the digest follows the meaning, not the spelling', () => {
  const digest = (text: string) => parseManifest(text, { file: 'x.yaml' }).declared[0]?.digest
  assert.equal(
    digest(manifest()),
    digest(`# note\n${manifest('"shop"', '  image: redis:8\n  replicas: 0x2')}`),
  )
  assert.notEqual(digest(manifest()), digest(manifest('shop', '  replicas: 3')))
  // Pinned: another digest for the same spec would look like an edit to a daemon that was upgraded.
  assert.equal(digest(manifest()), '2a4af9bcd05d2e17')
})

test('a spec that an earlier version wrote down has the digest of its manifest, so that an upgrade is no edit', () => {
  const written = {
    ...{ name: 'shop', image: 'redis:8', replicas: 2, auth: { kind: 'generated' } },
    ...{ persistence: defaultPersistence('aof'), deletionPolicy: 'Retain' },
  }
  const file = JSON.stringify({ version: 1, memory: { ...newMemory('shop'), spec: written } })
  const reading = parseMemory(file)
  const spec = reading.kind === 'read' ? reading.memory.spec : null
  assert.ok(spec !== null)
  assert.equal(digestOf(spec), parseManifest(manifest(), { file: 'x.yaml' }).declared[0]?.digest)
})

test('a field that came into a section later changes no digest where it is as by default', () => {
  const digest = (fields: string) =>
    parseManifest(manifest('shop', `  replicas: 2\n  ${fields}`), { file: 'x.yaml' }).declared[0]?.digest
  assert.equal(digest('failover: { mode: manual }'), '18fc157597fce6a1')
  assert.equal(digest('failover: { mode: manual, priority: {} }'), digest('failover: { mode: manual }'))
  assert.equal(digest('update: { strategy: onDelete }'), '1ae2370dc0f50cab')
  assert.equal(
    digest('update: { strategy: onDelete, master: automatic }'),
    digest('update: { strategy: onDelete }'),
  )
  assert.notEqual(
    digest('update: { strategy: onDelete, master: approve }'),
    digest('update: { strategy: onDelete }'),
  )
})

test('a name has 40 characters at most', () => {
  assert.equal(specOf(manifest('a'.repeat(40)))?.name.length, 40)
  assert.equal(complaints(manifest('a'.repeat(41))).length, 1)
})

test('minus zero replicas are no replicas', () => {
  assert.ok(Object.is(specOf(manifest('shop', '  replicas: -0'))?.replicas, 0))
})

test('after twenty mistakes the rest are only counted', () => {
  const lines = complaints(manifest('shop', Array.from({ length: 50 }, (_, n) => `  x${n}: 1`).join('\n')))
  assert.equal(lines.length, 20)
  assert.match(lines[19] ?? '', /\(and 31 more errors after this one\)$/)
})

test('a file has 500 documents at most', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => manifest(`f${n}`)).join('---\n')
  assert.deepEqual(complaints(many(500)), [])
  assert.deepEqual(complaints(many(501)), [
    'shop.yaml: holds 501 documents, and 500 are the most; split it into several files',
  ])
})
