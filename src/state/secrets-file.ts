import { z } from 'zod'
import { applicationUser, controlUser, replicationUser } from '../model/acl-user.js'
import { Secret } from '../secret.js'
import type { Keyring } from '../model/keyring.js'

const secret = z
  .string()
  .min(1)
  .transform(text => new Secret(text))
const key = z.object({ secret, origin: z.enum(['generated', 'given']).nullable() })

const version2 = z.object({
  version: z.literal(2),
  digestKey: secret,
  users: z
    .array(
      z.object({
        user: z.string(),
        current: key,
        next: key.nullable(),
        former: z.array(z.object({ secret, untilMs: z.number() })),
        departed: z.boolean(),
      }),
    )
    .refine(users =>
      [controlUser, replicationUser, applicationUser].every(name => users.some(one => one.user === name)),
    ),
})

/** Before passwords could be rotated there was one of each. */
const version1 = z.object({ control: secret, replication: secret, application: secret })

/**
 * Reads `secrets/<flotilla>.json`; null when it is damaged. `newDigestKey` is for files of a time when there
 * was none.
 */
export function parseKeyring(text: string, newDigestKey: () => Secret): Keyring | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const current = version2.safeParse(json)
  if (current.success) return { digestKey: current.data.digestKey, users: current.data.users }
  const old = version1.safeParse(json)
  if (!old.success) return null
  const of = (user: string, one: Secret, origin: 'generated' | null): Keyring['users'][number] => ({
    user,
    current: { secret: one, origin },
    next: null,
    former: [],
    departed: false,
  })
  const { control, replication, application } = old.data
  return {
    digestKey: newDigestKey(),
    users: [
      of(controlUser, control, 'generated'),
      of(replicationUser, replication, 'generated'),
      of(applicationUser, application, null),
    ],
  }
}

/** The one place where passwords are written out. */
export function renderKeyring({ digestKey, users }: Keyring): string {
  const plain = {
    version: 2,
    digestKey: digestKey.reveal(),
    users: users.map(({ user, current, next, former, departed }) => ({
      user,
      current: { ...current, secret: current.secret.reveal() },
      next: next === null ? null : { ...next, secret: next.secret.reveal() },
      former: former.map(one => ({ ...one, secret: one.secret.reveal() })),
      departed,
    })),
  }
  return `${JSON.stringify(plain, null, 2)}\n`
}
