import type { GatewayPort } from '../../gateway/gateway.js'
import { containerGatewayLayout } from '../../gateway/layout.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { GatewayAccess, GatewayProbe, GatewayTarget } from '../../model/gateway.js'
import { gatewayName, networkName } from '../../model/names.js'
import type { ObservedGateway } from '../../model/observation.js'
import { oneLine } from '../../printable.js'
import { nodeAddress, type ReachMode } from '../../redis/reach.js'
import { readGatewayLabels, specHashLabel } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'

/** As for a node, which it is asked beside. */
const probeDeadlineMs = 500

/** Nobody waits for it: the pass that follows closes a gateway that has not answered by then. */
const holdDeadlineMs = 1_000

type Seen = Pick<ObservedGateway, 'silentSinceMs' | 'lastPointing'> & { readonly probe: GatewayProbe }
type Known = Seen & { readonly target: GatewayTarget }

export interface GatewayInput {
  readonly flotilla: string
  /** Null: none is asked for. */
  readonly image: string | null
  readonly specHash: string | null
  /** Null where nobody can get in. */
  readonly access: GatewayAccess | null
  /** Goes by what is known. */
  readonly fastPath: boolean
}

/** Looks at the gateways of flotillas, and remembers what each said last. */
export class GatewayObserver {
  readonly port: GatewayPort
  readonly #runtime: Runtime
  readonly #reach: ReachMode
  readonly #nowMs: () => number
  readonly #last = new Map<string, Known>()

  constructor(options: {
    readonly port: GatewayPort
    readonly runtime: Runtime
    readonly reach: ReachMode
    readonly nowMs: () => number
  }) {
    this.port = options.port
    this.#runtime = options.runtime
    this.#reach = options.reach
    this.#nowMs = options.nowMs
  }

  /** @returns undefined where there is none, and none is asked for. */
  async observe(
    containers: readonly ContainerFacts[],
    input: GatewayInput,
  ): Promise<ObservedGateway | undefined> {
    const { flotilla, fastPath } = input
    const ours = containers
      .filter(({ labels }) => readGatewayLabels(labels) === flotilla)
      .toSorted((a, b) => rankOf(b, flotilla) - rankOf(a, flotilla) || a.createdAtMs - b.createdAtMs)
    if (ours.length === 0 && input.image === null) return undefined
    const [serving] = ours
    const needsImage = serving === undefined || serving.labels[specHashLabel] !== input.specHash
    const [probed, hasImage, lastLogLines] = await Promise.all([
      serving === undefined ? { probe: null, silentSinceMs: null } : this.#probe(serving, input),
      input.image === null || !needsImage || fastPath
        ? null
        : this.#runtime.findImage(input.image).then(found => found !== null),
      serving === undefined || fastPath ? [] : this.#readLastLogLines(serving),
    ])
    return { containers: ours, ...probed, hasImage, lastLogLines }
  }

  /**
   * The node that it leads to may have died a moment ago: whoever comes now waits, and is let through to
   * whoever is master when that is known, in some milliseconds; otherwise it would be led to where nobody
   * answers, be sent away and come again when it likes. Who is connected stays. The next pass opens it again
   * where this was a false alarm.
   * @returns how long that took, ms; null where nothing was to be done, or it did not answer.
   */
  async holdClientsOf(flotilla: string, master: number): Promise<number | null> {
    const found = [...this.#last].find(([, { target }]) => target.flotilla === flotilla)
    if (found === undefined) return null
    const [containerId, before] = found
    if (before.probe.kind !== 'answered') return null
    const { facts } = before.probe
    if (!facts.master.some(({ ordinal }) => ordinal === master)) return null
    const startedAtMs = this.#nowMs()
    const closed = { master: null, replicas: facts.replicas, lineage: null }
    try {
      await this.port.point(before.target, closed, { deadlineMs: holdDeadlineMs, keepSessions: true })
    } catch {
      return null
    }
    if (this.#last.get(containerId) === before) {
      const probe = { ...before.probe, facts: { ...facts, master: [], lineage: null } }
      this.#last.set(containerId, { ...before, probe, lastPointing: probe.facts })
    }
    return this.#nowMs() - startedAtMs
  }

  retain(containerIds: ReadonlySet<string>): void {
    this.port.retain(containerIds)
    for (const known of this.#last.keys()) if (!containerIds.has(known)) this.#last.delete(known)
  }

  async #probe(
    container: ContainerFacts,
    { flotilla, access, fastPath }: GatewayInput,
  ): Promise<Seen | { readonly probe: null; readonly silentSinceMs: null }> {
    const target = access === null ? null : gatewayTarget({ reach: this.#reach, flotilla, access }, container)
    const before = this.#last.get(container.containerId)
    if (target === null) return { probe: null, silentSinceMs: null }
    if (fastPath && before !== undefined) return seenOf(before)
    const probe = await this.port.probe(target, { deadlineMs: probeDeadlineMs })
    const silentSinceMs = probe.kind === 'answered' ? null : (before?.silentSinceMs ?? this.#nowMs())
    const lastPointing = probe.kind === 'answered' ? probe.facts : before?.lastPointing
    const seen = { probe, silentSinceMs, ...(lastPointing === undefined ? {} : { lastPointing }) }
    this.#last.set(container.containerId, { ...seen, target })
    return seen
  }

  async #readLastLogLines({ containerId, state, exit }: ContainerFacts): Promise<readonly string[]> {
    if (state !== 'restarting' && (state !== 'exited' || exit === null || exit.code === 0)) return []
    try {
      const lines = await this.#runtime.readLogs(containerId, { tailLines: 3 })
      return lines.map(line => oneLine(line, 300))
    } catch {
      return []
    }
  }
}

function seenOf({ target: _target, ...seen }: Known): Seen {
  return seen
}

/** How to talk to one; null while it does not run or has no address. */
export function gatewayTarget(
  way: { readonly reach: ReachMode; readonly flotilla: string; readonly access: GatewayAccess },
  container: ContainerFacts,
): GatewayTarget | null {
  const { reach, flotilla, access } = way
  if (container.state !== 'running') return null
  const address = nodeAddress({
    ...{ mode: reach, container, network: networkName(flotilla), nodeAlias: gatewayName(flotilla) },
    redisPort: containerGatewayLayout.ports.admin,
  })
  if (address.kind === 'unknown') return null
  const { containerId, startedAtMs } = container
  return { flotilla, containerId, startedAtMs, host: address.host, port: address.port, access }
}

/** The one that has the name comes first, then one that runs. */
function rankOf({ name, state }: ContainerFacts, flotilla: string): number {
  return (name === gatewayName(flotilla) ? 2 : 0) + (state === 'running' ? 1 : 0)
}
