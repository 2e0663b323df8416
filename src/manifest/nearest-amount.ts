/**
 * What was probably meant by an amount that is not written as it must be: `1 GB` for 1Gi, `90 min` for 90m,
 * `64Mi` for the least that is allowed. For messages alone: nothing that is guessed here comes into force.
 */
export interface Limits {
  readonly min: number
  readonly max: number
}

/** A whole number of these, the nearest one. Of text only digits are one. */
export function nearestWhole(limits: Limits): (value: unknown) => string | null {
  return value => {
    const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value.trim()) ? Number(value) : value
    return typeof number === 'number' && Number.isFinite(number)
      ? String(Math.round(clamp(limits, number)))
      : null
  }
}

/** Milliseconds as a duration. A bare number stays anybody's guess. */
export function nearestDuration(limits: {
  readonly minMs: number
  readonly maxMs: number
}): (value: unknown) => string | null {
  return value => {
    const ms = typeof value === 'string' ? readAmount(value, timeUnits) : null
    return ms === null
      ? null
      : inLargestUnit(Math.round(clamp({ min: limits.minMs, max: limits.maxMs }, ms)), durationParts)
  }
}

/** Bytes in the units of redis.conf. */
export function nearestBytes(value: unknown): string | null {
  const bytes = typeof value === 'string' ? readAmount(value, byteUnits) : value
  return typeof bytes === 'number' && bytes >= 0 && Number.isFinite(bytes)
    ? inLargestUnit(Math.round(bytes), redisParts)
    : null
}

/** Bytes in the units of Kubernetes; a bare number is of bytes. */
export function nearestMemory(limits: Limits): (value: unknown) => string | null {
  return value => {
    const bytes = typeof value === 'string' ? readAmount(value, byteUnits) : value
    if (typeof bytes !== 'number' || !Number.isFinite(bytes)) return null
    return inLargestUnit(Math.ceil(clamp(limits, bytes) / mebi) * mebi, kubernetesParts)
  }
}

/** A number of CPUs, in whole or in thousandths. */
export function nearestCpus(limits: Limits): (value: unknown) => string | null {
  return value => {
    const cpus = typeof value === 'string' ? readAmount(value, cpuUnits) : value
    return typeof cpus === 'number' && Number.isFinite(cpus) ? String(clamp(limits, cpus)) : null
  }
}

type Units = Readonly<Record<string, number>>

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000]
const [kibi, mebi, gibi, tebi] = [2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40]

const timeUnits: Units = {
  ...{ ms: 1, millisecond: 1, milliseconds: 1 },
  ...{ s: second, sec: second, secs: second, second, seconds: second },
  ...{ m: minute, min: minute, mins: minute, minute, minutes: minute },
  ...{ h: hour, hr: hour, hrs: hour, hour, hours: hour },
  ...{ d: day, day, days: day, w: 7 * day, week: 7 * day, weeks: 7 * day },
}
/**
 * Of 1024, all of them: who writes 2G for a limit of memory, or 1 GB, means what `docker run --memory` makes
 * of it.
 */
const byteUnits: Units = {
  ...{ '': 1, b: 1, byte: 1, bytes: 1 },
  ...{ k: kibi, kb: kibi, ki: kibi, kib: kibi },
  ...{ m: mebi, mb: mebi, mi: mebi, mib: mebi },
  ...{ g: gibi, gb: gibi, gi: gibi, gib: gibi },
  ...{ t: tebi, tb: tebi, ti: tebi, tib: tebi },
}
const cpuUnits: Units = {
  ...{ '': 1, cpu: 1, cpus: 1, core: 1, cores: 1, vcpu: 1, vcpus: 1 },
  ...{ m: 0.001, '%': 0.01 },
}

type Parts = readonly (readonly [string, number])[]

const durationParts: Parts = [
  ['d', day],
  ['h', hour],
  ['m', minute],
  ['s', second],
  ['ms', 1],
]
const redisParts: Parts = [
  ['gb', gibi],
  ['mb', mebi],
  ['kb', kibi],
  ['', 1],
]
const kubernetesParts: Parts = [
  ['Gi', gibi],
  ['Mi', mebi],
]

/** Longer texts are no amounts. */
const lengthMax = 40

/** `1h30m`, `1.5 GB`: the sum of its parts; null when it is anything else. */
function readAmount(text: string, units: Units): number | null {
  if (text.length > lengthMax || !/\d/.test(text)) return null
  let sum = 0
  const rest = text.replace(/(\d+(?:\.\d+)?)\s*([a-z%]*)\s*/gi, (_, digits: string, unit: string) => {
    sum += Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN)
    return ''
  })
  return rest.trim() === '' && Number.isFinite(sum) ? sum : null
}

function clamp({ min, max }: Limits, amount: number): number {
  return Math.min(max, Math.max(min, amount))
}

/** In the largest unit of which it is a whole number. */
function inLargestUnit(amount: number, parts: Parts): string {
  const [unit, size] = (amount === 0 ? parts.at(-2) : parts.find(([, each]) => amount % each === 0)) ?? [
    '',
    1,
  ]
  return `${amount / size}${unit}`
}
