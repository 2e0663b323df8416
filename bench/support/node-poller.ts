import { setTimeout as sleepFor } from 'node:timers/promises'
import type { RawEngine } from './raw-engine.js'
import { wireWhenListening, type Wire } from './wire.js'

/**
 * Looks at a flotilla from outside, at ours and at the floor's alike, so that the clock stops by one
 * criterion for both: what the nodes themselves say in INFO. It finds the nodes by the engine's `start`
 * events and keeps a connection to each from its start on.
 */
export interface NodePoller {
  /** Resolves when node 0 lists so many replicas as online and each of those says that its link is up. */
  allOnline(replicas: number): Promise<void>
  /** Resolves when the process that is started next in this container says that its link is up. */
  nextLinkUp(containerId: string): Promise<void>
  /**
   * Resolves when so many containers have been started from now on, and each of them follows with its link up
   * or is master.
   */
  nextStarted(count: number): Promise<void>
  close(): void
}

/**
 * How long between two looks: far below the differences that are measured, and cheap enough not to be one.
 */
const pollIntervalMs = 3

export async function openNodePoller(
  engine: RawEngine,
  flotilla: string,
  password: string,
): Promise<NodePoller> {
  const wires = new Map<string, Promise<Wire>>()
  const waiters: (() => void)[] = []
  const starts = new Map<string, string>()
  const order: string[] = []
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }))
  const events = await engine.follow(`/events?filters=${filters}`, value => {
    const { id, Actor } = value as StartEvent
    const name = Actor.Attributes['name'] ?? ''
    // A throwaway container that an image is tried on has a name of the flotilla's too, and is none of its
    // nodes.
    if (!name.startsWith(`${flotilla}-`) || !/-(master|replica-\d+)$/.test(name)) return
    const wire = addressOf(engine, id, flotilla).then(host => wireWhenListening({ host }, password))
    wire.catch(() => {})
    wires.set(id, wire)
    starts.set(id, name)
    order.push(id)
    for (const resolve of waiters.splice(0)) resolve()
  })
  const change = (): Promise<void> => new Promise(resolve => waiters.push(resolve))
  return {
    async allOnline(replicas) {
      while (wires.size < replicas + 1) await change()
      // In a new flotilla node 0 is the master, and is created under the master's name or still under its
      // own.
      const master = [...starts].find(([, name]) => /-(master|replica-0)$/.test(name))?.[0] ?? ''
      const followers = [...wires].filter(([id]) => id !== master).map(([, wire]) => wire)
      await until(wires.get(master), info => (info.match(/state=online/g) ?? []).length >= replicas)
      await Promise.all(followers.map(wire => until(wire, isLinked)))
    },
    async nextLinkUp(containerId) {
      wires.delete(containerId)
      while (!wires.has(containerId)) await change()
      await until(wires.get(containerId), isLinked)
    },
    async nextStarted(count) {
      const from = order.length
      while (order.length < from + count) await change()
      await Promise.all(order.slice(from).map(id => until(wires.get(id), isInService)))
    },
    close() {
      events.stop()
      for (const wire of wires.values()) void wire.then(open => open.close()).catch(() => {})
    },
  }
}

interface StartEvent {
  readonly id: string
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> }
}

function isLinked(info: string): boolean {
  return info.includes('master_link_status:up')
}

function isInService(info: string): boolean {
  return isLinked(info) || info.includes('role:master')
}

async function until(wire: Promise<Wire> | undefined, isSo: (info: string) => boolean): Promise<void> {
  if (wire === undefined) throw new Error('no such node')
  const open = await wire
  while (!isSo(await open.ask('INFO', 'replication'))) await sleepFor(pollIntervalMs)
}

/** Of a running container on its flotilla's network. */
export async function addressOf(engine: RawEngine, containerId: string, network: string): Promise<string> {
  const { NetworkSettings } = (await engine.call('GET', `/containers/${containerId}/json`)) as {
    readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
  }
  return NetworkSettings.Networks[network]?.IPAddress ?? ''
}
