import type { Clock } from '../clock.js'
import { FlotillaError, type ErrorCode } from '../errors.js'
import { oneLine } from '../printable.js'
import { startBudget, untilAborted, withTimeout } from '../timeout.js'
import { openAdminConnection, type AdminConnection, type AdminResult } from './admin-connection.js'
import { messageLengthMax, parsePointAnswer, parseShowAnswer, pointCommand, showCommand } from './answers.js'
import type { GatewayPort, PointOptions } from './gateway.js'
import type { GatewayProbe, GatewayTarget, Pointing } from '../model/gateway.js'

/** The gateway port, to HAProxy. */
export function createGatewayClient({ clock }: { readonly clock: Clock }): GatewayPort {
  return new HaproxyClient(clock)
}

interface Kept {
  readonly processKey: string
  readonly connection: AdminConnection
  /**
   * Resolves once it is known which order was the gateway's last: an earlier connection, or somebody else,
   * may have given one.
   */
  readonly whyNotOpen: Promise<AdminResult | 'open'>
  /** The number of that order, as the gateway counts them. */
  serial: number
}

interface CallBudget {
  readonly leftMs: () => number
  readonly signal: AbortSignal | undefined
}

const probeKinds = {
  refused: 'refused',
  lost: 'refused',
  failed: 'silent',
} as const

class HaproxyClient implements GatewayPort {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #listeners = new Set<(target: GatewayTarget) => void>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async probe(target: GatewayTarget, { deadlineMs }: { readonly deadlineMs: number }): Promise<GatewayProbe> {
    const result = await this.#send(target, () => showCommand, this.#budget(deadlineMs))
    if (result === null) return { kind: 'silent', reason: `no answer within ${deadlineMs} ms` }
    if (result.kind === 'distrusted') return { kind: 'denied', cause: 'certificate', reason: result.reason }
    if (result.kind === 'nonsense') return { kind: 'denied', cause: 'other', reason: result.reason }
    if (result.kind !== 'answer') return { kind: probeKinds[result.kind], reason: result.reason }
    const shown = parseShowAnswer(result.text)
    if (shown !== null) return { kind: 'answered', facts: shown.facts }
    return { kind: 'denied', cause: 'other', reason: notOurs(result.text) }
  }

  async point(target: GatewayTarget, pointing: Pointing, options: PointOptions): Promise<void> {
    const { deadlineMs, keepSessions = false, signal } = options
    const call = this.#budget(deadlineMs, signal)
    for (;;) {
      const result = await this.#send(
        target,
        follows => pointCommand(pointing, { follows, keepSessions }),
        call,
      )
      if (result === null && signal?.aborted === true)
        throw failure(target, 'gateway/aborted', 'the call was ended')
      if (result === null) throw failure(target, 'gateway/timeout', `no answer within ${deadlineMs} ms`)
      if (result.kind === 'distrusted' || result.kind === 'nonsense')
        throw failure(target, 'gateway/denied', result.reason)
      if (result.kind !== 'answer') throw failure(target, 'gateway/unreachable', result.reason)
      const answer = parsePointAnswer(result.text)
      if (answer.kind === 'refused') throw failure(target, 'gateway/failed', answer.reason)
      const kept = this.#find(target)
      if (kept !== null) kept.serial = answer.serial
      if (answer.kind === 'done') return
    }
  }

  onConnectionLost(listener: (target: GatewayTarget) => void): () => void {
    const subscription = (target: GatewayTarget): void => listener(target)
    this.#listeners.add(subscription)
    return () => this.#listeners.delete(subscription)
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const [containerId, { connection }] of this.#kept) {
      if (containerIds.has(containerId)) continue
      this.#kept.delete(containerId)
      connection.close()
    }
  }

  close(): void {
    this.#closed = true
    this.retain(new Set())
    this.#listeners.clear()
  }

  #budget(deadlineMs: number, signal?: AbortSignal): CallBudget {
    return { leftMs: startBudget(this.#clock, deadlineMs), signal }
  }

  /**
   * Over the kept connection; once more over another one where that had closed without our noticing. Null
   * when the time is up, with the connection, or the call was ended.
   */
  async #send(
    target: GatewayTarget,
    command: (follows: number) => string,
    call: CallBudget,
  ): Promise<AdminResult | null> {
    const kept = this.#find(target)
    if (kept !== null) {
      const result = await this.#sendOver(kept, target, command, call)
      if (result?.kind !== 'lost') return result
    }
    return this.#sendOver(this.#open(target), target, command, call)
  }

  async #sendOver(
    kept: Kept,
    target: GatewayTarget,
    command: (follows: number) => string,
    call: CallBudget,
  ): Promise<AdminResult | null> {
    const whyNot = await this.#wait(target, kept.whyNotOpen, call)
    if (whyNot !== 'open') return whyNot
    return this.#wait(target, kept.connection.send(command(kept.serial)), call)
  }

  async #wait<Result>(
    target: GatewayTarget,
    sent: Promise<Result>,
    { leftMs, signal }: CallBudget,
  ): Promise<Result | null> {
    const result = await withTimeout(this.#clock, leftMs(), untilAborted(sent, signal))
    if (result === null && signal?.aborted !== true) this.#forget(target)
    return result
  }

  #find(target: GatewayTarget): Kept | null {
    const kept = this.#kept.get(target.containerId)
    if (kept === undefined) return null
    if (kept.processKey === processKeyOf(target) && !kept.connection.closed) return kept
    this.#forget(target)
    return null
  }

  #open(target: GatewayTarget): Kept {
    this.#forget(target)
    const connection = openAdminConnection(target, () => {
      if (this.#kept.get(target.containerId) !== kept) return
      this.#kept.delete(target.containerId)
      for (const listener of [...this.#listeners]) listener(target)
    })
    const kept: Kept = {
      ...{ processKey: processKeyOf(target), connection, serial: 0 },
      whyNotOpen: connection.send(showCommand).then(result => {
        if (result.kind !== 'answer') return result
        const shown = parseShowAnswer(result.text)
        if (shown === null) return { kind: 'nonsense', reason: notOurs(result.text) }
        kept.serial = shown.serial
        return 'open'
      }),
    }
    if (this.#closed) connection.close()
    else this.#kept.set(target.containerId, kept)
    return kept
  }

  #forget({ containerId }: GatewayTarget): void {
    const kept = this.#kept.get(containerId)
    this.#kept.delete(containerId)
    kept?.connection.close()
  }
}

function notOurs(answer: string): string {
  return `it answers, but not as a gateway of ours does: ${oneLine(answer, messageLengthMax)}`
}

/** Another run, address or certificate is another connection. */
function processKeyOf({ startedAtMs, host, port, access }: GatewayTarget): string {
  return [startedAtMs ?? 'unknown', host, port, access.authorities, access.certificate].join(' ')
}

function failure(
  { flotilla }: GatewayTarget,
  code: Extract<ErrorCode, `gateway/${string}`>,
  what: string,
): FlotillaError {
  return new FlotillaError(code, `the gateway of ${flotilla}: ${what}`)
}
