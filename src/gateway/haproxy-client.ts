import type { Clock } from '../clock.js'
import { FlotillaError, type ErrorCode } from '../errors.js'
import { oneLine } from '../printable.js'
import { startBudget, withTimeout } from '../timeout.js'
import { openAdminConnection, type AdminConnection, type AdminResult } from './admin-connection.js'
import { parseFacts, pointCommand, showCommand } from './answers.js'
import type { GatewayPort, PointOptions } from './gateway.js'
import type { GatewayProbe, GatewayTarget, Pointing } from '../model/gateway.js'

/** The gateway port, to HAProxy. */
export function createGatewayClient({ clock }: { readonly clock: Clock }): GatewayPort {
  return new HaproxyClient(clock)
}

interface Kept {
  readonly processKey: string
  readonly connection: AdminConnection
}

/** Somebody else's words end in logs and conditions. */
const messageLengthMax = 200

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
    const result = await this.#send(target, showCommand, { deadlineMs })
    if (result === null) return { kind: 'silent', reason: `no answer within ${deadlineMs} ms` }
    if (result.kind === 'distrusted') return { kind: 'denied', cause: 'certificate', reason: result.reason }
    if (result.kind === 'nonsense') return { kind: 'denied', cause: 'other', reason: result.reason }
    if (result.kind !== 'answer') return { kind: probeKinds[result.kind], reason: result.reason }
    const facts = parseFacts(result.text)
    if (facts !== null) return { kind: 'answered', facts }
    const reason = `it answers, but not as a gateway of ours does: ${oneLine(result.text, messageLengthMax)}`
    return { kind: 'denied', cause: 'other', reason }
  }

  async point(
    target: GatewayTarget,
    pointing: Pointing,
    { deadlineMs, keepSessions = false, signal }: PointOptions,
  ): Promise<void> {
    const command = pointCommand(pointing, { keepSessions })
    const result = await this.#send(target, command, {
      deadlineMs,
      ...(signal === undefined ? {} : { signal }),
    })
    if (signal?.aborted === true && result === null)
      throw failure(target, 'gateway/aborted', 'the call was ended')
    if (result === null) throw failure(target, 'gateway/timeout', `no answer within ${deadlineMs} ms`)
    if (result.kind === 'distrusted' || result.kind === 'nonsense')
      throw failure(target, 'gateway/denied', result.reason)
    if (result.kind !== 'answer') throw failure(target, 'gateway/unreachable', result.reason)
    if (!/^done$/.test(result.text.trim()))
      throw failure(target, 'gateway/failed', oneLine(result.text, messageLengthMax))
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

  /**
   * Over the kept connection; once more over another one where that had closed without our noticing. Null when the
   * time is up, with the connection, or the call was ended.
   */
  async #send(
    target: GatewayTarget,
    command: string,
    { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal?: AbortSignal },
  ): Promise<AdminResult | null> {
    const leftMs = startBudget(this.#clock, deadlineMs)
    const kept = this.#find(target)
    if (kept !== null) {
      const result = await this.#wait(target, kept.send(command), { ms: leftMs(), signal })
      if (result?.kind !== 'lost') return result
    }
    return this.#wait(target, this.#open(target).send(command), { ms: leftMs(), signal })
  }

  async #wait(
    target: GatewayTarget,
    sent: Promise<AdminResult>,
    { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
  ): Promise<AdminResult | null> {
    const result = await withTimeout(this.#clock, ms, untilAborted(sent, signal))
    if (result === null && signal?.aborted !== true) this.#forget(target)
    return result
  }

  #find(target: GatewayTarget): AdminConnection | null {
    const kept = this.#kept.get(target.containerId)
    if (kept === undefined) return null
    if (kept.processKey === processKeyOf(target) && !kept.connection.closed) return kept.connection
    this.#forget(target)
    return null
  }

  #open(target: GatewayTarget): AdminConnection {
    this.#forget(target)
    const connection = openAdminConnection(target, () => {
      if (this.#kept.get(target.containerId)?.connection !== connection) return
      this.#kept.delete(target.containerId)
      for (const listener of [...this.#listeners]) listener(target)
    })
    if (this.#closed) connection.close()
    else this.#kept.set(target.containerId, { processKey: processKeyOf(target), connection })
    return connection
  }

  #forget({ containerId }: GatewayTarget): void {
    const kept = this.#kept.get(containerId)
    this.#kept.delete(containerId)
    kept?.connection.close()
  }
}

/** Another run, address or certificate is another connection. */
function processKeyOf({ startedAtMs, host, port, access }: GatewayTarget): string {
  return [startedAtMs ?? 'unknown', host, port, access.authorities, access.certificate].join(' ')
}

function untilAborted(
  sent: Promise<AdminResult>,
  signal: AbortSignal | undefined,
): Promise<AdminResult | null> {
  if (signal === undefined) return sent
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null)
    signal.addEventListener('abort', onAbort, { once: true })
    void sent.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function failure(
  { flotilla }: GatewayTarget,
  code: Extract<ErrorCode, `gateway/${string}`>,
  what: string,
): FlotillaError {
  return new FlotillaError(code, `the gateway of ${flotilla}: ${what}`)
}
