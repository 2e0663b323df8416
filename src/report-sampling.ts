/**
 * What fails again and again is told once, then counted: the 1st time, the 5th, 10th, 20th, 40th and so on,
 * and at once when the reason is another. A line for each try would push everything else out of the log and
 * the journal.
 */
export function isReported(times: number): boolean {
  return times === 1 || (times % 5 === 0 && Number.isInteger(Math.log2(times / 5)))
}

/** Ids, addresses and sizes differ from try to try. Nothing is another error than none. */
export function isDifferentError(before: string | undefined, now: string): boolean {
  return before !== undefined && withoutNumbers(before) !== withoutNumbers(now)
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/[0-9a-f]{12,}|\d+/g, '#')
}
