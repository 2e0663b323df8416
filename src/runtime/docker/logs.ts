import type { CallOptions } from '../runtime.js'
import { createFrameReader } from './frames.js'
import type { EngineClient } from './engine-client.js'

/** The last lines, oldest first, without Docker's framing. Docker cuts lines of more than 16 kB into pieces; they are joined again. */
export function readLogs(
  client: EngineClient,
  logs: { readonly containerId: string; readonly tailLines: number },
  call: CallOptions | undefined,
): Promise<readonly string[]> {
  return client.call(
    {
      what: `read logs of container ${logs.containerId.slice(0, 12)}`,
      method: 'GET',
      path: `/containers/${encodeURIComponent(logs.containerId)}/logs`,
      query: { stdout: '1', stderr: '1', tail: String(logs.tailLines) },
      timeoutMs: 15_000,
      signal: call?.signal,
      format: 'bytes',
    },
    ({ body }) => splitLines(body as Buffer),
  )
}

function splitLines(framed: Buffer): string[] {
  const lines: string[] = []
  const unended = { stdout: '', stderr: '' }
  const read = createFrameReader((stream, piece) => {
    const parts = (unended[stream] + piece.toString('utf8')).split('\n')
    unended[stream] = parts.pop() ?? ''
    lines.push(...parts)
  })
  read(framed)
  const rest = [unended.stdout, unended.stderr].filter(line => line !== '')
  return [...lines, ...rest].map(line => line.replace(/\r$/, ''))
}
