import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import type { PullSecret } from '../../../src/runtime/runtime.js'
import { Secret } from '../../../src/secret.js'
import { findRegistryLogin, registryOf } from '../../../src/runtime/docker/registry-login.js'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-login-'))
})
after(() => rm(folder, { recursive: true }))

const hub = 'https://index.docker.io/v1/'
const encoded = (text: string): string => Buffer.from(text).toString('base64')

/** A home with such a ~/.docker/config.json, and such programs in PATH. */
async function home(
  config: unknown,
  programs: Readonly<Record<string, string>> = {},
): Promise<{ homeDir: string; env: Record<string, string>; pullSecret: null }> {
  const homeDir = await mkdtemp(join(folder, 'home-'))
  await mkdir(join(homeDir, '.docker'))
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  await writeFile(join(homeDir, '.docker/config.json'), text)
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(homeDir, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(homeDir, name), 0o755)
  }
  return { homeDir, env: { PATH: `${homeDir}:${process.env['PATH']}` }, pullSecret: null }
}

async function refusal(image: string, search: Parameters<typeof findRegistryLogin>[1]): Promise<string> {
  try {
    const found = await findRegistryLogin(image, search)
    return `found ${found?.source}`
  } catch (error) {
    return error instanceof FlotillaError ? `${error.message}; ${error.hint}` : String(error)
  }
}

test('the registry of an image is its first part where that is a host', () => {
  const cases = [
    ['redis:8', hub],
    ['library/redis', hub],
    ['docker.io/library/redis', hub],
    ['ghcr.io/team/redis:8', 'ghcr.io'],
    ['localhost/redis', 'localhost'],
    ['localhost:5000/redis@sha256:00', 'localhost:5000'],
    ['redis:5000', hub],
  ] as const
  for (const [image, registry] of cases) assert.equal(registryOf(image), registry, image)
})

describe('docker’s own configuration', () => {
  test('has logins among its auths, under the host or an address of it', async () => {
    const search = await home({
      auths: {
        'ghcr.io': { auth: encoded('anna:a:b') },
        'https://registry.example/v2/': { auth: encoded('bert:c') },
        [hub]: { identitytoken: 'token-1' },
      },
    })
    const login = async (image: string) => (await findRegistryLogin(image, search))?.login ?? null
    assert.deepEqual(await login('ghcr.io/redis'), {
      ...{ username: 'anna', password: 'a:b', serveraddress: 'ghcr.io' },
    })
    assert.deepEqual(await login('registry.example/redis'), {
      ...{ username: 'bert', password: 'c', serveraddress: 'registry.example' },
    })
    assert.deepEqual(await login('redis:8'), { identitytoken: 'token-1', serveraddress: hub })
    assert.equal(await login('quay.io/redis'), null)
  })

  test('is where DOCKER_CONFIG says', async () => {
    const { homeDir } = await home({ auths: { 'ghcr.io': { auth: encoded('anna:a') } } })
    const env = { DOCKER_CONFIG: join(homeDir, '.docker') }
    const found = await findRegistryLogin('ghcr.io/redis', { homeDir: '/nowhere', env, pullSecret: null })
    assert.equal(found?.source, join(homeDir, '.docker/config.json'))
  })

  test('need not be there', async () => {
    const search = { homeDir: '/nowhere', env: {}, pullSecret: null }
    assert.equal(await findRegistryLogin('ghcr.io/redis', search), null)
  })

  test('that is no JSON is told of, without its words', async () => {
    const text = await refusal('redis', await home('{"auths": {"ghcr.io": hunter2'))
    assert.match(
      text,
      /^pull image redis: no login: .*config\.json is no JSON as docker writes it; docker login/,
    )
    assert.doesNotMatch(text, /hunter2/)
  })
})

describe('a program that keeps logins', () => {
  test('is asked for the registry on its standard input', async () => {
    const search = await home(
      { credsStore: 'other', credHelpers: { 'ghcr.io': 'mine' } },
      {
        'docker-credential-mine':
          'read server; [ "$1" = get ] && printf \'{"Username":"anna","Secret":"of %s"}\' "$server"',
      },
    )
    assert.deepEqual(await findRegistryLogin('ghcr.io/redis', search), {
      login: { username: 'anna', password: 'of ghcr.io', serveraddress: 'ghcr.io' },
      source: `docker-credential-mine, named by ${join(search.homeDir, '.docker/config.json')}`,
    })
  })

  test('may have a token', async () => {
    const search = await home(
      { credsStore: 'mine' },
      { 'docker-credential-mine': 'echo \'{"Username":"<token>","Secret":"t"}\'' },
    )
    const found = await findRegistryLogin('redis', search)
    assert.deepEqual(found?.login, { identitytoken: 't', serveraddress: hub })
  })

  test('that has none for it leaves it to auths, or to nobody', async () => {
    const nothing = 'echo "credentials not found in native keychain"; exit 1'
    const search = await home(
      { credsStore: 'mine', auths: { 'ghcr.io': { auth: encoded('anna:a') } } },
      { 'docker-credential-mine': nothing },
    )
    assert.equal((await findRegistryLogin('ghcr.io/redis', search))?.login.serveraddress, 'ghcr.io')
    assert.equal(await findRegistryLogin('quay.io/redis', search), null)
  })

  test('that fails or is not there is told of, with a command that shows why', async () => {
    const failing = await home({ credsStore: 'mine' }, { 'docker-credential-mine': 'echo hunter2; exit 3' })
    const text = await refusal('redis', failing)
    assert.match(
      text,
      /docker-credential-mine, which .*config\.json names, ended with 3; see whether this works/,
    )
    assert.doesNotMatch(text, /hunter2/)
    assert.match(await refusal('redis', await home({ credsStore: 'no-such' })), /is not in PATH/)
    assert.match(await refusal('redis', await home({ credsStore: '../mine' })), /names no program/)
  })
})

describe('a file that a manifest names', () => {
  const named = (config: object): PullSecret => ({
    ...{ config: new Secret(JSON.stringify(config)), source: '/etc/flotilla/registry.json' },
  })

  test('counts before docker’s own, and for what it does not name docker’s own counts', async () => {
    const search = await home({ auths: { 'quay.io': { auth: encoded('q:q') } } })
    const pullSecret = named({ auths: { 'ghcr.io': { auth: encoded('anna:a') } } })
    const source = async (image: string) =>
      (await findRegistryLogin(image, { ...search, pullSecret }))?.source
    assert.equal(await source('ghcr.io/redis'), '/etc/flotilla/registry.json')
    assert.equal(await source('quay.io/redis'), join(search.homeDir, '.docker/config.json'))
  })

  test('runs no program, whatever it names', async () => {
    const search = await home({}, { 'docker-credential-mine': 'echo \'{"Username":"a","Secret":"b"}\'' })
    const pullSecret = named({ credsStore: 'mine' })
    assert.equal(await findRegistryLogin('ghcr.io/redis', { ...search, pullSecret }), null)
  })

  test('that is no JSON is told of, without its words', async () => {
    const pullSecret = { config: new Secret('hunter2'), source: '/etc/flotilla/registry.json' }
    const text = await refusal('redis', { homeDir: '/nowhere', env: {}, pullSecret })
    assert.match(text, /registry\.json is no JSON as docker writes it/)
    assert.doesNotMatch(text, /hunter2/)
  })
})
