import type { IncomingMessage } from 'node:http'
import { FlotillaError } from '../../errors.js'

/** Ten thousand containers list in some 20 MB; beyond this it is no answer of an engine. */
const bodyBytesMax = 64 * 1024 * 1024

/**
 * Reads a body to its end. Rejects when the connection ends before the body does (Node reports that in three
 * different ways, one of which is silence but for `close`) and with runtime/failed when it is larger than 64
 * MB.
 */
export function readBody(response: IncomingMessage, what: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > bodyBytesMax)
        response.destroy(
          new FlotillaError('runtime/failed', `${what}: the engine's answer is larger than 64 MB`),
        )
    })
    response.on('end', () => resolve(Buffer.concat(chunks)))
    response.on('error', reject)
    response.on('close', () =>
      reject(
        Object.assign(new Error('the connection ended in the middle of the answer'), { code: 'ECONNRESET' }),
      ),
    )
  })
}
