import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { invalidSettings, parseSettings, readOrExplain } from '../manifest/settings-file.js'
import { field } from '../manifest/field-docs.js'
import { Secret } from '../secret.js'
import type { WebhookSettings } from './webhook.js'

/** Who is told of notices. */
export interface NotifySettings {
  readonly webhook: WebhookSettings | null
  /** Program and arguments. */
  readonly command: readonly string[] | null
}

/**
 * Reads the file that `run --notify` names, and the secret that it names. @throws FlotillaError usage/invalid
 * with the place of each mistake.
 */
export async function readNotifySettings(file: string): Promise<NotifySettings> {
  const text = await readOrExplain(file, 'the file that --notify names')
  const { webhook, command } = parseSettings(text, file, { schema, example })
  if (webhook === undefined) return { webhook: null, command: command ?? null }
  const secret = await readSecret(resolve(dirname(file), webhook.secretFile))
  return { webhook: { url: new URL(webhook.url), secret }, command: command ?? null }
}

const schema = z.strictObject({
  webhook: field(
    z
      .strictObject({
        url: field(z.string().refine(isHttpUrl, 'must be an http or https URL without a user or password'), {
          describe: 'Where notices are sent.',
          wants: 'an http or https URL without a user or password',
          example: 'https://ops.example/hooks/flotilla',
        }),
        secretFile: field(z.string().min(1), {
          describe: 'The file that holds the key for signatures.',
          wants: 'a path',
          example: 'notify.secret',
        }),
      })
      .optional(),
    {
      describe: 'Is sent each notice as JSON, signed.',
      wants: 'a mapping',
      example: '{ url: https://ops.example/hooks/flotilla, secretFile: notify.secret }',
    },
  ),
  command: field(z.array(z.string()).min(1).optional(), {
    describe: 'Is run for each notice, with the facts in its environment.',
    wants: 'a list of a program and its arguments',
    example: '[/usr/local/bin/page, ops]',
  }),
})

const example =
  'names nobody to tell; write, for example:\n  webhook: { url: https://ops.example/hooks/flotilla, secretFile: notify.secret }\n  command: [/usr/local/bin/page, ops]'

/**
 * The form of https://www.standardwebhooks.com, so that receivers can use the same line with a library of
 * theirs.
 */
async function readSecret(path: string): Promise<Secret> {
  const text = (await readOrExplain(path, 'the secret of the webhook')).trim()
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0)
    throw invalidSettings([`${path}: others than its owner may read the secret`], `chmod 600 ${path}`)
  const [, key] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  if (key === undefined || Buffer.from(key, 'base64').length < 24)
    throw invalidSettings(
      [`${path}: a secret is whsec_ and at least 24 random bytes in base64, on one line`],
      `Make one: (umask 077; printf 'whsec_%s\\n' "$(openssl rand -base64 32)" > ${path})`,
    )
  return new Secret(key)
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
}
