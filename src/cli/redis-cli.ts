import { readDesired } from '../daemon/manifest-source.js'
import { FlotillaError } from '../errors.js'
import { readNodeLabels } from '../runtime/labels.js'
import { masterName } from '../reconciler/names.js'
import { selectFlotilla } from './manifests.js'
import { openSession, type Environment, type Places } from './session.js'

/** Where a node keeps the application password for this: readable by its own user only, made anew at each call. */
const passwordPath = '/run/flotilla-cli.password'

/**
 * Runs redis-cli inside a node's container on the caller's terminal.
 * The password goes in as a file and reaches redis-cli by its own process's environment: neither argv nor `docker inspect` ever shows it.
 * @returns redis-cli's exit code.
 */
export async function runRedisCli(request: {
  readonly places: Places
  readonly env: Environment
  readonly name: string
  readonly words: readonly string[]
  readonly ordinal: number | null
}): Promise<number> {
  const { places, env, name, words, ordinal } = request
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, places.manifests)
    const containers = (await session.runtime.listContainers()).filter(
      container => readNodeLabels(container.labels)?.flotilla === name,
    )
    const container = containers.find(one =>
      ordinal === null ? one.name === masterName(name) : readNodeLabels(one.labels)?.ordinal === ordinal,
    )
    if (container === undefined || container.state !== 'running')
      throw new FlotillaError(
        'usage/invalid',
        `${ordinal === null ? `the master of ${name}` : `node ${ordinal} of ${name}`} is not running`,
        {
          hint: `See: flotilla status ${name}`,
        },
      )
    const secrets = spec.auth.kind === 'none' ? null : await session.store.loadSecrets(name)
    const login =
      secrets === null
        ? ''
        : `REDISCLI_AUTH="$(cat ${passwordPath})"; export REDISCLI_AUTH; rm -f ${passwordPath}; `
    if (secrets !== null)
      await session.runtime.putFiles(container.containerId, [
        { path: passwordPath, content: secrets.application.reveal(), mode: 0o444, uid: 0, gid: 0 },
      ])
    return await session.runtime.attachExec(
      container.containerId,
      ['sh', '-c', `${login}exec redis-cli "$@"`, 'redis-cli', ...words],
      {
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
        tty: process.stdin.isTTY === true && process.stdout.isTTY === true,
      },
    )
  } finally {
    session.close()
  }
}
