import { readEvents } from '../events/journal/read.js'

/** What the daemon has told of the Sentinel protocol since its start. */
export interface SentinelState {
  readonly listening: readonly { readonly address: string; readonly password: boolean }[]
  /** Addresses that this machine did not have yet. */
  readonly waiting: readonly string[]
  readonly problems: readonly { readonly error: string; readonly hint: string | null }[]
}

/**
 * From the journal: the daemon chooses its ports, and has told of them. Empty where it does not speak the
 * protocol, or has ended in good order.
 * @throws FlotillaError state/unreadable
 */
export async function readSentinelState(stateDirectory: string): Promise<SentinelState> {
  const events = await readEvents(stateDirectory, {
    matches: ({ event }) => event.startsWith('sentinel.') || starts.has(event),
    last: 50,
  })
  const begin = events.findLastIndex(({ event }) => starts.has(event))
  const of = (code: string) => events.slice(begin + 1).filter(({ event }) => event === code)
  const listening = of('sentinel.listening').map(({ fields: { address, password } }) => ({
    address: String(address),
    password: password === true,
  }))
  return {
    listening,
    waiting: of('sentinel.waiting')
      .map(({ fields }) => String(fields['address']))
      .filter(address => !listening.some(one => one.address === address)),
    problems: of('sentinel.unavailable').map(({ fields: { error, hint } }) => ({
      error: String(error),
      hint: typeof hint === 'string' ? hint : null,
    })),
  }
}

/** Whatever an earlier daemon has told is over then. */
const starts: ReadonlySet<string> = new Set(['daemon.started', 'daemon.stopped'])
