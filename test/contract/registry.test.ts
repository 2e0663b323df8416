import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { FlotillaError } from '../../src/errors.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import type { PullProgress, PullSecret } from '../../src/runtime/runtime.js'
import { Secret } from '../../src/secret.js'
import { callEngine, testEngine, uniqueName } from '../support/engine.js'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'

const isMissing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined
const missing = ['docker-registry', 'docker'].filter(isMissing)
const skip = missing.length > 0 && `${missing.join(' and ')} not found`

/** Of `flotilla` with the password `right-password`, as `htpasswd -B` writes it. */
const htpasswd = 'flotilla:$2y$05$AI7X6O7j039Cews.9/nUIuJXGtm6hNVZVOWoUeqM55dF0UgXIxMge\n'

describe('a private registry', { skip }, () => {
  const { dockerHost, image } = testEngine()
  let folder: string
  let server: ChildProcess
  let registry: string
  let wanted: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-registry-'))
    const port = await freePort()
    registry = `127.0.0.1:${port}`
    wanted = `${registry}/team/${uniqueName('redis')}:1`
    await writeFile(join(folder, 'htpasswd'), htpasswd)
    await writeFile(
      join(folder, 'registry.yml'),
      `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${folder}/data } }
http: { addr: ${registry} }
auth: { htpasswd: { realm: flotilla, path: ${folder}/htpasswd } }
`,
    )
    server = spawn('docker-registry', ['serve', join(folder, 'registry.yml')], { stdio: 'ignore' })
    await until('the registry', 20_000, async () => (await fetch(`http://${registry}/v2/`)).status === 401)
    docker(['login', '--username', 'flotilla', '--password-stdin', registry], 'right-password')
    docker(['tag', image, wanted])
    docker(['push', '--quiet', wanted])
    await forget()
  })

  after(async () => {
    await forget()
    server.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  /** The docker command, with a configuration of its own. */
  function docker(args: readonly string[], input = ''): void {
    const done = spawnSync('docker', ['--config', folder, ...args], {
      env: { ...process.env, DOCKER_HOST: dockerHost },
      input,
      encoding: 'utf8',
    })
    assert.equal(done.status, 0, `docker ${args[0]}: ${done.stderr}`)
  }

  const forget = (): Promise<unknown> => callEngine('DELETE', `/images/${wanted}`)

  /** What becomes of a pull: how much came, or what it says. */
  async function pull(env: Record<string, string>, pullSecret: PullSecret | null = null): Promise<string> {
    await forget()
    const runtime = createDockerRuntime({
      endpoint: findDockerEndpoint({
        env: { DOCKER_HOST: dockerHost },
        homeDir: '/nowhere',
        platform: process.platform,
      }),
      clock: systemClock,
      random: () => 0.5,
      logins: { env: { PATH: `${folder}:${process.env['PATH']}`, ...env }, homeDir: '/nowhere' },
    })
    const seen: PullProgress[] = []
    try {
      await runtime.pullImage(wanted, { onProgress: step => seen.push(step), pullSecret })
      assert.ok((await runtime.findImage(wanted)) !== null)
      return 'pulled'
    } catch (error) {
      assert.ok(error instanceof FlotillaError, String(error))
      const text = `${error.code}: ${error.message}; ${error.hint}`
      assert.doesNotMatch(text, /-password|ZmxvdGls/)
      return text
    } finally {
      runtime.close()
    }
  }

  const named = (login: string): PullSecret => ({
    config: new Secret(
      JSON.stringify({ auths: { [registry]: { auth: Buffer.from(login).toString('base64') } } }),
    ),
    source: '/etc/flotilla/registry.json',
  })

  test('is pulled from with the login that the docker command has kept', async () => {
    assert.equal(await pull({ DOCKER_CONFIG: folder }), 'pulled')
  })

  test('is pulled from with the login of a file that the manifest names', async () => {
    assert.equal(await pull({}, named('flotilla:right-password')), 'pulled')
  })

  test('is pulled from with the login that a program keeps', async () => {
    const program = join(folder, 'docker-credential-kept')
    await writeFile(program, '#!/bin/sh\necho \'{"Username":"flotilla","Secret":"right-password"}\'\n')
    await chmod(program, 0o755)
    const home = await mkdtemp(join(folder, 'helper-'))
    await writeFile(join(home, 'config.json'), JSON.stringify({ credHelpers: { [registry]: 'kept' } }))
    assert.equal(await pull({ DOCKER_CONFIG: home }), 'pulled')
  })

  test('says in its own words that a login is missing, and how to fix it', async () => {
    const text = await pull({})
    assert.match(text, /^runtime\/image-unavailable: pull image .*: Docker says: .*no basic auth credentials/)
    assert.match(text, new RegExp(`log in as the user that Flotilla runs as \\(docker login ${registry}\\)`))
  })

  test('says in its own words that a login is wrong, and where that is from', async () => {
    const text = await pull({}, named('flotilla:wrong-password'))
    assert.match(
      text,
      /^runtime\/image-unavailable: .*: Docker says: .*unauthorized: authentication required/,
    )
    assert.match(
      text,
      new RegExp(
        `the login, which is from /etc/flotilla/registry.json; to renew it: docker login ${registry}`,
      ),
    )
  })
})
