import { errorCode, explainError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'

/**
 * What an engine says to a container that can't be made: 400 in every version so far, 404 or 500 for good
 * measure.
 */
const refusals = [400, 404, 409, 500]

/**
 * Asks for a container of no image and no command, which the engine itself refuses; a proxy that lets nobody
 * change anything refuses before the engine has seen it (docker-socket-proxy: 403).
 */
export async function whyNotWritable(
  client: EngineClient,
  call: CallOptions | undefined,
): Promise<string | null> {
  try {
    return await client.call(
      {
        what: 'ask for a container that can not be made',
        timeoutMs: 10_000,
        signal: call?.signal,
        accept: [...refusals, 401, 403, 405],
      },
      docker => docker.createContainer({ Image: '', Cmd: [] }),
      ({ status, body }) =>
        refusals.includes(status) ? null : `it answers ${status} (${String(body).slice(0, 100)})`,
    )
  } catch (error) {
    if (errorCode(error) === 'runtime/permission-denied') return explainError(error)
    throw error
  }
}
