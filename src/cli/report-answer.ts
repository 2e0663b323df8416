import { renderAnswer } from '../reconciler/answer-text.js'
import type { Answer } from '../state/answers.js'
import { exitCode } from './exit-codes.js'
import type { Output } from './output.js'

/** Tells what became of a request for another master. @returns the exit code. */
export function reportAnswer(output: Output, name: string, answer: Answer | null): number {
  if (answer === null) {
    output.note(
      `${name}: no answer; if it has been begun it is brought to its end, if not it never will be; see: flotilla status ${name}`,
    )
    return exitCode.notSettled
  }
  if (answer.result === 'done') output.result(`${renderAnswer(name, answer)}\n`)
  else output.note(renderAnswer(name, answer))
  switch (answer.result) {
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
