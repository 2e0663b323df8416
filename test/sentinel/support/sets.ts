import type { MasterSets } from '../../../src/sentinel/directory.js'
import type { MasterSet, SetNode, SetReplica } from '../../../src/sentinel/master-set.js'

/** A node of the flotilla `shop`, as a look has found it: 172.20.0.2 is shop-0 and so on. */
export function setNode(ordinal: number, changes: Partial<SetNode> = {}): SetNode {
  const address = `172.20.0.${ordinal + 2}`
  const alias = `shop-${ordinal}`
  return {
    ordinal,
    alias,
    runId: String(ordinal).repeat(40),
    port: 6379,
    gateway: null,
    address: { host: address, port: 6379 },
    networks: [{ network: 'shop', networkId: 'net-shop', address, links: [], aliases: [alias] }],
    ...changes,
  }
}

export function setReplica(ordinal: number, changes: Partial<SetReplica> = {}): SetReplica {
  return { ...setNode(ordinal), isInService: true, isLinkUp: true, offset: 1_000, ...changes }
}

/** shop-0 is master; shop-1 and shop-2 follow it. */
export function settledSet(changes: Partial<MasterSet> = {}): MasterSet {
  const master = setNode(0)
  return {
    ...{
      name: 'shop',
      epoch: 1,
      seenAtMs: 0,
      hangTimeoutMs: 5_000,
      isChanging: false,
      isInDoubt: false,
      isFailover: false,
    },
    ...{ master, recorded: master, replicas: [setReplica(1), setReplica(2)] },
    ...changes,
  }
}

/** The same after shop-1 was promoted in place of shop-0, which is down. */
export function failedOverSet(): MasterSet {
  const master = setNode(1)
  return settledSet({
    ...{ epoch: 2, master, recorded: master },
    replicas: [setReplica(0, { isInService: false, isLinkUp: false }), setReplica(2)],
  })
}

/** What is known, and can be set to something else. */
export function knownSets(...sets: readonly MasterSet[]): MasterSets & { put(set: MasterSet): void } {
  const known = new Map(sets.map(set => [set.name, set]))
  return {
    names: () => [...known.keys()],
    of: name => known.get(name) ?? null,
    engineAnswers: () => true,
    put: set => void known.set(set.name, set),
  }
}
