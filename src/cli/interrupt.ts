/**
 * Aborts at the first Ctrl-C (or SIGTERM, SIGHUP): that is how a person ends what goes on for ever, so it is
 * no failure. A second one ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130)
      interrupted.abort()
    })
  return interrupted.signal
}
