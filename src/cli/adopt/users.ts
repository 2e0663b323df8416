import { defaultUserAccess } from '../../manifest/sections/auth.js'
import type { DefaultUserAccess } from '../../model/spec.js'
import { passwordRule } from '../../redis/acl.js'
import { applicationUser, controlUser, replicationUser } from '../../model/acl-user.js'
import { whyNotRules } from '../../redis/acl-rules.js'
import type { Secret } from '../../secret.js'
import type { Skipped } from './options.js'

/** How a user comes in: with this password, with none, or with one that Flotilla makes. */
export type CarriedLogin =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'none' }
  | { readonly kind: 'generated' }

export interface CarriedUser {
  readonly name: string
  readonly rules: string
  readonly login: CarriedLogin
}

/** The ACL users of a server, as a manifest says them. */
export interface CarriedUsers {
  readonly default: CarriedLogin
  /** What `default` may do from then on. */
  readonly defaultUser: DefaultUserAccess
  readonly others: readonly CarriedUser[]
}

/** Passwords that somebody who adopts knows, by user: a server tells only their hashes. */
export type KnownPasswords = ReadonlyMap<string, Secret>

/** `lines` as ACL LIST answers: `user app on #5e88… ~app:* resetchannels -@all +@read`. */
export function carriedUsers(
  lines: readonly string[],
  known: KnownPasswords,
): { readonly carried: CarriedUsers; readonly skipped: readonly Skipped[] } {
  const users = lines.map(readUser)
  const skipped: Skipped[] = []
  const skip = (what: string, reason: string): void => void skipped.push({ what, reason })
  const first = users.find(({ name }) => name === applicationUser)
  const others = users
    .filter(user => user !== first && user.isOn)
    .flatMap((user): CarriedUser[] => {
      const reason = whyNotCarried(user, known)
      const login = loginOf(user, known)
      if (reason === null && login !== null) return [{ name: user.name, rules: user.rules, login }]
      skip(`the user ${user.name}`, reason ?? unknownPassword(user.name))
      return []
    })
  if (first?.isOn !== true && others.length > 0)
    return { carried: { default: { kind: 'generated' }, defaultUser: 'off', others }, skipped }
  const login = defaultLogin(first, known, skip)
  return { carried: { default: login, defaultUser: defaultUserAccess, others }, skipped }
}

interface FoundUser {
  readonly name: string
  readonly isOn: boolean
  readonly isOpen: boolean
  /** As ACL rules: `#` and a SHA-256. */
  readonly hashes: readonly string[]
  readonly rules: string
}

function readUser(line: string): FoundUser {
  const [, name = '', ...tokens] = line.split(/\s+/)
  const isState = (token: string): boolean =>
    ['on', 'off', 'nopass', 'sanitize-payload'].includes(token) || token.startsWith('#')
  return {
    name,
    isOn: tokens.includes('on'),
    isOpen: tokens.includes('nopass'),
    hashes: tokens.filter(token => token.startsWith('#')),
    rules: tokens.filter(token => !isState(token)).join(' '),
  }
}

/** Null where nobody here knows a password of its. */
function loginOf({ name, isOpen, hashes }: FoundUser, known: KnownPasswords): CarriedLogin | null {
  if (isOpen) return { kind: 'none' }
  const password = known.get(name)
  return password !== undefined && hashes.includes(passwordRule(password.reveal(), name))
    ? { kind: 'password', password }
    : null
}

function whyNotCarried({ name, rules, hashes }: FoundUser, known: KnownPasswords): string | null {
  if ([controlUser, replicationUser].includes(name)) return 'Flotilla itself logs in by that name'
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return 'a manifest can not have its name'
  const wrong = whyNotRules(rules)
  if (wrong !== null) return `its rules can't be in a manifest: that ${wrong}`
  const password = known.get(name)
  return password !== undefined && !hashes.includes(passwordRule(password.reveal(), name))
    ? 'the password that was given for it is not its own'
    : null
}

function unknownPassword(name: string): string {
  return `its password is not known here (a server tells only a hash); put it into a file (mode 0600) and add: --user-password-file ${name}=<file>`
}

/** Where somebody has to be told of it, `leave` is. */
function defaultLogin(
  user: FoundUser | undefined,
  known: KnownPasswords,
  skip: (what: string, reason: string) => void,
): CarriedLogin {
  if (user === undefined || !user.isOn) {
    skip(
      'that default is off',
      'no other user is taken over, so here it works on all data, with a password that Flotilla makes',
    )
    return { kind: 'generated' }
  }
  if (user.rules === everything) skip('that default administers the server', restrictedNote)
  else skip(`what default may not do (${user.rules})`, 'here it works on all data')
  if (user.hashes.length > 1) skip('all but one password of default', 'it has one here')
  const login = loginOf(user, known)
  if (login !== null) return login
  skip(`the password of default`, unknownPassword(applicationUser))
  return { kind: 'generated' }
}

const everything = '~* &* +@all'
const restrictedNote =
  'here it works on all data and is refused CONFIG, ACL, SHUTDOWN and the like; if a program needs them, write spec.auth.default: full'
