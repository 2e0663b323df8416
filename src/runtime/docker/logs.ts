import { FlotillaError } from '../../errors.js'
import type { CallOptions, LogQuery } from '../runtime.js'
import { createFrameReader } from './frames.js'
import type { EngineClient } from './engine-client.js'
import { createLineReader } from './lines.js'
import type { LogLine } from '../../model/engine.js'

/**
 * The last lines, oldest first, without Docker's framing. Docker cuts lines of more than 16 kB into pieces;
 * they are joined again.
 */
export function readLogs(
  client: EngineClient,
  logs: { readonly containerId: string; readonly tailLines: number },
  call: CallOptions | undefined,
): Promise<readonly string[]> {
  return client.call(
    {
      what: `read logs of container ${logs.containerId.slice(0, 12)}`,
      timeoutMs: 15_000,
      signal: call?.signal,
      format: 'bytes',
    },
    docker =>
      docker.getContainer(logs.containerId).logs({ stdout: true, stderr: true, tail: logs.tailLines }),
    ({ body }) => splitLines(body as Buffer),
  )
}

function splitLines(framed: Buffer): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter(line => lines.push(line))
  splitter.take(framed)
  splitter.end()
  return lines
}

/** See the port. A connection that breaks off is runtime/unreachable: the container may run on. */
export async function streamLogs(
  client: EngineClient,
  logs: { readonly containerId: string; readonly query: LogQuery },
  onLine: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const { sinceMs, tailLines, follow } = logs.query
  const what = `read logs of container ${logs.containerId.slice(0, 12)}`
  try {
    const asked = {
      ...{ stdout: true, stderr: true, timestamps: true, follow },
      // All, where it is not said.
      ...(tailLines === null ? {} : { tail: tailLines }),
      ...(sinceMs === null ? {} : { since: (sinceMs / 1_000).toFixed(3) }),
    }
    const stream = await client.open({ what, timeoutMs: 15_000, signal }, docker =>
      docker.getContainer(logs.containerId).logs(asked as object),
    )
    const splitter = createLineSplitter(line => onLine(withTime(line)))
    await new Promise<void>((resolve, reject) => {
      stream.on('data', splitter.take)
      stream.on('end', resolve)
      stream.on('error', reject)
      stream.on('close', resolve)
    })
    splitter.end()
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof FlotillaError) throw error
    throw new FlotillaError('runtime/unreachable', `${what}: the connection broke off`, { cause: error })
  }
}

/** `2026-11-23T06:52:58.656123456Z text`, as the engine prefixes lines when it is asked for their times. */
function withTime(line: string): LogLine {
  const space = line.indexOf(' ')
  return space < 0 ? { at: line, text: '' } : { at: line.slice(0, space), text: line.slice(space + 1) }
}

/** Unframes, and joins what came in pieces; each of the two outputs has its own unended line. */
function createLineSplitter(onLine: (line: string) => void): {
  readonly take: (framed: Buffer) => void
  readonly end: () => void
} {
  const readers = { stdout: createLineReader(onLine), stderr: createLineReader(onLine) }
  return {
    take: createFrameReader((stream, piece) => readers[stream].take(piece)),
    end() {
      readers.stdout.end()
      readers.stderr.end()
    },
  }
}
