import { renderRequestResult } from '../reconciler/report/request-result-text.js'
import type { RequestResult } from '../state/await-result.js'
import { exitCode } from './exit-codes.js'
import type { Output } from './output.js'

/** Tells what became of a request for another master. @returns the exit code. */
export function reportResult(output: Output, name: string, result: RequestResult | null): number {
  if (result === null) {
    output.note(
      `${name}: no answer; if it has been begun it is brought to its end, if not it never will be; see: flotilla status ${name}`,
    )
    return exitCode.notSettled
  }
  if (result.result === 'done') output.result(`${renderRequestResult(name, result)}\n`)
  else output.note(renderRequestResult(name, result))
  switch (result.result) {
    case 'done':
      return exitCode.done
    case 'refused':
    case 'aborted':
      return exitCode.failed
    case 'expired':
    case 'withdrawn':
      return exitCode.notSettled
  }
}
