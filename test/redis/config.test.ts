import { defaultPersistence } from '../../src/manifest/sections/persistence.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aclUsers, renderAcl, type AclPasswords } from '../../src/redis/acl.js'
import { versionSpecificOptions, renderRedisConfig, type RedisConfigInput } from '../../src/redis/config.js'
import { generatePassword } from '../../src/redis/credentials.js'
import { Secret } from '../../src/secret.js'

const input: RedisConfigInput = {
  nodeAlias: 'shop-1',
  persistence: defaultPersistence('aof'),
  replication: new Secret('s3cret'),
  isPasswordless: false,
  options: {},
  tls: null,
}

test('the configuration of a node with an append-only file', () => {
  assert.equal(
    renderRedisConfig(input).text,
    `# Rendered by Flotilla, the same for every role. Changes made here are lost.
bind * -::*
port 6379
protected-mode yes
tcp-keepalive 60
daemonize no
loglevel notice
logfile ""
dir "/data"
aclfile "/etc/flotilla/users.acl"
replicaof "master" 6379
masteruser replication
replica-announce-ip "shop-1"
replica-announce-port 6379
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-diskless-load on-empty-db
repl-backlog-size 64mb
repl-backlog-ttl 0
client-output-buffer-limit replica 1gb 0 0
repl-ping-replica-period 2
repl-timeout 20
appendonly yes
appendfsync everysec
save ""
masterauth "s3cret"
`,
  )
})

test('the text without secrets is the same whatever the password, and does not hold it', () => {
  const { textWithoutSecrets } = renderRedisConfig(input)
  const other = renderRedisConfig({ ...input, replication: new Secret('another') })
  assert.equal(textWithoutSecrets, other.textWithoutSecrets)
  assert.doesNotMatch(textWithoutSecrets, /s3cret/)
})

test('snapshots keep the received RDB on disk; a node without persistence keeps its volume empty', () => {
  const linesOf = (mode: 'rdb' | 'none'): readonly string[] =>
    renderRedisConfig({ ...input, persistence: defaultPersistence(mode) }).text.split('\n')
  const rdb = linesOf('rdb')
  for (const line of ['repl-diskless-load disabled', 'appendonly no', 'save 3600 1', 'save 60 10000'])
    assert.ok(rdb.includes(line), line)
  const none = linesOf('none')
  for (const line of ['repl-diskless-load on-empty-db', 'appendonly no', 'save ""', 'rdb-del-sync-files yes'])
    assert.ok(none.includes(line), line)
})

test('protected mode is off only where no password was asked for', () => {
  assert.match(renderRedisConfig({ ...input, isPasswordless: true }).text, /^protected-mode no$/m)
})

test('a password with a newline is refused without being told', () => {
  const broken = { ...input, replication: new Secret('se\ncret') }
  assert.throws(() => renderRedisConfig(broken), {
    code: 'manifest/invalid',
    message: /^the replication password has a newline/,
  })
})

test('version-dependent options are set live, on versions that have them', () => {
  const extras = { 'shutdown-timeout': '3', 'replica-ignore-disk-write-errors': 'yes' }
  assert.deepEqual(versionSpecificOptions({ flavour: 'redis', version: '6.2.14' }), {})
  assert.deepEqual(versionSpecificOptions({ flavour: 'redis', version: '' }), {})
  assert.deepEqual(versionSpecificOptions({ flavour: 'redis', version: '7.0.15' }), extras)
  assert.deepEqual(versionSpecificOptions({ flavour: 'valkey', version: '8.1.1' }), extras)
  assert.deepEqual(versionSpecificOptions({ flavour: 'redis', version: '10.0.0' }), extras)
})

test('the ACL file holds hashes, never passwords, and opens `default` only when asked', () => {
  const [control, replication] = [new Secret('c-word'), new Secret('r-word')]
  const textOf = (keys: Pick<AclPasswords, 'control' | 'application'>): string =>
    renderAcl(aclUsers({ defaultUser: 'full', replication: [replication], others: [], ...keys }))
  const closed = textOf({ control: [control], application: [new Secret('a-word'), new Secret('b-word')] })
  assert.doesNotMatch(closed, /-word/)
  assert.match(closed, /^user default on #[0-9a-f]{64} #[0-9a-f]{64} ~\* &\* \+@all$/m)
  assert.match(
    closed,
    /^user replication on #[0-9a-f]{64} resetkeys resetchannels -@all \+psync \+replconf \+ping$/m,
  )
  assert.match(textOf({ control: [control], application: 'none' }), /^user default on nopass /m)
  assert.throws(() => textOf({ control: [new Secret('')], application: 'none' }), {
    code: 'manifest/invalid',
  })
})

test('a generated password is long, made of plain characters, and comes from the bytes given', () => {
  const zeros = generatePassword(size => new Uint8Array(size))
  const ones = generatePassword(size => new Uint8Array(size).fill(255))
  assert.match(zeros.reveal(), /^[A-Za-z0-9_-]{43}$/)
  assert.notEqual(zeros.reveal(), ones.reveal())
})

test('with TLS a node is born following nobody, and announces its encrypted port; the plain one is open where that is preferred, and closed where it is required', () => {
  const linesWith = (mode: 'prefer' | 'require'): readonly string[] =>
    renderRedisConfig({ ...input, tls: { mode, fingerprint: '0123456789abcdef' } }).text.split('\n')
  const encrypted = [
    'tls-cert-file "/etc/flotilla/tls/node.pem"',
    'tls-key-file "/etc/flotilla/tls/node.pem"',
    'tls-ca-cert-file "/etc/flotilla/tls/ca-0123456789abcdef.crt"',
    'tls-auth-clients "no"',
    'tls-port "6380"',
    'tls-replication yes',
    // Itself over TLS would block it for 5 s at each attempt.
    'replicaof "master" 1',
    'replica-announce-port 6380',
  ]
  for (const line of ['port 6379', ...encrypted]) assert.ok(linesWith('prefer').includes(line), line)
  for (const line of ['port 0', ...encrypted]) assert.ok(linesWith('require').includes(line), line)
})
