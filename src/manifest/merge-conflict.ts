import type { YamlProblem } from './yaml-problem.js'

/**
 * What git, and others after it, write around two versions of the same lines; no YAML that holds a manifest
 * has a line that begins so.
 */
const start = /^<{7} /m
const end = /^>{7} /m

/** A merge that nobody has finished, told as one mistake; null when there is none. */
export function unfinishedMerge(text: string): YamlProblem | null {
  const found = start.exec(text) ?? end.exec(text)
  if (found === null) return null
  const closing = end.exec(text.slice(found.index))
  const lastLine = text.slice(0, found.index + (closing?.index ?? 0)).split('\n').length
  return {
    offset: found.index,
    message: `a merge conflict begins here and ends in line ${lastLine}; keep one of the two versions, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>`,
  }
}
