/**
 * Where the log's bytes go, in ways that never make the daemon wait. A pipe that nobody reads, a terminal
 * that was stopped with Ctrl-S and a journald that hangs take some 64 kB and then nothing more: a usual write
 * would stand still there, and with it all healing.
 */
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { errno } from '../files.js'

export interface LogDestination {
  /**
   * Tries once. `taken` bytes went through, fewer than there were when it is full; `error` says why there
   * were none. Calls back before it returns where that can be known at once.
   */
  write(bytes: Buffer, done: (error: Error | null, writtenBytes: number) => void): void
  /**
   * The same for a process that ends now. Bytes that a `write` is under way with go through by themselves.
   */
  writeNow(bytes: Buffer): number
}

/** The outlet for a file descriptor of this process, whatever it is connected to. */
export function openLogDestination(fileDescriptor: number): LogDestination {
  const facts = fstatSync(fileDescriptor)
  if (facts.isFIFO() || facts.isSocket()) return nonBlockingStream(fileDescriptor)
  const terminal = isatty(fileDescriptor) ? reopenTerminal(fileDescriptor) : null
  return terminal === null ? fileDestination(fileDescriptor) : streamDestination(terminal)
}

/**
 * Node makes a pipe or socket that it is asked for non-blocking, and blocking again when it ends, for those
 * that share it.
 */
function nonBlockingStream(fileDescriptor: number): LogDestination {
  // What comes of an error on it comes of our own writes first.
  if (fileDescriptor === 1) process.stdout.on('error', () => undefined)
  return streamDestination(fileDescriptor)
}

/**
 * A terminal is shared with the shell, which must not find it non-blocking: opened once more, it is so for us
 * alone. Null where that can't be done.
 */
function reopenTerminal(fileDescriptor: number): number | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
  try {
    return openSync(`/proc/self/fd/${fileDescriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    return null
  }
}

/**
 * Written at once on this thread: what has come back from it outlasts a SIGKILL. EAGAIN says that it is full.
 */
function streamDestination(fileDescriptor: number): LogDestination {
  return {
    write(bytes, done) {
      try {
        done(null, writeSync(fileDescriptor, bytes))
      } catch (error) {
        done(asError(error), 0)
      }
    },
    writeNow: bytes => writeSync(fileDescriptor, bytes),
  }
}

/**
 * A file is never full in that way, but its disk may be slow, or a server that is gone: it is the thread pool
 * that waits.
 */
function fileDestination(fileDescriptor: number): LogDestination {
  return {
    write: (bytes, done) =>
      write(fileDescriptor, bytes, (error, writtenBytes) => done(error, writtenBytes ?? 0)),
    writeNow: bytes => writeSync(fileDescriptor, bytes),
  }
}

/** Whether the reader is behind, as against a disk that is full or a reader that is gone. */
export function isBlocked(error: Error): boolean {
  return errno(error) === 'EAGAIN'
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
