import type { RedisFacts } from '../model/redis.js'

type Server = Pick<RedisFacts, 'flavour' | 'version'>

/**
 * Why a replica of one version can't read what a master of another sends it; null when it can, or when nobody
 * knows. A replica refuses an RDB of a newer format, and logs no more than "Can't handle RDB format version".
 * Formats from rdb.h of each release.
 */
export function whyNotReadable(master: Server, replica: Server): string | null {
  const [sent, read] = [formatOf(master), formatOf(replica)]
  if (sent === null || read === null || canReadFormat(sent, { flavour: replica.flavour, format: read }))
    return null
  return `it is ${productName(master)}, which sends RDB version ${sent}, and ${productName(replica)} reads ${highestReadableFormat({ flavour: replica.flavour, format: read })} at most`
}

/**
 * A server reads what it writes and what is older. Valkey went on from 11 by itself, to 80, and refuses all
 * in between: those are Redis's.
 */
export function canReadFormat(sent: number, { flavour, format }: RdbReader): boolean {
  return sent <= format && !(flavour === 'valkey' && sent > lastSharedFormat && sent < firstValkeyFormat)
}

/** The highest format that it reads of a server of the other kind, or of an older one of its own. */
export function highestReadableFormat({ flavour, format }: RdbReader): number {
  return flavour === 'valkey' && format >= firstValkeyFormat ? lastSharedFormat : format
}

interface RdbReader {
  readonly flavour: Server['flavour']
  readonly format: number
}

/** RDB_FOREIGN_VERSION_MIN and _MAX of its rdb.h are one more and one less. */
const lastSharedFormat = 11
const firstValkeyFormat = 80

/**
 * The oldest that has all commands and options that Flotilla needs (CLIENT PAUSE … WRITE, bind to addresses
 * that may be missing).
 */
const minVersion: readonly [number, number] = [6, 2]

/** Why a server is too old for Flotilla; null when it is not. Valkey began at 7.2. */
export function whyNotSupported({ flavour, version }: Server): string | null {
  return isAtLeast(version, minVersion)
    ? null
    : `holds ${productName({ flavour, version })}, and Flotilla needs ${minVersion.join('.')} or newer`
}

export function productName({ flavour, version }: Server): string {
  return `${flavour === 'valkey' ? 'Valkey' : 'Redis'} ${version}`
}

/**
 * Whether it can pause writes alone (`CLIENT PAUSE … WRITE`); older ones would stop answering everybody, us
 * too.
 */
export function canPauseWrites({ flavour, version }: Server): boolean {
  return flavour === 'valkey' || isAtLeast(version, minVersion)
}

/** The lowest version of each format, newest first. */
const formats = {
  redis: [
    { from: [7, 4], format: 12 },
    { from: [7, 2], format: 11 },
    { from: [7, 0], format: 10 },
    { from: [5, 0], format: 9 },
    { from: [4, 0], format: 8 },
  ],
  valkey: [
    { from: [9, 0], format: 80 },
    { from: [7, 2], format: 11 },
  ],
} as const

function formatOf({ flavour, version }: Server): number | null {
  return formats[flavour].find(({ from }) => isAtLeast(version, from))?.format ?? null
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, own = '', second = ''] = /^(\d{1,4})\.(\d{1,4})/.exec(version) ?? []
  return own !== '' && (Number(own) > major || (Number(own) === major && Number(second) >= minor))
}
