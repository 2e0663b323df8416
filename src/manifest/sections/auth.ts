import { resolve } from 'node:path'
import { z } from 'zod'
import { controlUser, applicationUser, gatewayUser, replicationUser } from '../../model/acl-user.js'
import { whyNotRules } from '../../redis/acl-rules.js'
import type { AuthSpec, DefaultUserAccess, PasswordSource, UserSpec } from '../../model/spec.js'
import { pathShape } from '../unexpanded.js'
import { durationField } from '../units.js'
import { field } from '../field-docs.js'

const modes = ['generated', 'none'] as const
const accesses = ['restricted', 'full', 'off'] as const satisfies readonly DefaultUserAccess[]

/**
 * How programs log in: one word, or a mapping with where the password comes from and who else there is. Paths
 * are relative to `folder`.
 */
export function authSection(folder: string) {
  return field(
    z.union([z.enum(modes), authMapping(folder)]).transform((auth): AuthSpec => {
      if (typeof auth === 'string')
        return { kind: auth, defaultUser: defaultUserAccess, overlapMs: defaultOverlapMs, users: [] }
      const { default: defaultUser, overlap, users } = auth
      return { ...sourceOf(folder, auth), defaultUser, overlapMs: overlap, users }
    }),
    {
      describe:
        'How applications log in. generated: with a password that Flotilla makes and keeps; none: anyone who reaches the network may read and write; or a mapping with a passwordFile, a passwordEnv, what `default` may do, more users.',
      wants: 'generated, none or a passwordFile',
      example: 'generated',
      choices: modes,
      mayBeSecret: true,
      repair: value => (typeof value === 'string' || typeof value === 'number' ? inFile : null),
      misplaced: { password: () => `a password has a file of its own; write ${inFile.slice(2, -2)}` },
    },
  )
}

/** What whoever writes a password into a manifest is to write instead. */
const inFile = '{ passwordFile: ./shop.password }'

/** What `default` may do where a manifest does not say: docs/adr/0036-default-is-restricted.md. */
export const defaultUserAccess: DefaultUserAccess = 'restricted'

/**
 * Long enough to restart a fleet of programs with the new password, short enough that a leaked one is of no
 * use the same day.
 */
export const defaultOverlapMs = 600_000

function authMapping(folder: string) {
  return z
    .strictObject({
      ...sourceFields('the password of `default`, the user of applications,', './shop.password'),
      default: field(z.enum(accesses), {
        describe:
          'What `default`, the user of applications, may do. restricted: read and write data, run scripts, publish and subscribe, but not administer the server (no ACL, CONFIG, DEBUG, REPLICAOF, SHUTDOWN, MODULE, FAILOVER and the like). full: everything. off: it cannot log in; applications use the users below.',
        wants: 'restricted, full or off',
        example: 'restricted',
        choices: accesses,
      }).prefault(defaultUserAccess),
      overlap: durationField(
        { minMs: 0, maxMs: 7 * 24 * 3_600_000 },
        {
          describe:
            'How long the former password is accepted beside a new one, counted from when every node accepts the new one. 0s ends it at once.',
          wants: 'a duration from 0s to 168h, such as 10m',
          example: '10m',
          mayBeSecret: false,
        },
      ).prefault('10m'),
      users: field(z.array(userMapping(folder)).max(100).superRefine(refuseDuplicates), {
        describe: 'More ACL users, beside `default`.',
        wants: 'a list of users, each with a name and rules',
        example: '[{ name: reporting, rules: "~report:* +@read" }]',
      }).prefault([]),
    })
    .superRefine(refuseTwoSources)
    .superRefine(refuseNoLogin)
}

function userMapping(folder: string) {
  return field(
    z
      .strictObject({
        name: userName,
        rules: field(
          z.string().superRefine((rules, context) => {
            const reason = whyNotRules(rules)
            if (reason !== null) context.addIssue({ code: 'custom', message: reason })
          }),
          {
            describe:
              'What the user may do, as in an ACL file and without a password: keys (~pattern), channels (&pattern), commands (+@read, +get, -@dangerous). It may do nothing else.',
            wants: 'ACL rules such as "~orders:* +@read"',
            example: '"~orders:* +@read"',
          },
        ),
        ...sourceFields('the password of this user', './reporting.password'),
      })
      .superRefine(refuseTwoSources)
      .transform((user): UserSpec => ({
        name: user.name,
        rules: user.rules.trim().replace(/\s+/g, ' '),
        password: sourceOf(folder, user),
      })),
    {
      describe: 'One ACL user.',
      wants: 'a mapping with a name and rules',
      example: '{ name: reporting, rules: "~report:* +@read" }',
      misplaced: {
        password: () => 'a password has a file of its own; write passwordFile: ./reporting.password',
      },
    },
  )
}

const reserved: readonly string[] = [applicationUser, controlUser, replicationUser, gatewayUser]

const userName = field(
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .superRefine((name, context) => {
      if (reserved.includes(name))
        context.addIssue({
          code: 'custom',
          message: `can't be ${name}: ${name === applicationUser ? 'its password is what stands beside users' : 'Flotilla itself logs in with it'}; choose another`,
        })
    }),
  {
    describe: 'Name of the user: 1 to 64 of A-Z, a-z, 0-9, _ and -.',
    wants: '1 to 64 of A-Z, a-z, 0-9, _ and -',
    example: 'reporting',
  },
)

function sourceFields(what: string, example: string) {
  return {
    mode: field(z.enum(modes), {
      describe: `Where ${what} comes from. generated: Flotilla makes and keeps it; none: there is none.`,
      wants: 'generated or none',
      example: 'generated',
      choices: modes,
    }).optional(),
    passwordFile: field(z.string().regex(pathShape), {
      describe: `The path, relative to the folder of this manifest, of a file that holds ${what} and nothing else. A final newline is dropped. When the file changes, the password is rotated.`,
      wants: 'the path of a file that holds the password, relative to the folder of this manifest',
      example,
    }).optional(),
    passwordEnv: field(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), {
      describe: `The name of an environment variable of the daemon that holds ${what}.`,
      wants: 'the name of an environment variable of the daemon, not the password',
      example: 'REDIS_PASSWORD',
    }).optional(),
  }
}

interface SourceFields {
  readonly mode?: 'generated' | 'none' | undefined
  readonly passwordFile?: string | undefined
  readonly passwordEnv?: string | undefined
}

function sourceOf(folder: string, { mode, passwordFile, passwordEnv }: SourceFields): PasswordSource {
  if (passwordFile !== undefined) return { kind: 'password-file', path: resolve(folder, passwordFile) }
  if (passwordEnv !== undefined) return { kind: 'password-env', variable: passwordEnv }
  return { kind: mode ?? 'generated' }
}

function refuseTwoSources({ mode, passwordFile, passwordEnv }: SourceFields, context: z.RefinementCtx): void {
  const given = Object.entries({ mode, passwordFile, passwordEnv }).flatMap(([key, value]) =>
    value === undefined ? [] : [key],
  )
  if (given.length > 1)
    context.addIssue({
      code: 'custom',
      message: `has ${given.join(' and ')}, and a password comes from one place; keep one of them`,
    })
}

/**
 * `default` without a password that can't log in, or nobody who can: either is a mistake, whichever word of
 * the two is wrong.
 */
function refuseNoLogin(
  auth: SourceFields & { readonly default: DefaultUserAccess; readonly users: readonly UserSpec[] },
  context: z.RefinementCtx,
): void {
  if (auth.default !== 'off') return
  const refuse = (message: string): void => context.addIssue({ code: 'custom', path: ['default'], message })
  if (auth.mode === 'none')
    refuse('is off beside mode: none, which lets everybody in as `default`; keep one of them')
  else if (auth.users.length === 0)
    refuse(
      'is off and there are no users, so no application could log in; add users, or write default: restricted',
    )
}

function refuseDuplicates(users: readonly UserSpec[], context: z.RefinementCtx): void {
  users.forEach(({ name }, index) => {
    if (users.findIndex(one => one.name === name) < index)
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `is ${name} for the second time; one user has one name`,
      })
  })
}
