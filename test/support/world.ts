import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { controlUser } from '../../src/model/acl-user.js'
import type { FlotillaStatus } from '../../src/model/status.js'
import { showStatus } from '../../src/cli/status.js'
import { collectOutput, runFlotilla, type CliResult } from './cli.js'
import { containersOf, type NodeContainer } from './containers.js'
import { Daemon } from './daemon.js'
import { removeFlotilla, testEngine, uniqueName } from './engine.js'
import { sendToNode, type NodeLogin } from './redis-node.js'
import type { TlsTrust } from '../../src/model/redis.js'

/**
 * What one test has to itself: a flotilla of its own name, a folder with manifests and state, and the
 * processes that work on them.
 */
export interface World {
  /** The name of its flotilla. */
  readonly name: string
  readonly folder: string
  readonly manifests: string
  readonly state: string
  /** Where its daemon answers HTTP. */
  readonly httpSocket: string
  /** The file that declares the flotilla. */
  readonly manifest: string
  /** Writes that file. */
  declare(spec: ManifestSpec): void
  /** Runs a verb on this world's manifests and state. */
  flotilla(verb: string, ...args: readonly string[]): Promise<CliResult>
  startDaemon(options?: ProcessOptions): Daemon
  /**
   * What `status -o json` says of the flotilla: the verb itself, without a process, which would take a second
   * of a processor each time.
   */
  status(): Promise<FlotillaStatus>
  containers(): Promise<readonly NodeContainer[]>
  container(name: 'master' | `replica-${number}`): Promise<NodeContainer>
  /** The application's password, from the file that `connect` names. */
  password(): string
  /** What a client of its nodes is to trust; null until TLS was first asked for. */
  trust(): TlsTrust | null
  /** One command on the node that is named so, as the application. */
  redis(node: 'master' | `replica-${number}`, ...command: readonly string[]): Promise<unknown>
  /**
   * One command on that node as the user `flotilla`, as who administers it by hand: it may change options,
   * users and roles, and sees no data.
   */
  administer(node: 'master' | `replica-${number}`, ...command: readonly string[]): Promise<unknown>
  /** As whom {@link administer} logs in. */
  administrator(): NodeLogin
  /** Something else to take away after the test, before what is the flotilla's own. */
  beforeRemoval(remove: () => Promise<void>): void
  /** The same, for what the flotilla's own things stand on. */
  afterRemoval(remove: () => Promise<void>): void
  /** Does now what `beforeRemoval` was given. */
  removeBystanders(): Promise<void>
  /** What verbs and daemons get as their environment. */
  env(dockerHost?: string): Readonly<Record<string, string>>
}

export interface ManifestSpec {
  readonly replicas: number
  readonly image?: string
  readonly persistence?: 'aof' | 'rdb' | 'none'
  readonly deletionPolicy?: 'Retain' | 'Delete' | 'Orphan'
  readonly failover?: Readonly<Record<string, string>>
  /** As in the manifest: `require`, or a mapping in one line. */
  readonly tls?: string
  /** As in the manifest, a mapping in one line. */
  readonly update?: string
  /** As in the manifest, in one line. */
  readonly auth?: string
  /** As in the manifest, a mapping in one line. */
  readonly gateway?: string
}

export interface ProcessOptions {
  /** Instead of the test engine's own address. */
  readonly dockerHost?: string
  readonly args?: readonly string[]
  /** Instead of this world's own environment. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Made for one test, or for one `describe` with its `after`; everything in it is ended and removed after it,
 * whatever happens: the daemons by their pids, the rest by the flotilla's label. `beside`: one more flotilla
 * in the folders of another world, so that one daemon keeps both.
 */
export function testWorld(
  t: { after(remove: () => Promise<void>): void },
  stem: string,
  beside?: World,
): World {
  const name = uniqueName(stem)
  const folder = beside?.folder ?? mkdtempSync(join(tmpdir(), `flotilla-${name}-`))
  const manifests = join(folder, 'manifests')
  const state = join(folder, 'state')
  const manifest = join(manifests, `${name}.yaml`)
  const httpSocket = join(folder, 'http.sock')
  const daemons: Daemon[] = []
  const removals: (() => Promise<void>)[] = []
  const lastRemovals: (() => Promise<void>)[] = []
  if (beside === undefined) mkdirSync(manifests)
  t.after(async () => {
    await Promise.allSettled(daemons.map(daemon => daemon.stop()))
    await world.removeBystanders()
    await removeFlotilla(name)
    await Promise.allSettled(lastRemovals.map(remove => remove()))
    if (beside === undefined) rmSync(folder, { recursive: true, force: true })
  })
  const paths = ['--manifests', manifests, '--state', state]
  const env: World['env'] = (dockerHost = testEngine().dockerHost) => ({
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    DOCKER_HOST: dockerHost,
    // Daemons of different tests run at the same time.
    FLOTILLA_HTTP: `unix:${httpSocket}`,
  })
  const world: World = {
    name,
    folder,
    manifests,
    state,
    manifest,
    httpSocket,
    env,
    declare: spec => writeFileSync(manifest, manifestText(name, spec)),
    flotilla: (verb, ...args) => runFlotilla([verb, ...paths, ...args], env()),
    startDaemon({ dockerHost, args = [], env: own = env(dockerHost) } = {}) {
      const daemon = new Daemon([...paths, ...args], own)
      daemons.push(daemon)
      return daemon
    },
    async status() {
      const { output, text } = collectOutput()
      await showStatus(
        { paths: { manifests, state, reach: 'auto' }, env: env(), names: [name], format: 'json' },
        output,
      )
      const [status] = (JSON.parse(text()) as { flotillas: readonly FlotillaStatus[] }).flotillas
      if (status === undefined) throw new Error(`status knows no ${name}`)
      return status
    },
    containers: () => containersOf(name),
    async removeBystanders() {
      await Promise.allSettled(removals.splice(0).map(remove => remove()))
    },
    beforeRemoval: remove => void removals.push(remove),
    afterRemoval: remove => void lastRemovals.push(remove),
    async container(role) {
      const found = (await containersOf(name)).find(container => container.name === `${name}-${role}`)
      if (found === undefined) throw new Error(`there is no container ${name}-${role}`)
      return found
    },
    password: () => readFileSync(join(state, 'secrets', `${name}.password`), 'utf8').trimEnd(),
    trust: () => {
      const path = join(state, 'secrets', `${name}.ca.crt`)
      return existsSync(path)
        ? { authorities: readFileSync(path, 'utf8'), serverName: `${name}-master` }
        : null
    },
    redis: async (role, ...command) =>
      sendToNode(
        await world.container(role),
        { password: world.password(), trust: world.trust() },
        ...command,
      ),
    administer: async (role, ...command) =>
      sendToNode(await world.container(role), world.administrator(), ...command),
    administrator: () => ({
      ...{ user: controlUser, password: controlPassword(state, name), trust: world.trust() },
    }),
  }
  return world
}

/** The keyring is in the state directory, for its owner alone. */
function controlPassword(state: string, name: string): string {
  const keyring = JSON.parse(readFileSync(join(state, 'secrets', `${name}.json`), 'utf8')) as {
    readonly users: readonly { readonly user: string; readonly current: { readonly secret: string } }[]
  }
  const password = keyring.users.find(({ user }) => user === controlUser)?.current.secret
  if (password === undefined) throw new Error(`the keyring of ${name} has no ${controlUser}`)
  return password
}

export function manifestText(name: string, spec: ManifestSpec): string {
  const {
    replicas,
    image = testEngine().image,
    persistence,
    deletionPolicy,
    failover,
    tls,
    update,
    auth,
    gateway,
  } = spec
  const inFlow =
    failover === undefined
      ? undefined
      : `{ ${Object.entries(failover)
          .map(([key, value]) => `${key}: ${value}`)
          .join(', ')} }`
  const optional = Object.entries({
    persistence,
    deletionPolicy,
    failover: inFlow,
    tls,
    update,
    auth,
    gateway,
  }).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${value}\n`]))
  return `apiVersion: flotilla/v1
kind: RedisReplication
metadata:
  name: ${name}
spec:
  image: ${image}
  replicas: ${replicas}
${optional.join('')}`
}
