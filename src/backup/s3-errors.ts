import { FlotillaError } from '../errors.js'
import { oneLine } from '../printable.js'
import type { S3Place } from './s3-place.js'

export interface S3Refusal {
  readonly what: string
  readonly place: S3Place
  readonly accessKeyId: string
  readonly status: number
  /** As S3 names it, `NoSuchBucket`; the status where it names none. */
  readonly code: string
  readonly message: string
  readonly clocks: { readonly oursMs: number; readonly theirsMs: number }
}

/** What a server of S3 said no with, and what to do about it. `passes`: it may take the same again later. */
export function explainRefusal(refusal: S3Refusal): {
  readonly error: FlotillaError
  readonly passes: boolean
} {
  const { what, place, accessKeyId, status, code, message, clocks } = refusal
  const { endpoint, bucket, region } = place
  const lasts = (kind: FlotillaError['code'], said: string, hint: string) => ({
    error: new FlotillaError(kind, `${what}: ${said}`, { hint }),
    passes: false,
  })
  switch (code) {
    case 'NoSuchBucket':
      return lasts(
        'backup/unreachable',
        `${endpoint} has no bucket ${bucket}`,
        'Make it there, or name another one: spec.backup.to.s3.bucket.',
      )
    case 'NoSuchKey':
      return lasts('backup/not-found', `there is no such object in ${bucket}`, 'See: flotilla backups')
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'InvalidToken':
    case 'ExpiredToken':
      return lasts(
        'backup/denied',
        `${endpoint} does not accept the key ${accessKeyId} (${code})`,
        'Write a key that it knows, and its secret, into the file of spec.backup.to.s3.credentialsFile.',
      )
    case 'RequestTimeTooSkewed':
      return lasts(
        'backup/denied',
        `${endpoint} takes no request from a clock that is wrong: ours is ${apart(clocks)}`,
        'Set the clock of this machine: timedatectl set-ntp true',
      )
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
      return lasts(
        'backup/denied',
        `the bucket ${bucket} is of another region than ${region}: ${oneLine(message, 200)}`,
        'Name its region, and that region’s endpoint: spec.backup.to.s3.region.',
      )
    case 'QuotaExceeded':
    case 'InsufficientStorage':
    case 'XMinioStorageFull':
    case '507':
      return lasts(
        'backup/no-space',
        `no space is left in ${bucket} (${code})`,
        'Make some there, or keep fewer backups: spec.backup.keep.',
      )
  }
  const said = `${endpoint} answered ${code}${code === String(status) ? '' : ` (${status})`}${message === '' ? '' : `: ${oneLine(message, 200)}`}`
  if (code === 'AccessDenied' || status === 401 || status === 403)
    return lasts(
      'backup/denied',
      `the key ${accessKeyId} may not do that: ${said}`,
      `It has to be able to list, read, write and delete objects of ${bucket}, and to list and abort uploads.`,
    )
  const passes = status >= 500 || status === 429 || status === 408 || code === 'RequestTimeout'
  return { error: new FlotillaError('backup/unreachable', `${what}: ${said}`), passes }
}

function apart({ oursMs, theirsMs }: S3Refusal['clocks']): string {
  if (Number.isNaN(theirsMs)) return 'another than its own'
  const minutes = Math.round(Math.abs(oursMs - theirsMs) / 60_000)
  return `${minutes} min ${oursMs > theirsMs ? 'ahead of' : 'behind'} its own`
}
