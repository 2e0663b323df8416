import { spawn, type ChildProcess } from 'node:child_process'
import type { FieldValue } from '../events/catalogue.js'
import { resetPriority } from '../process-priority.js'
import type { Notification } from './notification.js'
import type { DeliveryResult, Receiver } from './receiver.js'

export interface CommandSettings {
  /** Program and arguments; no shell. */
  readonly command: readonly string[]
  /** What the program gets beside the facts: where programs and its user's home are, nothing else of ours. */
  readonly env: Readonly<Record<string, string>>
}

/** A program that takes longer hangs: it and what it started are killed. */
const commandTimeoutMs = 30_000
/** Of what it prints, the end goes into the log. */
const outputBytesMax = 4_096

/** Linux takes 128 KiB for one variable; a fact that long is what a dying server printed. */
const factLengthMax = 8_192

/**
 * Runs a program for each notice, with the facts in its environment. What it did may not be done twice, so a
 * failure is told and not tried again.
 */
export function createCommandHook({ command, env }: CommandSettings, withinMs = commandTimeoutMs): Receiver {
  const [program = '', ...args] = command
  return {
    name: 'command',
    where: program,
    async send(notification, signal) {
      const child = spawn(program, args, {
        env: { ...env, ...notificationEnv(notification) },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A process group of its own, so that what it started can be ended with it.
        detached: true,
      })
      resetPriority(child.pid)
      return waitForExit(child, AbortSignal.any([signal, AbortSignal.timeout(withinMs)]))
    },
  }
}

/** `FLOTILLA_NOTICE_FROM` for the field `from`, and the five that every notice has. */
export function notificationEnv({
  id,
  kind,
  time,
  flotilla,
  summary,
  facts,
}: Notification): Record<string, string> {
  const named: Readonly<Record<string, FieldValue>> = { ...facts, id, kind, time, flotilla, summary }
  return Object.fromEntries(
    Object.entries(named).flatMap(([field, value]) => {
      if (value === null) return []
      const name = field.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
      const text = Array.isArray(value) ? value.join('\n') : String(value)
      // The kernel takes no zero byte, and no program whose variables are too long.
      return [[`FLOTILLA_NOTICE_${name}`, text.replaceAll('\0', '').slice(0, factLengthMax)]]
    }),
  )
}

function waitForExit(child: ChildProcess, signal: AbortSignal): Promise<DeliveryResult> {
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputBytesMax)
    })
  const kill = (): void => killGroup(child)
  signal.addEventListener('abort', kill, { once: true })
  return new Promise(resolve => {
    child.once('error', error => resolve({ kind: 'failed', reason: error.message, isRetryable: false }))
    child.once('exit', () => {
      // Whoever inherited its output may keep that open for ever.
      setTimeout(() => child.stdout?.destroy(), outputDrainMs).unref()
      setTimeout(() => child.stderr?.destroy(), outputDrainMs).unref()
    })
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', kill)
      const said = output.trim()
      if (code === 0) return resolve({ kind: 'delivered', detail: said })
      const how = killedBy === null ? `exit code ${code}` : `it was ended with ${killedBy}`
      const reason = signal.aborted ? 'it took too long, or Flotilla ends' : how
      resolve({
        kind: 'failed',
        reason: said === '' ? reason : `${reason}; it said: ${said}`,
        isRetryable: false,
      })
    })
  })
}

/** For what is still in the pipe when the program has ended. */
const outputDrainMs = 200

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
