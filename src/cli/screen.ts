import { printable } from '../printable.js'
import type { Output } from './output.js'

/**
 * A picture that is drawn over itself, on the terminal's second screen, so that what was there before is
 * there again afterwards.
 */
export interface Screen {
  draw(text: string): void
  /** Gives the terminal back as it was, with the last picture below. */
  close(): void
}

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'

/** @param output of a terminal; in a pipe there is nothing to draw over. */
export function openScreen(output: Output): Screen {
  let last = ''
  let isOpen = true
  output.draw(enter)
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    process.off('exit', close)
    process.stdout.off('resize', redraw)
    output.draw(`${leave}${last}`)
  }
  const redraw = (): void => output.draw(frame(last, process.stdout.rows))
  // Whatever ends the process: a terminal without a cursor is of no use to anybody.
  process.on('exit', close)
  process.stdout.on('resize', redraw)
  return {
    draw(text) {
      last = printable(text, output)
      redraw()
    },
    close,
  }
}

/**
 * From the top, each line to its end, and nothing left below: no flicker, as clearing first would make. What
 * is below the last row stays away.
 */
export function frame(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n')
  const shown =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`]
  return `\u001b[H${shown.map(line => `${line}\u001b[K`).join('\r\n')}\u001b[J`
}
