import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import { awaitResult, type RequestResult, type ReadMemory } from './await-result.js'
import { submitRequest, withdrawRequest, type OperatorRequest } from './requests.js'

export interface RequestAndWaitOptions {
  readonly directory: string
  readonly flotilla: string
  readonly request: Exclude<OperatorRequest, { kind: 'withdraw' }> & { readonly timeoutMs: number }
  readonly readMemory: ReadMemory
  readonly clock: Clock
  /** Aborts when the asker gives up before the time is over. */
  readonly signal?: AbortSignal | undefined
  /** Wakes the keeper, where it is this process. */
  readonly wake?: () => void
}

/**
 * For a keeper that is in the middle of a pass: one that has begun what was asked for ends it within this as
 * a rule.
 */
const reconnectMs = 5_000

/**
 * Asks, and waits for the answer. A request that is not answered in time, or that the asker waits for no
 * longer, is withdrawn; so what is told here stays true afterwards.
 * @returns null when the keeper says nothing at all: it may have begun the request, and will not begin it any
 * more.
 */
export async function requestAndWait(asking: RequestAndWaitOptions): Promise<RequestResult | null> {
  const { directory, flotilla, request, readMemory, clock, signal, wake = () => undefined } = asking
  const { requestId, timeoutMs } = request
  await submitRequest(directory, flotilla, request)
  wake()
  const answer = await awaitResult(readMemory, { requestId, timeoutMs, clock, signal })
  if (answer !== null) return answer
  if (await withdrawRequest(directory, flotilla, requestId))
    return {
      requestId,
      result: 'withdrawn',
      detail: 'nobody has taken it; nothing was changed, and nothing will be',
    }
  // It was taken: whoever has it either forgets it now or has begun it.
  const withdrawal = {
    kind: 'withdraw',
    withdrawn: requestId,
    requestId: randomUUID(),
    atMs: clock.nowMs(),
    timeoutMs: null,
  } as const
  await submitRequest(directory, flotilla, withdrawal)
  wake()
  const late = await awaitResult(readMemory, { requestId, clock, timeoutMs: reconnectMs })
  await withdrawRequest(directory, flotilla, withdrawal.requestId)
  return late
}
