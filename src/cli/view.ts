import { systemClock } from '../clock.js'
import type { Output } from './output.js'
import { createPaint, type Paint } from './paint.js'

/** Who looks, and when: all that a screen depends on besides its facts. */
export interface View {
  /** Width of the terminal; null in a pipe. */
  readonly columns: number | null
  readonly paint: Paint
  readonly nowMs: number
}

export function viewOf(output: Output): View {
  return { columns: output.columns, paint: createPaint(output.colour), nowMs: systemClock.nowMs() }
}
