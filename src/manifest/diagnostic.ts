/**
 * One thing that is wrong with a manifest, in words for the person who wrote it: what is wrong, then what to
 * write instead. Plain data: it goes into status, the log and the API as it is.
 */
export interface Diagnostic {
  /** As the user named it on the command line, or as found in the directory that they named. */
  readonly file: string
  /** Counted from 1; null when the trouble is with the file as a whole. */
  readonly position: Position | null
  readonly message: string
}

export interface Position {
  readonly line: number
  readonly col: number
}

/** `file:line:col: message`, the form that editors and terminals turn into a link. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const { file, position, message } = diagnostic
  return position === null ? `${file}: ${message}` : `${file}:${position.line}:${position.col}: ${message}`
}
