import { resolve } from 'node:path'
import { z } from 'zod'
import type { SourceSpec } from '../../model/spec.js'
import { pathShape } from '../unexpanded.js'
import { field } from '../field-docs.js'

/** Names and addresses that mean whoever looks them up. */
const loopback =
  /^(?:localhost(?:\.localdomain)?|ip6-(?:localhost|loopback)|127(?:\.[0-9]+){0,3}|0(?:\.0){0,3}|::1?|0:0:0:0:0:0:0:[01]|::ffff:127(?:\.[0-9]+){3})$/

const port = field(z.int().min(1).max(65_535), {
  describe: 'Port of its Redis.',
  wants: 'a port, 1 to 65535',
  example: '6379',
}).prefault(6_379)

const user = field(z.string().min(1).max(128), {
  describe: 'ACL user to log in as. Left out: the default user.',
  wants: 'the name of an ACL user',
  example: 'default',
}).optional()

const passwordFile = field(z.string().regex(pathShape), {
  describe:
    'A file that holds nothing but its password, relative to the folder of this manifest. Left out: it has none.',
  wants: 'the path of a file that holds the password, relative to the folder of this manifest',
  example: './old.password',
}).optional()

const container = field(
  z
    .string()
    .max(128)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
  {
    describe: 'Name of a container on this engine in which it runs.',
    wants: 'the name of a container, such as redis-master',
    example: 'redis-master',
  },
)

const host = field(
  z
    .string()
    .max(253)
    .regex(/^(?:[a-zA-Z0-9]([a-zA-Z0-9.:-]*[a-zA-Z0-9])?|::[a-fA-F0-9.:]*)$/)
    .meta({ not: { pattern: loopback.source } })
    .refine(name => !loopback.test(name.toLowerCase()), {
      error: issue =>
        `can't be ${String(issue.input)}: to a node that is its own container; for a Redis in a container of this engine write container: <its name>, for one on this machine an address that containers reach it by (hostname -I shows those)`,
    }),
  {
    describe: 'Where the nodes reach it: a host name or address, not the loopback of this machine.',
    wants: 'a host name or an address',
    example: '192.0.2.10',
  },
)

/** Where the data comes from at first: a Redis that is not Flotilla's. */
export function bootstrapSection(folder: string) {
  const from = z
    .strictObject({ container: container.optional(), host: host.optional(), port, user, passwordFile })
    .refine(source => (source.container === undefined) !== (source.host === undefined), {
      error: 'names one place: a container, or a host',
      abort: true,
    })
    .transform((source): SourceSpec => ({
      at:
        source.container === undefined
          ? { kind: 'host', host: source.host ?? '', port: source.port }
          : { kind: 'container', container: source.container, port: source.port },
      user: source.user ?? null,
      passwordFile: source.passwordFile === undefined ? null : resolve(folder, source.passwordFile),
    }))
  return field(
    z.strictObject({
      from: field(from, {
        describe:
          'A Redis that is not Flotilla’s: a container on this engine, or a host. A new flotilla follows it, read-only, until `flotilla promote`.',
        wants: 'a mapping with container or host',
        example: '{ container: redis-master }',
        mayBeSecret: true,
        misplaced: {
          password: () => 'a password has a file of its own; write passwordFile: ./old.password',
        },
      }),
    }),
    {
      describe: 'Where a new flotilla gets its data from. Without effect once it has a master of its own.',
      wants: 'a mapping',
      example: '{ from: { container: redis-master } }',
    },
  )
}
