import { readDesired } from '../daemon/manifest-source.js'
import { FlotillaError } from '../errors.js'
import { whyNotRotate } from '../reconciler/auth/rotate.js'
import { ownUsers } from '../reconciler/auth/keyring.js'
import { giveOrder, type AskRequest } from './ask.js'
import { selectFlotilla } from './manifests.js'
import { openSession } from './session.js'

/**
 * Asks the keeper of a flotilla for new passwords; without a daemon the next `up` or `run` makes them.
 * @throws FlotillaError usage/invalid for a user that there is not, or whose password does not come from Flotilla.
 */
export async function askToRotate(
  request: Omit<AskRequest, 'timeoutMs'>,
  users: readonly string[] | null,
): Promise<string> {
  const { places, env, name } = request
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, places.manifests)
    const wanted = users ?? ownUsers
    for (const user of wanted) {
      const refusal = whyNotRotate(spec, user)
      if (refusal !== null)
        throw new FlotillaError('usage/invalid', `${name}: ${refusal.why}`, { hint: refusal.hint })
    }
    const pid = await giveOrder(session, name, { kind: 'rotate', users: wanted })
    const whose = wanted.join(' and ')
    return pid === null
      ? `${name}: new passwords of ${whose} are made by the next: flotilla up ${name}\n`
      : `${name}: the daemon (pid ${pid}) makes new passwords of ${whose}; watch it with: flotilla status ${name} -w\n`
  } finally {
    session.close()
  }
}
