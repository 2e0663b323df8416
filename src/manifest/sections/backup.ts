import { resolve } from 'node:path'
import { z } from 'zod'
import type { BackupPlace, BackupSpec } from '../../model/spec.js'
import { isTimeZone, whyNotCron } from '../../schedule.js'
import { field } from '../field-docs.js'
import { pathShape } from '../unexpanded.js'

const schedule = field(
  z
    .string()
    .max(128)
    .refine(cron => whyNotCron(cron) === null, {
      error: issue => whyNotCron(String(issue.input)) ?? '',
    }),
  {
    describe:
      'When a backup is taken: minute, hour, day of the month, month, day of the week, as in cron. Left out: only when a person asks.',
    wants: 'five fields of cron, or a name such as @daily',
    example: '"0 3 * * *"',
  },
).optional()

const timeZone = field(z.string().max(64).refine(isTimeZone), {
  describe: 'Time zone of the schedule, by its name in the IANA database.',
  wants: 'the name of a time zone, such as Europe/Paris',
  example: 'UTC',
}).prefault('UTC')

const path = field(z.string().regex(pathShape), {
  describe:
    'A folder of this machine, best on another disk; relative to the folder of this manifest. It has to exist.',
  wants: 'the path of a folder',
  example: '/srv/backups',
})

function s3(folder: string) {
  return field(
    z
      .strictObject({
        endpoint: field(
          z
            .string()
            .max(512)
            .regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._/-]*[A-Za-z0-9])?$/),
          {
            describe: 'Address of the server of S3, without the bucket.',
            wants: 'a URL without a slash at its end, such as https://s3.eu-central-1.amazonaws.com',
            example: 'https://s3.eu-central-1.amazonaws.com',
            mayBeSecret: true,
          },
        ),
        bucket: field(
          z
            .string()
            .min(3)
            .max(63)
            .regex(/^[a-z0-9][a-z0-9.-]*$/),
          {
            describe: 'Name of a bucket that exists.',
            wants: 'the name of a bucket',
            example: 'my-backups',
          },
        ),
        prefix: field(
          z
            .string()
            .max(256)
            .regex(/^([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*)?$/),
          {
            describe: 'What names of objects begin with, as a folder; left out: nothing.',
            wants: 'a path of letters, digits and ._-, without a slash at its ends',
            example: 'redis',
          },
        ).prefault(''),
        region: field(
          z
            .string()
            .max(64)
            .regex(/^[a-z0-9-]+$/),
          {
            describe: 'Region of the bucket; servers other than AWS’s as a rule have this one.',
            wants: 'the name of a region',
            example: 'us-east-1',
          },
        ).prefault('us-east-1'),
        credentialsFile: field(z.string().regex(pathShape), {
          describe:
            'A file as ~/.aws/credentials is, with aws_access_key_id and aws_secret_access_key, relative to the folder of this manifest. It is read again for each backup.',
          wants: 'the path of a file that holds the key',
          example: './s3.credentials',
        }),
      })
      .transform((place): BackupPlace => ({
        kind: 's3',
        ...place,
        credentialsFile: resolve(folder, place.credentialsFile),
      })),
    {
      describe: 'A bucket of S3, at AWS or any server that speaks it.',
      wants: 'a mapping with endpoint, bucket and credentialsFile',
      example:
        '{ endpoint: https://s3.eu-central-1.amazonaws.com, bucket: my-backups, credentialsFile: ./s3.credentials }',
    },
  )
}

const count = (what: string, example: number) =>
  field(z.int().min(0).max(1_000), {
    describe: `How many backups are kept: ${what}.`,
    wants: 'a whole number from 0 to 1000',
    example: String(example),
  })

const keep = field(
  z.strictObject({
    last: count('the newest', 7).prefault(7),
    daily: count('the newest of each of so many days', 0).prefault(0),
    weekly: count('the newest of each of so many weeks', 0).prefault(0),
    monthly: count('the newest of each of so many months', 0).prefault(0),
  }),
  {
    describe:
      'Which backups are kept; the others are removed after a new one. The newest that was verified is never removed.',
    wants: 'a mapping',
    example: '{ last: 7, weekly: 4 }',
  },
)

const sources = ['replica', 'master'] as const
const verifications = ['always', 'daily', 'never'] as const

/** Where copies of the data go that are kept. */
export function backupSection(folder: string) {
  const to = z
    .strictObject({ path: path.optional(), s3: s3(folder).optional() })
    .refine(place => (place.path === undefined) !== (place.s3 === undefined), {
      error: 'names one place: path, or s3',
      abort: true,
    })
    .transform((place): BackupPlace => place.s3 ?? { kind: 'path', path: resolve(folder, place.path ?? '') })
  return field(
    z
      .strictObject({
        to: field(to, {
          describe: 'Where backups are kept.',
          wants: 'a mapping with path or s3',
          example: '{ path: /srv/backups }',
        }),
        schedule,
        timeZone,
        keep: keep.prefault({}),
        from: field(z.enum(sources), {
          describe:
            'Which node is read. replica: the one that is most in sync, or the master where there is none. master: the master.',
          wants: 'replica or master',
          example: 'replica',
          choices: sources,
        }).prefault('replica'),
        verify: field(z.enum(verifications), {
          describe:
            'Whether a backup is restored into a throwaway container and compared. always: each. daily: the first of each day. never: only when a person asks.',
          wants: 'always, daily or never',
          example: 'always',
          choices: verifications,
        }).prefault('always'),
        encrypt: field(
          z.strictObject({
            keyFile: field(z.string().regex(pathShape), {
              describe:
                'A file that age-keygen has made, relative to the folder of this manifest. Without it no backup can be opened: keep a copy of it elsewhere.',
              wants: 'the path of a file that age-keygen has made',
              example: './backup.key',
            }),
          }),
          {
            describe: 'Encrypts backups in the format of age. Left out: they are stored as they are.',
            wants: 'a mapping with keyFile',
            example: '{ keyFile: ./backup.key }',
          },
        ).optional(),
        suspend: field(z.boolean(), {
          describe: 'true: the schedule takes none until it is false again.',
          wants: 'true or false',
          example: 'false',
        }).prefault(false),
      })
      .transform(({ schedule: cron, timeZone: zone, encrypt, ...rest }): BackupSpec => ({
        ...rest,
        schedule: cron === undefined ? null : { cron, timeZone: zone },
        keyFile: encrypt === undefined ? null : resolve(folder, encrypt.keyFile),
      })),
    {
      describe:
        'Copies of the data that are kept elsewhere, and proven by a restore. Left out: none are taken.',
      wants: 'a mapping with to',
      example: '{ to: { path: /srv/backups }, schedule: "0 3 * * *" }',
    },
  )
}
