/** What a running daemon may be told by a signal; SIGTERM and SIGINT, which end it, are cmd/run.ts's. */
export interface OrderTaker {
  /** SIGHUP: read the manifests again now, and look at every flotilla. */
  reload(): void
  /** SIGUSR1: say in the log how things are. */
  tellState(): void
  /** SIGUSR2: log more, or as much as before. */
  changeLogLevel(): void
}

export interface SignalOrders {
  /** Obeys from now on, and what came before at once. */
  obey(taker: OrderTaker): void
  close(): void
}

const orders = { SIGHUP: 'reload', SIGUSR1: 'tellState', SIGUSR2: 'changeLogLevel' } as const
type OrderSignal = keyof typeof orders

/** Listens from the first moment on: each of these signals ends a process that doesn't. */
export function listenForOrders(process: NodeJS.EventEmitter): SignalOrders {
  let taker: OrderTaker | null = null
  const early = new Set<OrderSignal>()
  const listeners = (Object.keys(orders) as OrderSignal[]).map(signal => {
    const listener = (): void => {
      if (taker === null) early.add(signal)
      else taker[orders[signal]]()
    }
    process.on(signal, listener)
    return { signal, listener }
  })
  return {
    obey(next) {
      taker = next
      for (const signal of early) next[orders[signal]]()
      early.clear()
    },
    close() {
      for (const { signal, listener } of listeners) process.off(signal, listener)
    },
  }
}
