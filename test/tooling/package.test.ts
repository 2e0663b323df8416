import assert from 'node:assert/strict'
import childProcess, { spawn, spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEngineStub } from '../runtime/docker/engine-stub.js'

const folder = mkdtempSync(join(tmpdir(), 'package-'))
const prefix = join(folder, 'prefix')
const installed = join(prefix, 'lib/node_modules/flotilla')
/** Nothing here may come from a network, or from what is installed beside it. */
const env = {
  PATH: `${join(prefix, 'bin')}:${process.env['PATH']}`,
  HOME: folder,
  DOCKER_HOST: 'unix:///none',
}
let packed: readonly string[] = []

before(() => {
  const options = ['--ignore-scripts', '--json', '--offline', '--pack-destination', folder]
  const [{ filename, files }] = JSON.parse(npm('pack', ...options)) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ]
  packed = files.map(({ path }) => path)
  npm(
    'install',
    '--global',
    '--prefix',
    prefix,
    '--offline',
    '--no-audit',
    '--no-fund',
    join(folder, filename),
  )
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('the package that people install', () => {
  test('holds the program, the page, manifests to begin with and the licences of what it contains', () => {
    for (const path of [
      ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'manifests/shop.yaml'],
      ...['dist/bundle/flotilla.js', 'dist/bundle/watchdog-thread.js', 'dist/dashboard/index.html'],
      'dist/bundle/THIRD-PARTY-NOTICES.txt',
    ])
      assert.ok(packed.includes(path), path)
  })

  test('holds nothing else: no test, no fallback image, no tool', () => {
    const expected =
      /^(package\.json|README(\.zh-CN)?\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|manifests\/.*|dist\/(bundle|dashboard)\/[^/]+)$/
    assert.deepEqual(
      packed.filter(path => !expected.test(path)),
      [],
    )
    for (const name of readdirSync('dist/bundle').filter(file => file.endsWith('.map'))) {
      const { sources } = JSON.parse(readFileSync(join('dist/bundle', name), 'utf8')) as { sources: string[] }
      assert.deepEqual(
        sources.filter(source => /\/(test|fake)\//.test(source.replace(/.*node_modules.*/, ''))),
        [],
        name,
      )
    }
  })

  test('brings no other package', () => {
    assert.ok(!existsSync(join(installed, 'node_modules')))
    assert.deepEqual(readdirSync(join(prefix, 'lib/node_modules')), ['flotilla'])
  })

  test('names the licence of each package that it contains parts of, and contains nothing that is never used', () => {
    const notices = readFileSync(join(installed, 'dist/bundle/THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const name of ['commander', 'docker-modem', 'dockerode', 'fastify', 'ioredis', 'pino', 'zod'])
      assert.match(notices, new RegExp(`^${name} \\d.*\\(.+\\)$`, 'm'))
    for (const name of ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2'])
      assert.doesNotMatch(notices, new RegExp(`^${name} `, 'm'))
  })

  test('has every file that a part of it looks for beside itself', () => {
    for (const name of readdirSync('dist/bundle').filter(file => file.endsWith('.js'))) {
      const code = readFileSync(join('dist/bundle', name), 'utf8')
      for (const [, path = ''] of code.matchAll(/new URL\("(\.[^"]+)", ?import\.meta\.url\)/g))
        assert.ok(existsSync(join('dist/bundle', path)), `${name} looks for ${path}`)
    }
  })

  test('can be started from where it was before it was a bundle', () => {
    accessSync('dist/cmd/flotilla.js', constants.X_OK)
    accessSync('dist/bundle/flotilla.js', constants.X_OK)
  })

  test('finds every name of node:child_process in what stands in for it', () => {
    const late = createRequire(join(process.cwd(), 'package.json'))(
      './scripts/lib/late-child-process.cjs',
    ) as object
    assert.deepEqual({ ...late }, { ...childProcess })
  })

  test('shows its verbs, checks a manifest, completes words and prints its unit', () => {
    assert.match(flotilla('--help'), /^Usage: flotilla/)
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    assert.equal(flotilla('--version'), `${version}\n`)
    assert.match(flotilla('validate', join(installed, 'manifests/shop.yaml')), /shop: .*1 master/)
    assert.match(flotilla('completion', 'bash'), /complete .*flotilla/)
    const program = join(installed, 'dist/bundle/flotilla.js')
    assert.ok(
      flotilla('service', 'install', '--print').includes(`ExecStart=${process.execPath} ${program} run`),
    )
  })

  test('runs as a daemon that serves its page', async () => {
    const engine = await openEngineStub((request, response) => {
      const path = (request.url ?? '').replace(/^\/v[\d.]+|\?.*/g, '')
      if (path === '/events') response.flushHeaders()
      else if (path in emptyEngine) response.end(JSON.stringify(emptyEngine[path]))
      else response.writeHead(404).end('{"message":"No such thing"}')
    })
    mkdirSync(join(folder, 'manifests'))
    const args = ['run', '--manifests', join(folder, 'manifests'), '--state', join(folder, 'state')]
    const daemon = spawn('flotilla', [...args, '--http', '127.0.0.1:0', '--log-format', 'json'], {
      env: { ...env, DOCKER_HOST: engine.endpoint.address },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    const ended = new Promise<number | null>(resolve => daemon.once('close', resolve))
    let log = ''
    daemon.stdout.setEncoding('utf8').on('data', chunk => (log += String(chunk)))
    const addressOf = () => /"address":"(127[^"]+)"/.exec(log)?.[1]
    while (addressOf() === undefined && daemon.exitCode === null && daemon.signalCode === null)
      await sleep(20)
    try {
      const page = await fetch(`http://${addressOf() ?? assert.fail(`it never listened:\n${log}`)}`)
      assert.equal(page.status, 200)
      assert.match(await page.text(), /<script/)
    } finally {
      daemon.kill('SIGTERM')
      await ended
      await engine.close()
    }
    assert.equal(await ended, 0)
  })
})

const emptyEngine: Readonly<Record<string, unknown>> = {
  '/version': {},
  '/info': {},
  '/containers/json': [],
  '/networks': [],
  '/volumes': { Volumes: [] },
}

function npm(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}

function flotilla(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('flotilla', args, { env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}
