import { renderAnswer } from '../reconciler/answer-text.js'
import type { Answer } from './ask.js'
import type { Output } from './output.js'

/** Tells what became of it. @returns whether it was done. */
export function reportAnswer(output: Output, name: string, answer: Answer): boolean {
  if (answer === null) {
    output.note(`${name}: no answer in time; what goes on tells: flotilla status ${name}`)
    return false
  }
  if (answer.result === 'done') output.result(`${renderAnswer(name, answer)}\n`)
  else output.note(renderAnswer(name, answer))
  return answer.result === 'done'
}
