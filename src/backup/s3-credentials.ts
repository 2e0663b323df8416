import { FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'

export interface S3Credentials {
  /** Not a secret: servers name it in their answers. */
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken: Secret | null
}

/**
 * From a file in the format of the AWS CLI (`~/.aws/credentials`), its profile [default] or its only one.
 * @throws FlotillaError usage/invalid
 */
export function parseCredentials(file: string, text: string): S3Credentials {
  const profiles = new Map<string, Map<string, string>>()
  let profile = 'default'
  for (const line of text.split('\n').map(one => one.trim())) {
    const header = /^\[([^\]]+)\]$/.exec(line)?.[1]?.trim()
    if (header !== undefined) profile = header
    const [, key, value] = /^([a-z_]+)\s*=\s*(\S+)$/.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    profiles.set(profile, (profiles.get(profile) ?? new Map<string, string>()).set(key, value))
  }
  const chosen = profiles.get('default') ?? (profiles.size === 1 ? [...profiles.values()][0] : undefined)
  const accessKeyId = chosen?.get('aws_access_key_id')
  const secretAccessKey = chosen?.get('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new FlotillaError('usage/invalid', `${file} names no key of S3`, {
      hint: 'Write two lines into it: aws_access_key_id = … and aws_secret_access_key = …',
    })
  const token = chosen?.get('aws_session_token')
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: token === undefined ? null : new Secret(token),
  }
}
