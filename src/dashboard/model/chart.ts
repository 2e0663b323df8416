/** The geometry of a line over time. Pure; in CSS pixels. */
export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The last hour; of a daemon that has just been started less, or its first minutes would be a dot at the
 * edge.
 */
export function timeWindow(oldestMs: number, nowMs: number): TimeWindow {
  const spans = [10, 30, 60].map(minutes => minutes * 60_000)
  const span = spans.find(ms => nowMs - oldestMs <= ms) ?? 3_600_000
  return { fromMs: nowMs - span, toMs: nowMs }
}

export function placeInTime({ fromMs, toMs }: TimeWindow, atMs: number, width: number): number {
  return ((atMs - fromMs) / (toMs - fromMs)) * width
}

export interface Scale {
  readonly min: number
  readonly max: number
}

/**
 * From nought (or from the least value, where only differences tell anything) to a round number above the
 * greatest.
 * @param step what is round: 1000 for counts, 1024 for bytes
 */
export function scaleOf(
  values: readonly number[],
  { base, fromZero }: { readonly base: 1000 | 1024; readonly fromZero: boolean },
): Scale {
  if (values.length === 0) return { min: 0, max: 1 }
  const min = fromZero ? 0 : Math.min(...values)
  const max = Math.max(...values)
  if (max === min) return { min: fromZero ? 0 : min - 1, max: max + 1 }
  return fromZero ? { min, max: roundUp(max, base) } : { min, max }
}

function roundUp(value: number, base: 1000 | 1024): number {
  const unit = base ** Math.floor(Math.log(Math.max(1, value)) / Math.log(base))
  const inUnits = value / unit
  const decade = 10 ** Math.floor(Math.log10(inUnits))
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(one => one * decade >= inUnits) ?? 10
  return step * decade * unit
}

export interface Point {
  readonly atMs: number
  readonly value: number | null
}

/**
 * An SVG path through the points; where nothing is known there is no line. A point alone is a dot: a line of
 * no length, with round ends.
 */
export function linePath(
  points: readonly Point[],
  { window, scale, width, height }: { window: TimeWindow; scale: Scale; width: number; height: number },
): string {
  let pen: 'up' | 'down' = 'up'
  return points
    .map(({ atMs, value }, index) => {
      if (value === null || atMs < window.fromMs) {
        pen = 'up'
        return ''
      }
      const x = placeInTime(window, atMs, width).toFixed(1)
      const y = (height - ((value - scale.min) / (scale.max - scale.min)) * height).toFixed(1)
      const isAlone = pen === 'up' && (points[index + 1]?.value ?? null) === null
      const step = `${pen === 'up' ? 'M' : 'L'}${x} ${y}${isAlone ? 'h0' : ''}`
      pen = 'down'
      return step
    })
    .join('')
}
