import { randomUUID } from 'node:crypto'
import { isatty } from 'node:tty'
import { readDesired } from '../daemon/manifest-source.js'
import { FlotillaError } from '../errors.js'
import { readNodeLabels } from '../runtime/labels.js'
import { execUser } from '../reconciler/server-image.js'
import { interimMasterName, masterName, nodeAlias } from '../reconciler/names.js'
import { applicationUser, controlUser } from '../redis/acl-user.js'
import { containerTlsPlaces, tlsPort, trustPath } from '../redis/tls.js'
import { nodeTarget } from '../reconciler/observe/observe.js'
import { applicationLogin } from './application-login.js'
import { missingProgram, runOwnCommand } from './cli-by-ourselves.js'
import { credentialsIfThere } from './look.js'
import { selectFlotilla } from './manifests.js'
import type { Places } from './open-store.js'
import { openSession, type Environment } from './session.js'

/**
 * Runs redis-cli inside a node's container on the caller's terminal.
 * The password goes in as a file and reaches redis-cli by its own process's environment: neither argv nor `docker inspect` ever shows it.
 * An image without them is given one command over our own connection instead.
 * @returns redis-cli's exit code.
 */
export async function runRedisCli(request: {
  readonly places: Places
  readonly env: Environment
  readonly name: string
  readonly words: readonly string[]
  readonly ordinal: number | null
  /** As whom: an application (null: as whom {@link applicationLogin} chooses), or Flotilla's own user, which looks after a node and sees no data. */
  readonly as: { readonly user: string | null } | 'control'
}): Promise<number> {
  const { places, env, name, words, ordinal, as } = request
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, places.manifests)
    const containers = (await session.runtime.listContainers()).filter(
      container => readNodeLabels(container.labels)?.flotilla === name,
    )
    const called = (wanted: string) => containers.find(one => one.name === wanted)
    const container =
      ordinal === null
        ? (called(interimMasterName(name)) ?? called(masterName(name)))
        : containers.find(one => readNodeLabels(one.labels)?.ordinal === ordinal)
    if (container === undefined || container.state !== 'running')
      throw new FlotillaError(
        'usage/invalid',
        `${ordinal === null ? `the master of ${name}` : `node ${ordinal} of ${name}`} is not running`,
        {
          hint: `See: flotilla status ${name}`,
        },
      )
    const memory = await session.store.peekMemory(name)
    const ordinalOfNode = readNodeLabels(container.labels)?.ordinal ?? 0
    // Until every node listens for TLS the plain port is open everywhere.
    const way =
      spec.tls.mode !== 'off' && memory?.transport === 'encrypted'
        ? encryptedWay(nodeAlias(name, ordinalOfNode))
        : ''
    const credentials = await credentialsIfThere(session, spec)
    const { user, password } =
      as === 'control'
        ? { user: controlUser, password: credentials.control }
        : await applicationLogin(session, spec, as.user)
    const asUser = user === applicationUser ? '' : `--user ${user} `
    const image = await session.runtime.findImage(container.imageId)
    const missing = await missingProgram(session.runtime, container.containerId, image ?? { environment: [] })
    if (missing !== null) {
      const target = nodeTarget(session.reach.mode, { flotilla: name, credentials }, container)
      if (target === null) throw new FlotillaError('redis/unreachable', `${container.name} has no address`)
      const ours = { ...target, login: password === null ? null : { user, password } }
      process.stdout.write(await runOwnCommand(session.redis, ours, { words, missing, flotilla: name }))
      return 0
    }
    // In a folder where everyone may remove what is theirs; a name of its own, as two may do this at once.
    const path = `/tmp/flotilla-cli-${randomUUID()}`
    const login =
      password === null ? '' : `REDISCLI_AUTH="$(cat ${path})"; export REDISCLI_AUTH; rm -f ${path}; `
    if (password !== null) {
      const uid = execUser(
        image ?? { user: '' },
        await session.runtime.readFile(container.containerId, '/etc/passwd'),
      )
      const content = password.reveal()
      await session.runtime.putFiles(container.containerId, [{ path, content, mode: 0o400, uid, gid: 0 }])
    }
    return await session.runtime.attachExec(
      container.containerId,
      ['sh', '-c', `${login}exec redis-cli ${asUser}${way}"$@"`, 'redis-cli', ...words],
      {
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
        tty: isatty(0) && isatty(1),
      },
    )
  } finally {
    session.close()
  }
}

function encryptedWay(serverName: string): string {
  return `--tls --cacert ${trustPath(containerTlsPlaces)} --sni ${serverName} -p ${tlsPort} `
}
