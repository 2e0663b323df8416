import type { HistoryEntry } from './memory.js'

/** What became of something that was asked for, in one line. */
export function renderAnswer(name: string, answer: HistoryEntry): string {
  const took = `${answer.endedAtMs - answer.startedAtMs} ms`
  switch (answer.result) {
    case 'done':
      return answer.detail ?? `${name}: node ${answer.to} is master now (epoch ${answer.epoch}, took ${took})`
    case 'aborted':
      return `${name}: called off, ${answer.detail ?? answer.reason}; ${answer.from === null ? 'nobody has changed' : `node ${answer.from} is still master`}`
    case 'refused':
      return `${name}: refused: ${answer.detail ?? answer.reason}`
  }
}
