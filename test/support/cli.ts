import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Output } from '../../src/cli/output.js'

/** The bundle: what users run, and what starts fastest. */
export const flotillaProgram = join(import.meta.dirname, '../../bundle/flotilla.js')

export interface CliResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/**
 * Well above what any verb takes on two busy cores; one that hangs fails its test instead of the whole run.
 */
const withinMs = 60_000

/**
 * Runs one verb to its end, as a script would: no terminal, nobody to ask. No run may ever show a stack
 * trace.
 */
export async function runFlotilla(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CliResult> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, [flotillaProgram, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: withinMs,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  assertNoStackTrace(stdout + stderr)
  return { exitCode, stdout, stderr, tookMs: performance.now() - startedMs }
}

/** An output for a verb that runs without a process of its own: what it prints, as in a pipe. */
export function collectOutput(): { readonly output: Output; readonly text: () => string } {
  let printed = ''
  return {
    output: {
      result: text => void (printed += text),
      note: () => undefined,
      draw: text => void (printed += text),
      ...{ stdoutIsTerminal: false, color: false, columns: null },
    },
    text: () => printed,
  }
}

/** A trace is for whoever wrote the code; people get one message. */
export function assertNoStackTrace(text: string): void {
  assert.doesNotMatch(text, /\n\s+at .*:\d+:\d+/)
  assert.doesNotMatch(text, /UnhandledPromiseRejection|ERR_UNHANDLED/)
}

/** A verb that goes on until it is interrupted. */
export interface Following {
  /** stdout as it has come so far. */
  output(): string
  /** Ctrl-C. @returns its exit code. */
  interrupt(): Promise<number | null>
  /** SIGKILL: it can do nothing more. */
  kill(): Promise<void>
}

export function followFlotilla(args: readonly string[], env: Readonly<Record<string, string>>): Following {
  const child = spawn(process.execPath, [flotillaProgram, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 2 * withinMs,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return {
    output: () => stdout,
    async interrupt() {
      child.kill('SIGINT')
      const exitCode = await ended
      assertNoStackTrace(stdout + stderr)
      return exitCode
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
