/** What a running daemon may be told by a signal; SIGTERM and SIGINT, which end it, are cmd/run.ts's. */
export interface AdminSignalHandler {
  /** SIGHUP: read the manifests again now, and look at every flotilla. */
  reload(): void
  /** SIGUSR1: say in the log how things are. */
  reportState(): void
  /** SIGUSR2: log more, or as much as before. */
  changeLogLevel(): void
}

export interface AdminSignals {
  /** Obeys from now on, and what came before at once. */
  handleWith(handler: AdminSignalHandler): void
  close(): void
}

const adminSignals = { SIGHUP: 'reload', SIGUSR1: 'reportState', SIGUSR2: 'changeLogLevel' } as const
type AdminSignal = keyof typeof adminSignals

/** Listens from the first moment on: each of these signals ends a process that doesn't. */
export function listenForAdminSignals(process: NodeJS.EventEmitter): AdminSignals {
  let handler: AdminSignalHandler | null = null
  const early = new Set<AdminSignal>()
  const listeners = (Object.keys(adminSignals) as AdminSignal[]).map(signal => {
    const listener = (): void => {
      if (handler === null) early.add(signal)
      else handler[adminSignals[signal]]()
    }
    process.on(signal, listener)
    return { signal, listener }
  })
  return {
    handleWith(next) {
      handler = next
      for (const signal of early) next[adminSignals[signal]]()
      early.clear()
    },
    close() {
      for (const { signal, listener } of listeners) process.off(signal, listener)
    },
  }
}
