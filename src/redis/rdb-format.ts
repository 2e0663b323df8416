import type { RedisFacts } from './redis.js'

type Server = Pick<RedisFacts, 'flavour' | 'version'>

/**
 * Why a replica of one version can't read what a master of another sends it; null when it can, or when nobody knows. A replica refuses an RDB of a newer format, and
 * logs no more than "Can't handle RDB format version". Formats from rdb.h of each release.
 */
export function whyNotReadable(master: Server, replica: Server): string | null {
  const [sent, read] = [formatOf(master), formatOf(replica)]
  if (sent === null || read === null || sent <= read) return null
  return `it is ${nameOf(master)}, which sends RDB version ${sent}, and ${nameOf(replica)} reads ${read} at most`
}

export function nameOf({ flavour, version }: Server): string {
  return `${flavour === 'valkey' ? 'Valkey' : 'Redis'} ${version}`
}

/** Whether it can pause writes alone (`CLIENT PAUSE … WRITE`); older ones would stop answering everybody, us too. */
export function canPauseWrites({ flavour, version }: Server): boolean {
  return flavour === 'valkey' || isAtLeast(version, [6, 2])
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
