import { spawn, type ChildProcess } from 'node:child_process'
import { assertNoStackTrace, flotillaProgram } from './cli.js'

/** One line of the log. Everything else on it belongs to its event. */
export interface LogLine {
  readonly event: string
  readonly level: string
  readonly msg: string
  readonly time: string
  readonly flotilla?: string
  readonly [field: string]: unknown
}

export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** `flotilla run` as a process of its own, and every line that it has logged so far. */
export class Daemon {
  readonly #child: ChildProcess
  readonly #lines: LogLine[] = []
  readonly #ended: Promise<Ended>
  readonly #waiters = new Set<() => void>()
  #over = false
  #text = ''

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [flotillaProgram, 'run', '--log-format', 'json', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (exitCode, signal) => {
        this.#over = true
        this.#wakeWaiters()
        resolve({ exitCode, signal })
      })
    })
    let rest = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) this.#take(part)
      this.#wakeWaiters()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#text += chunk))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** stdout and stderr as they came. */
  get output(): string {
    return this.#text
  }

  /** A place in the log, for `since`. */
  mark(): number {
    return this.#lines.length
  }

  lines(event: string, since = 0): readonly LogLine[] {
    return this.#lines.slice(since).filter(line => line.event === event)
  }

  linesSince(since: number): readonly LogLine[] {
    return this.#lines.slice(since)
  }

  /**
   * The first line of this event after `since` that fits. @throws after `withinMs`, or when the daemon has
   * ended, with the last lines of the log.
   */
  async waitFor(
    event: string,
    options: {
      readonly since?: number
      readonly withinMs?: number
      readonly where?: (line: LogLine) => boolean
    } = {},
  ): Promise<LogLine> {
    const { since = 0, withinMs = 40_000, where = () => true } = options
    const endMs = performance.now() + withinMs
    for (;;) {
      const found = this.lines(event, since).find(where)
      if (found !== undefined) return found
      const leftMs = endMs - performance.now()
      if (this.#over || leftMs <= 0)
        throw new Error(
          `${this.#over ? 'the daemon ended' : `waited ${withinMs} ms`} without ${event}; the end of its output:\n${this.#text.slice(-4_000)}`,
        )
      await this.#news(leftMs)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async ended(): Promise<Ended> {
    const ended = await this.#ended
    assertNoStackTrace(this.#text)
    return ended
  }

  /** Ends it in good order, and by force after 12 s: it promises 10. */
  async stop(): Promise<Ended> {
    if (!this.#over) {
      this.signal('SIGTERM')
      const insist = setTimeout(() => this.signal('SIGKILL'), 12_000)
      await this.#ended
      clearTimeout(insist)
    }
    return this.ended()
  }

  #take(text: string): void {
    try {
      this.#lines.push(JSON.parse(text) as LogLine)
    } catch {
      this.#lines.push({ event: 'not-json', level: 'error', msg: text, time: '' })
    }
  }

  async #news(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let wake = (): void => undefined
    await new Promise<void>(resolve => {
      wake = resolve
      this.#waiters.add(wake)
      timer = setTimeout(wake, withinMs)
    })
    clearTimeout(timer)
    this.#waiters.delete(wake)
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters) wake()
  }
}
