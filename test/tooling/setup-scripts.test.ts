import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execFile, execFileSync } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { completeLockfile, platformOf, withoutIntegrity } from '../../scripts/lib/lockfile.mjs'
import { whyOutdated } from '../../scripts/lib/dependencies.mjs'
import { whyNoAnswer } from '../../scripts/lib/engine-http.mjs'
import { engineCandidates, firstAnswering } from '../../scripts/lib/find-engine.mjs'
import { parseImageReference, whyNoFallbackImage } from '../../scripts/lib/image-reference.mjs'
import { withLock } from '../../scripts/lib/lock.mjs'
import { imagesOf } from '../../scripts/lib/manifest-images.mjs'
import { packTar } from '../../scripts/lib/tar.mjs'
import { readReport, readRequest, tallyFailures } from '../../scripts/lib/test-again.mjs'
import { kindOf, longestFirst, selectTests } from '../../scripts/lib/test-selection.mjs'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-setup-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('the engine to use', () => {
  const home = join(folder, 'home')

  function writeContext(name: string, host: string): void {
    const meta = join(home, '.docker/contexts/meta', createHash('sha256').update(name).digest('hex'))
    mkdirSync(meta, { recursive: true })
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ currentContext: name }))
    writeFileSync(
      join(meta, 'meta.json'),
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
    )
  }

  test('is the one that DOCKER_HOST names, and no other', () => {
    writeContext('colima', 'unix:///colima.sock')
    const candidates = engineCandidates({ env: { DOCKER_HOST: 'tcp://10.0.0.5:2375' }, home })
    assert.deepEqual(
      candidates.map(({ url, chosen }) => ({ url, chosen })),
      [{ url: 'tcp://10.0.0.5:2375', chosen: true }],
    )
  })

  test('is the current context’s where DOCKER_HOST is empty', () => {
    writeContext('colima', 'unix:///colima.sock')
    const [candidate] = engineCandidates({ env: { DOCKER_HOST: '' }, home })
    assert.equal(candidate?.url, 'unix:///colima.sock')
    assert.equal(candidate.source, 'docker context "colima"')
  })

  test('is looked for at the default sockets where the context is the default one', () => {
    writeContext('default', 'unix:///ignored.sock')
    const urls = engineCandidates({ env: { XDG_RUNTIME_DIR: '/run/user/7' }, home }).map(({ url }) => url)
    assert.deepEqual(urls.slice(0, 2), ['unix:///var/run/docker.sock', 'unix:///run/user/7/docker.sock'])
  })

  test('a damaged configuration of the docker CLI counts as none', () => {
    writeFileSync(join(home, '.docker/config.json'), '{ "currentContext": ')
    assert.ok(engineCandidates({ env: {}, home }).every(({ chosen }) => !chosen))
  })

  test('is the first that answers, and the silent ones are told with their reason', async () => {
    const socket = join(folder, 'engine.sock')
    const server = createServer((_, response) => response.end('OK')).listen(socket)
    const at = (path: string) => ({ url: `unix://${path}`, source: 'test', chosen: false, tlsFolder: null })
    const { found, silent } = await firstAnswering([at(join(folder, 'nothing.sock')), at(socket)])
    server.close()
    assert.equal(found?.url, `unix://${socket}`)
    assert.deepEqual(
      silent.map(({ why }) => why),
      ['ENOENT'],
    )
  })

  test('one that answers an error is not up', async () => {
    const socket = join(folder, 'broken.sock')
    const server = createServer((_, response) => response.writeHead(500).end()).listen(socket)
    const why = await whyNoAnswer({ url: `unix://${socket}` })
    server.close()
    assert.equal(why, 'answered 500')
  })
})

describe('images', () => {
  test('a reference is taken apart at its last slash, colon and at-sign', () => {
    assert.deepEqual(parseImageReference('redis'), { repository: 'redis', tag: 'latest', digest: null })
    assert.deepEqual(parseImageReference('localhost:5000/team/redis:8'), {
      repository: 'localhost:5000/team/redis',
      tag: '8',
      digest: null,
    })
    assert.equal(parseImageReference('redis:8@sha256:ab').digest, 'sha256:ab')
  })

  test('only an image of Redis or HAProxy without a digest gets a fallback image', () => {
    assert.equal(whyNoFallbackImage('redis:8'), null)
    assert.equal(whyNoFallbackImage('docker.io/library/redis:7.4-alpine'), null)
    assert.equal(whyNoFallbackImage('haproxy:3.2'), null)
    assert.match(whyNoFallbackImage('valkey/valkey:8') ?? '', /not an image of Redis/)
    assert.match(whyNoFallbackImage('redis@sha256:ab') ?? '', /digest/)
  })

  test('manifests name theirs, redis:8 where they name none, and other documents none at all', () => {
    const text = [
      'kind: RedisReplication\nspec: { image: "redis:7.4", replicas: 1 }',
      'kind: RedisReplication\nspec: { replicas: 1 }',
      'kind: Other\nspec: { image: nginx }',
      '',
    ].join('\n---\n')
    assert.deepEqual(imagesOf(text), ['redis:7.4', 'redis:8'])
  })

  test('a manifest with a gateway names its image too, haproxy:3.2 where it names none', () => {
    const manifest = (gateway: string): string =>
      `kind: RedisReplication\nspec: { image: redis:8, gateway: ${gateway} }`
    assert.deepEqual(imagesOf(manifest('{ image: "haproxy:2.8" }')), ['redis:8', 'haproxy:2.8'])
    assert.deepEqual(imagesOf(manifest('{ master: 7000 }')), ['redis:8', 'haproxy:3.2'])
    assert.deepEqual(imagesOf(manifest('{}')), ['redis:8', 'haproxy:3.2'])
  })

  test('a text that is not YAML names none', () => {
    assert.deepEqual(imagesOf('kind: [RedisReplication'), [])
  })

  test('a packed archive is what tar reads, with owners and modes', () => {
    const archive = join(folder, 'root.tar')
    writeFileSync(
      archive,
      packTar([
        { path: 'data/', kind: 'folder', owner: 999 },
        { path: 'bin/hello', kind: 'file', mode: 0o755, content: Buffer.from('hello') },
        { path: 'bin/sh', kind: 'link', target: 'hello' },
      ]),
    )
    const listed = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' })
    const facts = listed
      .trim()
      .split('\n')
      .map(line => line.replace(/\s+/g, ' ').replace(/ \d{4}-\S+ \S+| \w{3} +\d+ +\d+/, ''))
    assert.deepEqual(facts, [
      'drwxr-xr-x 999/999 0 data/',
      '-rwxr-xr-x 0/0 5 bin/hello',
      'lrwxr-xr-x 0/0 0 bin/sh -> hello',
    ])
    const content = execFileSync('tar', ['-xOf', archive, 'bin/hello'], { encoding: 'utf8' })
    assert.equal(content, 'hello')
  })
})

describe('dependencies', () => {
  const wanted = { packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } }

  test('are installed when there are none, one is missing, or one is of another version', () => {
    assert.equal(whyOutdated({ wanted, installed: null }), 'none are installed')
    assert.match(whyOutdated({ wanted, installed: { packages: {} } }) ?? '', /node_modules\/a is missing/)
    const older = { packages: { 'node_modules/a': { version: '0.9.0' } } }
    assert.match(whyOutdated({ wanted, installed: older }) ?? '', /is 0\.9\.0, wanted 1\.0\.0/)
  })

  test('are left alone when they are as locked, whatever other platforms would need', () => {
    const withOptional = {
      packages: { ...wanted.packages, 'node_modules/b-win32': { version: '1.0.0', optional: true } },
    }
    assert.equal(whyOutdated({ wanted: withOptional, installed: wanted }), null)
  })

  test('the lock file holds every platform’s packages, so that npm ci takes it anywhere', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, unknown>
    }
    assert.deepEqual(completeLockfile(lock.packages).added, [])
    assert.deepEqual(withoutIntegrity(lock.packages), [])
  })

  test('a package that npm left out of the lock is added with the platform that its name says', () => {
    const packages = {
      'node_modules/x': { dev: true, optionalDependencies: { '@x/linux-arm64-musl': '1.2.3' } },
    }
    assert.deepEqual(completeLockfile(packages).packages['node_modules/@x/linux-arm64-musl'], {
      version: '1.2.3',
      cpu: ['arm64'],
      libc: ['musl'],
      os: ['linux'],
      dev: true,
      optional: true,
    })
    assert.deepEqual(platformOf('@x/binding-darwin-x64'), { cpu: ['x64'], os: ['darwin'] })
  })
})

describe('the tests to run', () => {
  const tests = ['contract/docker', 'e2e/engine', 'e2e/engine-restart.alone', 'manifest/spec']

  test('are all of them without words, one kind by its name, and else those whose path has the word', () => {
    assert.deepEqual(selectTests({ tests, words: [] }), tests)
    assert.deepEqual(selectTests({ tests, words: ['unit'] }), ['manifest/spec'])
    assert.deepEqual(selectTests({ tests, words: ['alone', 'spec'] }), [
      'e2e/engine-restart.alone',
      'manifest/spec',
    ])
    assert.deepEqual(selectTests({ tests, words: ['test/e2e/engine.test.ts'] }), ['e2e/engine'])
    assert.deepEqual(selectTests({ tests, words: ['nothing-like-it'] }), [])
  })

  test('are begun with those that are longest', () => {
    const sources = mkdtempSync(join(tmpdir(), 'flotilla-tests-'))
    try {
      for (const [name, bytes] of Object.entries({ short: 1, long: 300, middling: 20 }))
        writeFileSync(join(sources, `${name}.test.ts`), 'x'.repeat(bytes))
      assert.deepEqual(longestFirst(sources, ['short', 'long', 'middling']), ['long', 'middling', 'short'])
    } finally {
      rmSync(sources, { recursive: true })
    }
  })

  test('what may kill the engine runs alone', () => {
    assert.deepEqual(tests.map(kindOf), ['engine', 'engine', 'alone', 'unit'])
  })

  test('what keeps a contract in memory needs no engine', () => {
    assert.equal(kindOf('contract/redis-fake'), 'unit')
  })
})

describe('a lock', () => {
  const lock = { lockFile: join(folder, 'lock'), purpose: 'testing', waitMs: 5000 }

  test('is let go when the work throws', async () => {
    await assert.rejects(withLock(lock, () => Promise.reject(new Error('no'))))
    assert.equal(await withLock(lock, () => Promise.resolve('mine')), 'mine')
  })

  test('of a dead process is taken over', async () => {
    const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
    writeFileSync(lock.lockFile, dead)
    assert.equal(await withLock(lock, () => Promise.resolve('mine')), 'mine')
  })

  test('of a dead process is taken over by one at a time, however many find it at once', async () => {
    const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
    const inside = join(folder, 'inside')
    // Each says so when somebody else is in there with it.
    const program = `
      import { rmSync, writeFileSync } from 'node:fs'
      import { withLock } from ${JSON.stringify(resolve('scripts/lib/lock.mjs'))}
      while (Date.now() < Number(process.argv[1]));
      await withLock({ ...${JSON.stringify(lock)}, waitMs: 60_000 }, async () => {
        writeFileSync(${JSON.stringify(inside)}, '', { flag: 'wx' })
        for (const until = Date.now() + 20; Date.now() < until; );
        rmSync(${JSON.stringify(inside)})
      })`
    for (let round = 0; round < 6; round++) {
      writeFileSync(lock.lockFile, dead)
      const at = String(Date.now() + 700)
      const args = ['--input-type=module', '-e', program, at]
      await Promise.all(Array.from({ length: 6 }, () => promisify(execFile)(process.execPath, args)))
    }
  })

  test('of a living process is waited for', async () => {
    const order: string[] = []
    let letGo = () => {}
    const first = withLock(lock, () => new Promise<void>(resolve => (letGo = resolve)))
    const second = withLock(lock, () => Promise.resolve(order.push('second')))
    order.push('first done')
    letGo()
    await Promise.all([first, second])
    assert.deepEqual(order, ['first done', 'second'])
  })
})

describe('tests that are run again', () => {
  test('a number that is none is refused, and so are more busy runs than runs', () => {
    assert.deepEqual(readRequest(['--runs', '3', '--busy', '2', 'e2e/scale']), {
      ...{ runs: 3, busy: 2, words: ['e2e/scale'] },
    })
    for (const args of [
      ['--runs', '0'],
      ['--runs', 'ten'],
      ['--runs', '2', '--busy', '3'],
      ['--run', '2'],
    ])
      assert.throws(() => readRequest(args), { name: 'SetupError' })
  })

  test('a run of several phases is counted once, and its failed tests are named', () => {
    const phases = [
      'ℹ tests 7',
      'ℹ tests 3',
      '✖ failing tests:',
      '',
      'test at dist/a.js',
      '✖ it works (12.5ms)',
      'all runs together',
      'ℹ tests 10',
    ]
    assert.deepEqual(readReport(phases.join('\n')), { tests: 10, failed: ['it works'] })
    assert.deepEqual(readReport('ℹ tests 7\n'), { tests: 7, failed: [] })
    assert.deepEqual(readReport('the build failed\n'), { tests: 0, failed: [] })
  })

  test('the tally begins with the test that failed most often', () => {
    const report = (...failed: readonly string[]) => ({ tests: 2, failed })
    assert.deepEqual(tallyFailures([report('a'), report('b', 'a'), report()]), ['2 of 3: a', '1 of 3: b'])
    assert.deepEqual(tallyFailures([report()]), [])
  })
})
