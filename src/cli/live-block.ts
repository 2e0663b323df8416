import { printable } from '../printable.js'
import type { Output } from './output.js'

/**
 * A few lines at the end of a terminal's output that are drawn over themselves; lines that stay go above
 * them.
 */
export class LiveBlock {
  readonly #output: Output
  readonly #rows: () => number
  #text = ''
  #height = 0

  /** @param output of a terminal. `rows`: how many lines it has now. */
  constructor(output: Output, rows: () => number) {
    this.#output = output
    this.#rows = rows
  }

  /** @param text lines that fit the terminal's width, each ended. What has no room is left out. */
  draw(text: string): void {
    const lines = printable(text, this.#output).split('\n').slice(0, -1)
    const shown = lines.slice(0, Math.max(1, this.#rows() - 1))
    this.#output.draw(`${this.#eraser()}${shown.map(line => `${line}\n`).join('')}`)
    this.#text = text
    this.#height = shown.length
  }

  /** The same output, whose lines stay: they are written above. */
  get above(): Output {
    const output = this.#output
    const above = (write: () => void): void => {
      const block = this.#text
      this.clear()
      write()
      if (block !== '') this.draw(block)
    }
    return {
      result: text => above(() => output.result(text)),
      note: text => above(() => output.note(text)),
      draw: text => above(() => output.draw(text)),
      get columns() {
        return output.columns
      },
      stdoutIsTerminal: output.stdoutIsTerminal,
      color: output.color,
    }
  }

  clear(): void {
    if (this.#height > 0) this.#output.draw(this.#eraser())
    this.#text = ''
    this.#height = 0
  }

  #eraser(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}A\u001b[J`
  }
}
