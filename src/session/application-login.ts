import { FlotillaError } from '../errors.js'
import type { FlotillaSpec } from '../model/spec.js'
import { applicationUser } from '../model/acl-user.js'
import { Secret } from '../secret.js'
import type { Session } from './session.js'

/** As whom a verb reads and writes data. */
export interface ApplicationLogin {
  readonly user: string
  /** Null: `default` without a password. */
  readonly password: Secret | null
}

/**
 * The user that was asked for; else `default`, or where that is off the first user of the manifest.
 * @throws FlotillaError usage/invalid for a user that there is not, or who can't log in.
 */
export async function applicationLogin(
  { store }: Pick<Session, 'store'>,
  spec: FlotillaSpec,
  asked: string | null,
): Promise<ApplicationLogin> {
  const user = chooseUser(spec, asked)
  const named = spec.auth.users.find(one => one.name === user)
  const source = named?.password ?? spec.auth
  // A user of the manifest without a password is let in with any; a login by its name needs one all the same.
  if (source.kind === 'none') return { user, password: named === undefined ? null : new Secret('none') }
  const keyring = await store.loadKeyring(spec.name)
  const keys = keyring?.users.find(one => one.user === user)
  return { user, password: keys?.current.secret ?? null }
}

/** @throws FlotillaError usage/invalid. */
export function chooseUser({ name, auth }: FlotillaSpec, asked: string | null): string {
  const names = [...(auth.defaultUser === 'off' ? [] : [applicationUser]), ...auth.users.map(one => one.name)]
  const [first = applicationUser] = names
  if (asked === null || names.includes(asked)) return asked ?? first
  const reason =
    asked === applicationUser ? 'its user default is off (spec.auth.default)' : `there is no user ${asked}`
  throw new FlotillaError('usage/invalid', `${name}: ${reason}`, { hint: `There is: ${names.join(', ')}.` })
}
