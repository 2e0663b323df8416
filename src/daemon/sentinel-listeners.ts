import type { Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { errno } from '../files.js'
import { isInSubnet } from '../sentinel/asker.js'
import { isLoopback, isWildcard, renderListenAddress, type ListenAddress } from '../listen-address.js'
import type { SentinelSetting } from './sentinel-setting.js'
import { ownAddresses, type Subnets } from './subnets.js'

/** How often an address is tried that this machine does not have yet, ms. */
const retryMs = 2_000

/** What {@link SentinelListeners} works with. */
export interface ListenerTools {
  readonly server: { listen(address: ListenAddress): Promise<ListenAddress> }
  readonly subnets: Pick<Subnets, 'known' | 'refresh'>
  readonly events: EventSink
  readonly clock: Clock
}

/** Listens at each address as soon as this machine has it: a bridge comes and goes with its network. */
export class SentinelListeners {
  readonly #setting: SentinelSetting
  readonly #tools: ListenerTools
  #cancel: () => void = () => undefined
  #isStopped = false

  constructor(setting: SentinelSetting, tools: ListenerTools) {
    this.#setting = setting
    this.#tools = tools
  }

  /** @throws FlotillaError sentinel/address-taken, sentinel/unsafe */
  async start(): Promise<void> {
    const missing: ListenAddress[] = []
    for (const address of this.#setting.addresses) {
      if (await this.#listen(address)) continue
      missing.push(address)
      this.#tools.events.publish('sentinel.waiting', { address: renderListenAddress(address) })
    }
    this.#retryLater(missing)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #retryLater(missing: readonly ListenAddress[]): void {
    if (missing.length === 0 || this.#isStopped) return
    this.#cancel = this.#tools.clock.after(retryMs, () => void this.#retry(missing))
  }

  async #retry(missing: readonly ListenAddress[]): Promise<void> {
    await this.#tools.subnets.refresh()
    const still: ListenAddress[] = []
    for (const address of missing) {
      if (this.#isStopped) return
      try {
        if (!(await this.#listen(address))) still.push(address)
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error
        const { message, hint } = error
        this.#tools.events.publish('sentinel.unavailable', { error: message, hint })
      }
    }
    this.#retryLater(still)
  }

  /** @returns false when this machine does not have the address yet. */
  async #listen(address: ListenAddress): Promise<boolean> {
    const { server, subnets, events } = this.#tools
    const password = this.#setting.password !== null
    if (!password && !isLoopback(address.host) && !isOnBridge(address, subnets)) {
      if (mayBeReached(address)) throw unsafe(address)
      return false
    }
    try {
      const bound = renderListenAddress(await server.listen(address))
      events.publish('sentinel.listening', { address: bound, password })
      return true
    } catch (error) {
      if (error instanceof FlotillaError && errno(error.cause) === 'EADDRNOTAVAIL') return false
      throw error
    }
  }
}

/** The address of this host on a network of the engine: only containers of this host have a way there. */
function isOnBridge({ host }: ListenAddress, { known }: ListenerTools['subnets']): boolean {
  return known.some(
    ({ driver, subnets }) => driver === 'bridge' && subnets.some(subnet => isInSubnet(host, subnet)),
  )
}

/** One that this machine has, or all of its addresses. */
function mayBeReached({ host }: ListenAddress): boolean {
  return isWildcard(host) || ownAddresses().includes(host)
}

function unsafe(address: ListenAddress): FlotillaError {
  return new FlotillaError(
    'sentinel/unsafe',
    `${renderListenAddress(address)} can be reached from other machines, and whoever asks there is told every flotilla's addresses`,
    {
      hint: 'Give --sentinel-password-file, or an address on loopback or on a bridge of Docker, such as 172.17.0.1:26379.',
    },
  )
}
