import type { HistoryEntry, CompletedRequest } from '../../model/record.js'

/** What became of something that was asked for, in one line. */
export function renderRequestResult(name: string, answer: HistoryEntry | CompletedRequest): string {
  return 'epoch' in answer ? renderOperation(name, answer) : `${name}: ${answer.result}: ${answer.detail}`
}

function renderOperation(name: string, entry: HistoryEntry): string {
  const { result, detail, reason, from, to, epoch, startedAtMs, endedAtMs } = entry
  switch (result) {
    case 'done':
      return (
        detail ?? `${name}: node ${to} is master now (epoch ${epoch}, took ${endedAtMs - startedAtMs} ms)`
      )
    case 'aborted':
      return `${name}: aborted: ${detail ?? reason}; ${from === null ? 'nobody has changed' : `node ${from} is still master`}`
    case 'refused':
      return `${name}: refused: ${detail ?? reason}`
  }
}
