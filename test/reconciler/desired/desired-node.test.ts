import { defaultContainer } from '../../../src/manifest/sections/container.js'
import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  desiredContainer,
  desiredVolume,
  equalHashes,
  nodeFiles,
  nodeLabels,
  specHash,
  type NodeTemplate,
} from '../../../src/reconciler/desired/desired-node.js'
import { nodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { specHashLabel, versionLabel } from '../../../src/runtime/labels.js'
import { Secret } from '../../../src/secret.js'
import { emptyConfig } from '../../../src/reconciler/desired/accepted-config.js'
import { parseKeyring } from '../../../src/state/secrets-file.js'
import { configFilePath } from '../../../src/redis/config.js'
import { imageFacts, spec } from '../support/world.js'

const template: NodeTemplate = { spec: spec(), config: emptyConfig, publish: false, flotillaVersion: '0.1.0' }
const secrets = {
  control: 'control-password',
  replication: 'replication-password',
  application: 'application-password',
}
const keyring = parseKeyring(JSON.stringify(secrets), () => new Secret('a-key-of-digests'))
assert.ok(keyring !== null)
const auth = nodeAuth(keyring, template.spec)

/**
 * Change this only when every container of every user has to be recreated: a replica at a time, and the
 * master by hand.
 */
const pinnedHash = '49c7b80654362aec'

const box = (ordinal: number, name = 'shop-master', of = template) =>
  desiredContainer(of, ordinal, { name, volume: `shop-${ordinal}` })

test('the spec hash is what it was in every version before', () => {
  assert.equal(specHash(template), pinnedHash)
  const nothing = spec({ persistence: defaultPersistence('none') })
  assert.equal(specHash({ ...template, spec: nothing }), '756f098ff23e251d')
  const settings = spec({ container: { ...defaultContainer, pidsLimit: 1_024 } })
  assert.equal(specHash({ ...template, spec: settings }), 'd5cc223ad4e6e52c')
})

test('ordinal, role and the version of Flotilla are not in the spec hash', () => {
  const hashOf = (labels: Readonly<Record<string, string>>): string | undefined => labels[specHashLabel]
  assert.equal(hashOf(box(0).labels), pinnedHash)
  assert.equal(hashOf(box(7, 'shop-replica-7').labels), pinnedHash)
  assert.equal(hashOf(box(0, 'shop-master', { ...template, flotillaVersion: '9' }).labels), pinnedHash)
})

test('what makes another container makes another spec hash', () => {
  const others: readonly NodeTemplate[] = [
    { ...template, publish: true },
    { ...template, spec: spec({ image: 'redis:9' }) },
    { ...template, spec: spec({ persistence: defaultPersistence('none') }) },
    { ...template, spec: spec({ name: 'store' }) },
    { ...template, spec: spec({ labels: { team: 'a' } }) },
    { ...template, spec: spec({ labels: { team: 'b' } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, pidsLimit: 1_024 } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, capAdd: ['SYS_RESOURCE'] } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, env: { TZ: 'UTC' } } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, shmSizeBytes: 1 } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, stopTimeoutSeconds: 60 } }) },
    { ...template, spec: spec({ container: { ...defaultContainer, securityOpt: ['apparmor=redis'] } }) },
    {
      ...template,
      spec: spec({ container: { ...defaultContainer, sysctls: { 'net.core.somaxconn': '9' } } }),
    },
  ]
  const hashes = [pinnedHash, ...others.map(specHash)]
  assert.equal(new Set(hashes).size, hashes.length)
})

const goldVolume = {
  name: '{ordinal}.{flotilla}',
  driver: 'sshfs',
  options: { port: '22' },
  labels: { tier: 'gold' },
}

test('what changes no container leaves the spec hash', () => {
  const others = [
    spec({ replicas: 9 }),
    spec({ deletionPolicy: 'Delete' }),
    // Exchanged while nodes run.
    spec({ persistence: defaultPersistence('rdb') }),
    spec({ persistence: { ...defaultPersistence('aof'), appendfsync: 'always', whenScaled: 'Delete' } }),
    spec({ persistence: { ...defaultPersistence('aof'), volume: goldVolume } }),
    spec({ network: { subnet: '10.7.0.0/24', external: ['frontend'] } }),
    spec({ labels: {} }),
    spec({ auth: { ...template.spec.auth, kind: 'password-file', path: '/run/secret' } }),
    spec({ auth: { ...template.spec.auth, kind: 'none' } }),
    spec({ auth: { ...template.spec.auth, defaultUser: 'full' } }),
    spec({
      auth: { ...template.spec.auth, users: [{ name: 'a', rules: '+@read', password: { kind: 'none' } }] },
    }),
  ]
  for (const other of others) assert.equal(specHash({ ...template, spec: other }), pinnedHash)
})

test('a Flotilla that gives containers less power recreates none, whatever their image needs', () => {
  const ofRoot = desiredContainer(template, 0, {
    ...{ name: 'shop-master', volume: 'shop-0', image: imageFacts({ user: '' }) },
  })
  const ofUser = desiredContainer(template, 0, {
    ...{ name: 'shop-master', volume: 'shop-0', image: imageFacts({ user: 'redis' }) },
  })
  assert.equal(ofRoot.labels[specHashLabel], pinnedHash)
  assert.equal(ofUser.labels[specHashLabel], pinnedHash)
  assert.deepEqual(ofUser.capabilities, [])
  assert.ok(ofRoot.capabilities?.includes('SETUID'))
})

test('a container may do what its image needs and its manifest asks for, once each', () => {
  const asked = spec({ container: { ...defaultContainer, capAdd: ['KILL', 'SYS_RESOURCE'] } })
  const made = (user: string) =>
    desiredContainer({ ...template, spec: asked }, 0, {
      ...{ name: 'shop-master', volume: 'shop-0', image: imageFacts({ user }) },
    }).capabilities
  assert.deepEqual(made('999:999'), ['KILL', 'SYS_RESOURCE'])
  assert.equal(made('0:0')?.filter(name => name === 'KILL').length, 1)
  assert.ok(made('0:0')?.includes('SYS_RESOURCE'))
})

test('a container of a version that recreated nodes for `auth: none` is not recreated', () => {
  assert.ok(equalHashes(template).includes('7ffba8efe0089c2d'))
})

test('a container that an earlier version made for snapshots is not recreated, but goes over while it runs', () => {
  assert.ok(equalHashes(template).includes('56ed155529c447c5'))
})

test('the files hold the secrets that Redis needs, and the container spec holds none', () => {
  const files = nodeFiles(template, 1, { auth, bundle: null, persistence: defaultPersistence('aof') }, 999)
  assert.ok(files.some(file => file.content.includes('replication-password')))
  const seen = JSON.stringify(box(1, 'shop-replica-1'))
  for (const secret of Object.values(secrets)) {
    assert.ok(!seen.includes(secret))
    assert.ok(!seen.includes(Buffer.from(secret).toString('base64')))
  }
})

test('the files are for the eyes of one user only', () => {
  for (const { mode, uid, gid } of nodeFiles(
    template,
    1,
    { auth, bundle: null, persistence: defaultPersistence('aof') },
    1_001,
  ))
    assert.deepEqual({ mode, uid, gid }, { mode: 0o400, uid: 1_001, gid: 1_001 })
})

test('a node has its name, its volume and the link to the master, whatever its role', () => {
  const { hostname, mounts, attachment, labels } = box(3)
  assert.equal(hostname, 'shop-3')
  assert.deepEqual(mounts, [{ volume: 'shop-3', path: '/data', labels: nodeLabels(template, 3) }])
  assert.deepEqual(attachment, { network: 'shop', links: ['shop-master:master'], aliases: ['shop-3'] })
  assert.equal(labels['io.flotilla.node'], '3')
  assert.equal(labels[versionLabel], '0.1.0')
})

test('a volume is made by the driver, with the options and labels that the manifest names; what Flotilla knows it by is its own', () => {
  const gold = {
    ...template,
    spec: spec({ persistence: { ...defaultPersistence('aof'), volume: goldVolume } }),
  }
  const volume = desiredVolume(gold, 3)
  assert.deepEqual(volume, {
    ...{ name: '3.shop', driver: 'sshfs', options: { port: '22' } },
    labels: { tier: 'gold', ...nodeLabels(template, 3) },
  })
  // The engine would make one with these, should it be gone when its container is created.
  assert.deepEqual(box(3, 'shop-master', gold).mounts[0]?.labels, volume.labels)
})

test('labels of the manifest are beside ours, and in whatever order they stand it is the same container', () => {
  const [one, other] = [
    { a: '1', b: '2' },
    { b: '2', a: '1' },
  ].map(labels => box(0, 'shop-master', { ...template, spec: spec({ labels }) }).labels)
  assert.deepEqual(one, other)
  assert.deepEqual([one?.['a'], one?.['b'], one?.['io.flotilla.node']], ['1', '2', '0'])
})

test('a port is published only where nodes can not be reached otherwise', () => {
  assert.equal(box(0).publishPort, null)
  assert.equal(box(0, 'shop-master', { ...template, publish: true }).publishPort, 6379)
})

test('how an image starts its server makes no other container of a spec: the hash is the same', () => {
  const image = imageFacts({ command: ['valkey-server'] })
  const made = desiredContainer(template, 0, { name: 'shop-master', volume: 'shop-0', image })
  assert.deepEqual(made.command, ['valkey-server', configFilePath])
  assert.equal(made.labels['io.flotilla.spec-hash'], box(0).labels['io.flotilla.spec-hash'])
})
