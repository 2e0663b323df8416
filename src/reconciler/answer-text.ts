import type { HistoryEntry, RequestAnswer } from './memory.js'

/** What became of something that was asked for, in one line. */
export function renderAnswer(name: string, answer: HistoryEntry | RequestAnswer): string {
  return 'epoch' in answer ? ofChange(name, answer) : `${name}: ${answer.result}: ${answer.detail}`
}

function ofChange(name: string, entry: HistoryEntry): string {
  const { result, detail, reason, from, to, epoch, startedAtMs, endedAtMs } = entry
  switch (result) {
    case 'done':
      return (
        detail ?? `${name}: node ${to} is master now (epoch ${epoch}, took ${endedAtMs - startedAtMs} ms)`
      )
    case 'aborted':
      return `${name}: called off, ${detail ?? reason}; ${from === null ? 'nobody has changed' : `node ${from} is still master`}`
    case 'refused':
      return `${name}: refused: ${detail ?? reason}`
  }
}
