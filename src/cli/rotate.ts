import { readDesired } from '../session/manifest-source.js'
import { FlotillaError } from '../errors.js'
import { whyNotRotate } from '../reconciler/auth/rotate.js'
import { sendRequest, type RequestTarget } from './send-request.js'
import { selectFlotilla } from '../session/manifests.js'
import { openSession } from '../session/session.js'
import { internalUsers } from '../model/keyring.js'

/**
 * Asks the keeper of a flotilla for new passwords; without a daemon the next `up` or `run` makes them.
 * @throws FlotillaError usage/invalid for a user that there is not, or whose password does not come from
 * Flotilla.
 */
export async function requestRotation(
  request: Omit<RequestTarget, 'timeoutMs'>,
  users: readonly string[] | null,
): Promise<string> {
  const { paths, env, name } = request
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, paths.manifests)
    const wanted = users ?? internalUsers
    for (const user of wanted) {
      const refusal = whyNotRotate(spec, user)
      if (refusal !== null)
        throw new FlotillaError('usage/invalid', `${name}: ${refusal.reason}`, { hint: refusal.hint })
    }
    const pid = await sendRequest(session, name, { kind: 'rotate', users: wanted })
    const whose = wanted.join(' and ')
    return pid === null
      ? `${name}: new passwords of ${whose} are made by the next: flotilla up ${name}\n`
      : `${name}: the daemon (pid ${pid}) makes new passwords of ${whose}; watch it with: flotilla status ${name} -w\n`
  } finally {
    session.close()
  }
}
