import { defaultPersistence } from '../../src/manifest/sections/persistence.js'
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.js'
import { openConnection, type Connection } from '../../src/redis/client/connection.js'
import { aclUsers, aclPasswordsOf, renderAcl } from '../../src/redis/acl.js'
import { createRedisClient } from '../../src/redis/client/redis-client.js'
import { renderRedisConfig } from '../../src/redis/config.js'
import { Secret } from '../../src/secret.js'
import { certificatePath, authoritiesPath, tlsOptions } from '../../src/redis/tls.js'
import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import { certificateFingerprint, type CertificateBundle } from '../../src/tls/certificate-bundle.js'
import { freePort } from '../support/free-port.js'
import type { RedisWorld, StartOptions } from './redis-contract.js'
import type { NodeCredentials, NodeTarget } from '../../src/model/redis.js'

export interface RealWorld extends RedisWorld {
  /** Starts a node, with lines of one's own behind the rendered ones. */
  startNode(nodeAlias: string, options?: ServerOptions): Promise<NodeTarget>
  /** What the node has written to standard output, over all its runs. */
  log(node: NodeTarget): string
  pid(node: NodeTarget): number
  readonly credentials: NodeCredentials
}

export interface ServerOptions extends StartOptions {
  readonly extraConfig?: readonly string[]
  readonly credentials?: NodeCredentials
  readonly tls?: 'prefer' | 'require'
}

interface Server {
  readonly port: number
  readonly tlsPort: number
  readonly directory: string
  readonly options: ServerOptions
  process: ChildProcess
  log: string
}

/** Characters that a configuration file needs care with are in the passwords of every test. */
const awkwardCredentials: NodeCredentials = {
  control: new Secret(`con "trol\\ 'pässword' #1`),
  replication: new Secret(`repli "cation\\ 'pässword' #1`),
  application: new Secret(`appli "cation\\ 'pässword' #1`),
}

/**
 * A pause of 100 ms after each key makes a load last; Redis answers in between after every so many bytes,
 * which compression would make too few.
 */
const slowLoadLines = ['key-load-delay 100000', 'loading-process-events-interval-bytes 1024']
const everyTestsLines = ['rdbcompression no']

/** redis-server processes of this host on loopback ports, each with the rendered configuration and ACL. */
export async function createRealWorld(): Promise<RealWorld> {
  requireRedisServer()
  const redis = createRedisClient({ clock: systemClock })
  const home = await mkdtemp(join(tmpdir(), 'flotilla-redis-'))
  const servers = new Map<string, Server>()
  const sentinels: Connection[] = []
  let runs = 0
  let authority: ReturnType<typeof makeAuthority> | null = null

  const serverOf = (node: NodeTarget): Server => {
    const server = servers.get(node.nodeAlias)
    assert.ok(server !== undefined)
    return server
  }
  const kill = async ({ process: child }: Server): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async function launch(
    nodeAlias: string,
    server: Omit<Server, 'process'>,
    extra: readonly string[],
  ): Promise<NodeTarget> {
    const { port, tlsPort, directory, options } = server
    const bundle = options.tls === undefined ? null : await certify(nodeAlias, directory)
    const credentials = options.credentials ?? awkwardCredentials
    const configFile = join(directory, 'redis.conf')
    const aclFile = join(directory, 'users.acl')
    const { text } = renderRedisConfig({
      nodeAlias,
      persistence: defaultPersistence(options.persistence ?? 'rdb'),
      replication: credentials.replication,
      isPasswordless: credentials.application === null,
      options: {},
      tls:
        bundle === null || options.tls === undefined
          ? null
          : { mode: options.tls, fingerprint: certificateFingerprint(bundle) },
      layout: {
        ...{ port, dataDirectory: directory, aclFile, upstream: { host: '127.0.0.1', port } },
        tls: { tlsPort, folder: directory },
      },
    })
    const renames = Object.entries(options.renamed ?? {}).map(pair => `rename-command ${pair.join(' ')}`)
    await writeFile(
      configFile,
      [text, ...everyTestsLines, ...(options.extraConfig ?? []), ...renames, ...extra, ''].join('\n'),
    )
    await writeFile(aclFile, renderAcl(aclUsers(aclPasswordsOf(credentials))))
    const child = spawn('redis-server', [configFile], { stdio: ['ignore', 'pipe', 'pipe'] })
    const started: Server = { ...server, process: child }
    servers.set(nodeAlias, started)
    const collect = (chunk: Buffer): void => {
      started.log += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    runs += 1
    return {
      nodeAlias,
      flotilla: 'shop',
      containerId: `container of ${nodeAlias}`,
      startedAtMs: runs,
      ...(bundle === null
        ? { host: '127.0.0.1', port }
        : {
            ...{ host: '127.0.0.1', port: tlsPort },
            tls: { authorities: bundle.authorities, serverName: nodeAlias },
            fallback: { host: '127.0.0.1', port },
          }),
      credentials,
    }
  }

  /** Gives it a certificate of the world's authority. */
  async function certify(nodeAlias: string, directory: string): Promise<CertificateBundle> {
    const nowMs = Date.now()
    authority ??= makeAuthority({ flotilla: 'shop', nowMs, lifetimeMs: 3_600_000 })
    const issuer = await authority
    const pair = await issueCertificate(issuer, {
      ...{ names: [nodeAlias], addresses: [] },
      ...{ nowMs, lifetimeMs: 3_600_000 },
    })
    const bundle = { ...pair, authorities: issuer.certificate }
    const layout = { tlsPort: 0, folder: directory }
    await writeFile(certificatePath(layout), `${pair.certificate}${pair.key.reveal()}`, { mode: 0o600 })
    await writeFile(authoritiesPath(layout, certificateFingerprint(bundle)), bundle.authorities)
    return bundle
  }

  const world: RealWorld = {
    redis,
    credentials: awkwardCredentials,
    startNode: async (nodeAlias, options = {}) => {
      const directory = await mkdtemp(join(home, 'node-'))
      const [port, tlsPort] = [await freePort(), await freePort()]
      return launch(nodeAlias, { port, tlsPort, directory, options, log: '' }, [])
    },
    restartNode: async (node, { slowLoad = false, ...options } = {}) => {
      const before = serverOf(node)
      const server = { ...before, options: { ...before.options, ...options } }
      await kill(server)
      return launch(node.nodeAlias, server, slowLoad ? slowLoadLines : [])
    },
    save: async node => {
      await redis.command(node, ['SAVE'], { deadlineMs: 5000 })
    },
    startEncrypted: async (nodeAlias, mode) => world.startNode(nodeAlias, { tls: mode }),
    renew: async node => {
      const { directory, tlsPort } = serverOf(node)
      const fingerprint = certificateFingerprint(await certify(node.nodeAlias, directory))
      return { fingerprint, options: tlsOptions(fingerprint, { tlsPort, folder: directory }) }
    },
    kill: async node => kill(serverOf(node)),
    stop: async node => {
      const gone = once(serverOf(node).process, 'exit')
      serverOf(node).process.kill('SIGTERM')
      await gone
    },
    freeze: async node => {
      const { pid = 0 } = serverOf(node).process
      process.kill(pid, 'SIGSTOP')
      // The signal is sent; the process stands when the kernel says so.
      while (!/^State:\s+T/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))) await nextTurn()
    },
    thaw: async node => {
      serverOf(node).process.kill('SIGCONT')
    },
    makeBusy: async node => {
      await redis.setConfig(node, { 'lua-time-limit': '20' }, { deadlineMs: 5000 })
      const endless = redis.command(node, ['EVAL', 'while true do end', '0'], { deadlineMs: 100 })
      await assert.rejects(endless, { code: 'redis/timeout' })
    },
    watch: async node => {
      const { host, port, credentials } = node
      const sentinel = openConnection({
        clock: systemClock,
        endpoints: [{ host, port }],
        login: { user: 'default', password: credentials.application ?? new Secret('') },
        onLost: () => undefined,
      })
      sentinels.push(sentinel)
      const name = ['CLIENT', 'SETNAME', 'sentinel-1a2b3c4d-pubsub']
      const { kind } = await sentinel.send([name, ['subscribe', '__sentinel__:hello']])
      assert.equal(kind, 'replies')
      return host
    },
    readConfig: async (node, option) => {
      const pair: unknown = await redis.command(node, ['CONFIG', 'GET', option], { deadlineMs: 5000 })
      return Array.isArray(pair) ? String(pair[1]) : ''
    },
    log: node => serverOf(node).log,
    pid: node => serverOf(node).process.pid ?? 0,
    close: async () => {
      for (const sentinel of sentinels) sentinel.close()
      redis.close()
      await Promise.all([...servers.values()].map(kill))
      await rm(home, { recursive: true, force: true })
    },
  }
  return world
}

function requireRedisServer(): void {
  const { error } = spawnSync('redis-server', ['--version'])
  if (error !== undefined)
    throw new Error('these tests need redis-server on the PATH: apt-get install redis-server', {
      cause: error,
    })
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
