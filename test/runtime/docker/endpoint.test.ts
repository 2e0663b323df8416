import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { errorCode } from '../../../src/errors.js'
import { findDockerEndpoint } from '../../../src/runtime/docker/endpoint.js'

let homeDir: string
beforeEach(() => (homeDir = mkdtempSync(join(tmpdir(), 'home-'))))
afterEach(() => rmSync(homeDir, { recursive: true }))

const find = (env: Record<string, string>, platform = 'linux') =>
  findDockerEndpoint({ env, homeDir, platform })

function write(path: string, content: string): void {
  const full = join(homeDir, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, content)
}

function writeContext(name: string, docker: object, pems: readonly string[] = []): void {
  const folder = createHash('sha256').update(name).digest('hex')
  write(`.docker/contexts/meta/${folder}/meta.json`, JSON.stringify({ Name: name, Endpoints: { docker } }))
  for (const pem of pems) write(`.docker/contexts/tls/${folder}/docker/${pem}.pem`, `${pem} of ${name}`)
}

const refuses = (act: () => unknown, words: RegExp) =>
  assert.throws(act, (error: Error) => {
    assert.equal(errorCode(error), 'usage/invalid')
    assert.match(error.message, words)
    return true
  })

test('DOCKER_HOST counts before any context', () => {
  writeContext('lab', { Host: 'unix:///lab.sock' })
  assert.deepEqual(find({ DOCKER_HOST: 'unix:///run/x.sock', DOCKER_CONTEXT: 'lab' }), {
    target: { kind: 'socket', path: '/run/x.sock' },
    address: 'unix:///run/x.sock',
    source: 'DOCKER_HOST',
  })
})

test('DOCKER_CONTEXT counts before the current context', () => {
  writeContext('lab', { Host: 'unix:///lab.sock' })
  writeContext('desk', { Host: 'unix:///desk.sock' })
  write('.docker/config.json', '{"currentContext":"desk"}')
  assert.equal(find({ DOCKER_CONTEXT: 'lab' }).address, 'unix:///lab.sock')
  assert.equal(find({ DOCKER_CONTEXT: 'lab' }).source, 'docker context "lab" (from DOCKER_CONTEXT)')
  assert.equal(find({}).address, 'unix:///desk.sock')
  assert.equal(find({}).source, 'docker context "desk"')
})

test('DOCKER_CONFIG moves the folder where contexts are', () => {
  const folder = createHash('sha256').update('far').digest('hex')
  write(
    `elsewhere/contexts/meta/${folder}/meta.json`,
    '{"Endpoints":{"docker":{"Host":"tcp://10.0.0.5:2375"}}}',
  )
  assert.equal(
    find({ DOCKER_CONTEXT: 'far', DOCKER_CONFIG: join(homeDir, 'elsewhere') }).address,
    'tcp://10.0.0.5:2375',
  )
})

test('the TLS files of a context come along', () => {
  writeContext('lab', { Host: 'tcp://10.0.0.5:2376', SkipTLSVerify: true }, ['ca', 'cert', 'key'])
  const { target } = find({ DOCKER_CONTEXT: 'lab' })
  assert.ok(target.kind === 'tcp' && target.tls !== null)
  assert.deepEqual(
    [target.tls.ca, target.tls.cert, target.tls.key?.reveal(), target.tls.verify],
    ['ca of lab', 'cert of lab', 'key of lab', false],
  )
  assert.doesNotMatch(JSON.stringify(target), /key of lab/)
})

test('a context that does not exist, or names no host, is refused with its name', () => {
  refuses(
    () => find({ DOCKER_CONTEXT: 'gone' }),
    /docker context "gone" \(from DOCKER_CONTEXT\) does not exist/,
  )
  writeContext('empty', {})
  refuses(() => find({ DOCKER_CONTEXT: 'empty' }), /names no Docker host/)
})

test('DOCKER_CERT_PATH and DOCKER_TLS_VERIFY give TLS, which checks the server only when told to', () => {
  for (const pem of ['ca', 'cert', 'key']) write(`certs/${pem}.pem`, pem)
  const DOCKER_CERT_PATH = join(homeDir, 'certs')
  const tlsOf = (env: Record<string, string>) => {
    const { target } = find({ DOCKER_HOST: 'tcp://box', DOCKER_CERT_PATH, ...env })
    assert.ok(target.kind === 'tcp')
    return target
  }
  assert.equal(tlsOf({ DOCKER_TLS_VERIFY: '1' }).tls?.verify, true)
  assert.equal(tlsOf({}).tls?.verify, false)
  assert.equal(tlsOf({}).port, 2376)
  refuses(() => tlsOf({ DOCKER_CERT_PATH: join(homeDir, 'nothing') }), /none of ca\.pem/)
  rmSync(join(homeDir, 'certs/key.pem'))
  refuses(() => tlsOf({}), /both cert\.pem and key\.pem/)
})

test('addresses are read as docker reads them', () => {
  const targetOf = (host: string, platform = 'linux') => find({ DOCKER_HOST: host }, platform).target
  assert.deepEqual(targetOf('unix://'), { kind: 'socket', path: '/var/run/docker.sock' })
  assert.deepEqual(targetOf('tcp://box'), { kind: 'tcp', host: 'box', port: 2375, tls: null })
  assert.deepEqual(targetOf('box:80'), { kind: 'tcp', host: 'box', port: 80, tls: null })
  assert.deepEqual(targetOf('tcp://[::1]:99'), { kind: 'tcp', host: '::1', port: 99, tls: null })
  assert.deepEqual(targetOf('ssh://me@box:2222'), { kind: 'ssh', host: 'box', port: 2222, user: 'me' })
  assert.deepEqual(targetOf('ssh://box'), { kind: 'ssh', host: 'box', port: null, user: null })
  assert.deepEqual(targetOf('npipe://', 'win32'), { kind: 'socket', path: '//./pipe/docker_engine' })
})

test('addresses that can’t be used are refused with a way out, and a password is not repeated', () => {
  refuses(() => find({ DOCKER_HOST: 'gopher://box' }), /gopher:\/\/ is not a way/)
  refuses(() => find({ DOCKER_HOST: 'tcp://' }), /DOCKER_HOST is "tcp:\/\/"/)
  refuses(() => find({ DOCKER_HOST: 'npipe:////./pipe/x' }), /only on Windows/)
  refuses(() => find({ DOCKER_HOST: 'ssh://-oProxyCommand=x/' }), /./)
  assert.throws(
    () => find({ DOCKER_HOST: 'ssh://me:hunter2@box' }),
    (error: Error) => !error.message.includes('hunter2'),
  )
})

test('without variables or contexts the first socket that is there is taken, the system’s before a user’s', () => {
  const system = '/var/run/docker.sock'
  const foundWith = (env: Record<string, string>) => {
    const { target } = find(env)
    return target.kind === 'socket' ? target.path : assert.fail('not a socket')
  }
  const orSystem = (path: string) => (existsSync(system) ? system : join(homeDir, path))
  const env = { XDG_RUNTIME_DIR: join(homeDir, 'run') }
  // This machine may have the one or the other, or none.
  const own = '/run/flotilla-engine/docker.sock'
  const ofThisMachine = [system, own].find(path => existsSync(path)) ?? system
  assert.equal(foundWith(env), ofThisMachine, 'the system’s is named when there is none at all')
  write('.docker/desktop/docker.sock', '')
  assert.equal(foundWith(env), orSystem('.docker/desktop/docker.sock'))
  write('.docker/run/docker.sock', '')
  assert.equal(foundWith(env), orSystem('.docker/run/docker.sock'))
  write('run/docker.sock', '')
  assert.equal(foundWith(env), orSystem('run/docker.sock'))
  assert.equal(find({}, 'win32').source, 'default pipe')
})
