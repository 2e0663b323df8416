/**
 * Loaded into a daemon whose memory is measured (`--import`), so that what it keeps can be told from what V8
 * has not cleaned up yet. SIGCONT does nothing to a process that runs, and the daemon has no use for it.
 */
process.on('SIGCONT', () => {
  // What the first leaves behind because a finaliser held it, the second takes.
  globalThis.gc?.()
  globalThis.gc?.()
})
