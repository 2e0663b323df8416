import { renderEndpoint, type AddressBook } from './describe.js'
import type { Asker } from './asker.js'
import type { MasterSet, SetNode } from './master-set.js'

/** What is published to who has subscribed. Each client is told addresses that it can use. */
export interface Message {
  readonly channel: string
  /** Null: nothing that this client could use. */
  readonly text: (asker: Asker) => string | null
}

/** What was told of a flotilla so far. */
export interface Announced {
  /** The last one that was master. */
  readonly master: SetNode | null
  readonly isDown: boolean
  /** Whether each replica is in service, by its ordinal. */
  readonly replicas: ReadonlyMap<number, boolean>
}

/**
 * What Sentinel would publish between what was told and what is so now. `+switch-master` comes when the
 * change is over: whoever connects then reaches the new master.
 */
export function changesSince(
  before: Announced | null,
  now: MasterSet,
  book: AddressBook,
): { readonly messages: readonly Message[]; readonly announced: Announced } {
  if (before === null) return { messages: [], announced: announce(now, now.master) }
  if (now.isInDoubt || (now.isChanging && !now.isFailover)) return { messages: [], announced: before }
  if (now.master === null) {
    const messages = before.isDown || before.master === null ? [] : goneDown(now, before.master, book)
    return { messages, announced: { ...before, isDown: messages.length > 0 || before.isDown } }
  }
  const announced = announce(now, now.master)
  if (before.master === null || before.master.ordinal === now.master.ordinal) {
    const back = before.isDown ? comeBack(now, now.master, book) : []
    const moved = before.master === null ? [] : [switched(now, before.master, now.master, book)]
    return { messages: [...moved, ...back, ...replicaChanges(before, now, book)], announced }
  }
  const fresh: Announced = { ...announced, replicas: new Map() }
  return {
    messages: [switched(now, before.master, now.master, book), ...replicaChanges(fresh, now, book)],
    announced,
  }
}

function announce({ replicas }: MasterSet, master: SetNode | null): Announced {
  const states = replicas.map(({ ordinal, isInService }) => [ordinal, isInService] as const)
  return { master, isDown: false, replicas: new Map(states) }
}

function goneDown(set: MasterSet, master: SetNode, book: AddressBook): readonly Message[] {
  return [
    { channel: '+sdown', text: asker => masterText(set, master, asker, book) },
    { channel: '+odown', text: asker => withQuorum(masterText(set, master, asker, book)) },
  ]
}

function comeBack(set: MasterSet, master: SetNode, book: AddressBook): readonly Message[] {
  return ['-sdown', '-odown'].map(channel => ({
    channel,
    text: asker => masterText(set, master, asker, book),
  }))
}

function switched(set: MasterSet, from: SetNode, to: SetNode, book: AddressBook): Message {
  return {
    channel: '+switch-master',
    text(asker) {
      const [old, next] = [renderEndpoint(book(asker, from)), renderEndpoint(book(asker, to))]
      return next === null || old === next ? null : `${set.name} ${old ?? next} ${next}`
    },
  }
}

/** `+slave` for one that is new, `+sdown` and `-sdown` as it leaves the service and comes back. */
function replicaChanges({ replicas }: Announced, now: MasterSet, book: AddressBook): readonly Message[] {
  return now.replicas.flatMap(replica => {
    const before = replicas.get(replica.ordinal)
    const text = (asker: Asker): string | null => replicaText(now, replica, asker, book)
    const isNew = before === undefined
    return [
      ...(isNew ? [{ channel: '+slave', text }] : []),
      ...(replica.isInService
        ? before === false
          ? [{ channel: '-sdown', text }]
          : []
        : before === false
          ? []
          : [{ channel: '+sdown', text }]),
    ]
  })
}

function masterText(set: MasterSet, master: SetNode, asker: Asker, book: AddressBook): string | null {
  const endpoint = renderEndpoint(book(asker, master))
  return endpoint === null ? null : `master ${set.name} ${endpoint}`
}

function withQuorum(text: string | null): string | null {
  return text === null ? null : `${text} #quorum 1/1`
}

function replicaText(set: MasterSet, replica: SetNode, asker: Asker, book: AddressBook): string | null {
  const address = book(asker, replica)
  const master = set.master === null ? null : renderEndpoint(book(asker, set.master))
  if (address === null || master === null) return null
  const { host, port } = address
  return `slave ${host}:${port} ${host} ${port} @ ${set.name} ${master}`
}
