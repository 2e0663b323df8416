import { randomUUID } from 'node:crypto'
import { isatty } from 'node:tty'
import { readDesired } from '../session/manifest-source.js'
import { FlotillaError } from '../errors.js'
import type { ContainerFacts, ImageFacts } from '../model/engine.js'
import { readNodeLabels } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import type { Secret } from '../secret.js'
import { execUser } from '../reconciler/desired/server-image.js'
import { interimMasterName, masterName, nodeAlias } from '../model/names.js'
import { applicationUser, controlUser } from '../model/acl-user.js'
import { certificatePath, containerTlsLayout, tlsPort, caCertPath } from '../redis/tls.js'
import { nodeTarget } from '../reconciler/observe/observe.js'
import { applicationLogin } from '../session/application-login.js'
import { missingProgram, runDirectCommand } from './direct-command.js'
import { peekCredentials } from '../session/peek-credentials.js'
import { selectFlotilla } from '../session/manifests.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment } from '../session/session.js'

/**
 * Runs redis-cli inside a node's container on the caller's terminal. The password goes in as a file and
 * reaches redis-cli by its own process's environment: neither argv nor `docker inspect` ever shows it. An
 * image without them is given one command over our own connection instead.
 * @returns redis-cli's exit code.
 */
export async function runRedisCli(request: {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly args: readonly string[]
  readonly ordinal: number | null
  /**
   * As whom: an application (null: as whom {@link applicationLogin} chooses), or Flotilla's own user, which
   * looks after a node and sees no data.
   */
  readonly as: { readonly user: string | null } | 'control'
}): Promise<number> {
  const { paths, env, name, args, ordinal, as } = request
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, paths.manifests)
    const container = runningNode(await session.runtime.listContainers(), name, ordinal)
    const memory = await session.store.peekMemory(name)
    const ordinalOfNode = readNodeLabels(container.labels)?.ordinal ?? 0
    // Until every node listens for TLS the plain port is open everywhere.
    const tlsArgs =
      spec.tls.mode !== 'off' && memory?.transport === 'encrypted'
        ? tlsArguments(nodeAlias(name, ordinalOfNode), spec.tls.clientAuth !== 'none')
        : ''
    const credentials = await peekCredentials(session, spec)
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
      process.stdout.write(await runDirectCommand(session.redis, ours, { args, missing, flotilla: name }))
      return 0
    }
    // In a folder where everyone may remove what is theirs; a name of its own, as two may do this at once.
    const path = `/tmp/flotilla-cli-${randomUUID()}`
    const login =
      password === null ? '' : `REDISCLI_AUTH="$(cat ${path})"; export REDISCLI_AUTH; rm -f ${path}; `
    if (password !== null)
      await putPassword(session.runtime, container.containerId, {
        path,
        password,
        image: image ?? { user: '' },
      })
    return await session.runtime.attachExec(
      container.containerId,
      ['sh', '-c', `${login}exec redis-cli ${asUser}${tlsArgs}"$@"`, 'redis-cli', ...args],
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

/** `ordinal`: null for the master. */
function runningNode(
  all: readonly ContainerFacts[],
  flotilla: string,
  ordinal: number | null,
): ContainerFacts {
  const containers = all.filter(({ labels }) => readNodeLabels(labels)?.flotilla === flotilla)
  const called = (wanted: string) => containers.find(one => one.name === wanted)
  const container =
    ordinal === null
      ? (called(interimMasterName(flotilla)) ?? called(masterName(flotilla)))
      : containers.find(one => readNodeLabels(one.labels)?.ordinal === ordinal)
  if (container?.state === 'running') return container
  const node = ordinal === null ? `the master of ${flotilla}` : `node ${ordinal} of ${flotilla}`
  throw new FlotillaError('usage/invalid', `${node} is not running`, {
    hint: `See: flotilla status ${flotilla}`,
  })
}

/** Only the user that redis-cli runs as can read it. */
async function putPassword(
  runtime: Runtime,
  containerId: string,
  {
    path,
    password,
    image,
  }: { readonly path: string; readonly password: Secret; readonly image: Pick<ImageFacts, 'user'> },
): Promise<void> {
  const uid = execUser(image, await runtime.readFile(containerId, '/etc/passwd'))
  await runtime.putFiles(containerId, [{ path, content: password.reveal(), mode: 0o400, uid, gid: 0 }])
}

/** `asked`: for a certificate; the node's own is one, and is there. */
function tlsArguments(serverName: string, asked: boolean): string {
  const own = certificatePath(containerTlsLayout)
  const shown = asked ? `--cert ${own} --key ${own} ` : ''
  return `--tls --cacert ${caCertPath(containerTlsLayout)} ${shown}--sni ${serverName} -p ${tlsPort} `
}
