import { systemClock } from '../clock.js'
import type { Output } from './output.js'
import { createColors, type Colors } from './colors.js'

/** Who looks, and when: all that a screen depends on besides its facts. */
export interface RenderContext {
  /** Width of the terminal; null in a pipe. */
  readonly columns: number | null
  readonly colors: Colors
  readonly nowMs: number
}

export function renderContext(output: Output): RenderContext {
  return { columns: output.columns, colors: createColors(output.color), nowMs: systemClock.nowMs() }
}
