import { isIP } from 'node:net'
import { oneLine } from '../printable.js'
import type { GatewayFacts, GatewayServer, Pointing } from '../model/gateway.js'

/**
 * The command of gateway-lua.ts that points both ports. It is carried out only if it `follows` the last
 * one: the number that the gateway answered that one with.
 */
export function pointCommand(
  pointing: Pointing,
  { follows, keepSessions }: { readonly follows: number; readonly keepSessions: boolean },
): string {
  const { master, replicas, lineage } = pointing
  const servers = [serverList(master === null ? [] : [master]), serverList(replicas)]
  const sessions = keepSessions ? 'keep' : 'shut'
  return ['flotilla', 'point', follows, lineage ?? '-', ...servers, sessions].join(' ')
}

export type PointAnswer =
  | { readonly kind: 'done'; readonly serial: number }
  /** There was another order since; this one may be given again. */
  | { readonly kind: 'stale'; readonly serial: number }
  | { readonly kind: 'refused'; readonly reason: string }

export function parsePointAnswer(answer: string): PointAnswer {
  const [, kind, serial] = /^(done|stale) (\d{1,15})$/.exec(answer.trim()) ?? []
  if (kind === 'done' || kind === 'stale') return { kind, serial: Number(serial) }
  return { kind: 'refused', reason: oneLine(answer, messageLengthMax) }
}

/** Somebody else's words end in logs and conditions. */
export const messageLengthMax = 200

export const showCommand = 'flotilla show'

/** Of a server that somebody has added by hand: no ordinal of a node. */
export const foreignOrdinal = -1

function serverList(servers: readonly GatewayServer[]): string {
  if (servers.length === 0) return '-'
  return servers.map(({ ordinal, host, port }) => `${ordinal}=${host}:${port}`).join(',')
}

export interface ShowAnswer {
  readonly serial: number
  readonly facts: GatewayFacts
}

/** Reads the answer to {@link showCommand}; null when it is anything else. */
export function parseShowAnswer(answer: string): ShowAnswer | null {
  const lines = answer.trim().split('\n')
  if (lines.pop() !== 'end') return null
  const values = new Map<string, string>()
  const sessions = new Map<string, readonly [number, number]>()
  const servers = { master: [] as GatewayServer[], replicas: [] as GatewayServer[] }
  for (const line of lines) {
    const [word = '', ...rest] = line.split(' ')
    const [port] = rest
    if (word !== 'server' && word !== 'sessions') {
      values.set(word, rest.join(' '))
      continue
    }
    if (port !== 'master' && port !== 'replicas') return null
    if (word === 'sessions') sessions.set(port, [Number(rest[1]), Number(rest[2])])
    else {
      const server = parseServer(rest[1] ?? '', rest[2] ?? '')
      if (server === null) return null
      servers[port].push(server)
    }
  }
  const byOrdinal = (a: GatewayServer, b: GatewayServer): number => a.ordinal - b.ordinal
  const [masterNow, masterTotal] = sessions.get('master') ?? [Number.NaN, Number.NaN]
  const [replicasNow, replicasTotal] = sessions.get('replicas') ?? [Number.NaN, Number.NaN]
  const pointedBy = values.get('pointed-by')
  const [version, configDigest, lineage] = ['version', 'config', 'lineage'].map(key => values.get(key))
  const uptimeSeconds = Number(values.get('uptime'))
  const serial = Number(values.get('serial'))
  const total = masterTotal + replicasTotal
  if (![serial, uptimeSeconds, masterNow, replicasNow, total].every(number => Number.isSafeInteger(number)))
    return null
  if (version === undefined || configDigest === undefined || lineage === undefined) return null
  if (pointedBy !== 'nobody' && pointedBy !== 'itself' && pointedBy !== 'flotilla') return null
  return {
    serial,
    facts: {
      ...{ version, uptimeSeconds, configDigest, pointedBy },
      configSum: values.get('config-sum') ?? null,
      filesDigest: values.get('files') ?? null,
      lineage: lineage === '-' ? null : lineage,
      isWrittenDown: values.get('written') === 'yes',
      master: servers.master.toSorted(byOrdinal),
      replicas: servers.replicas.toSorted(byOrdinal),
      sessions: { master: masterNow, replicas: replicasNow, total },
    },
  }
}

function parseServer(slot: string, address: string): GatewayServer | null {
  const end = address.lastIndexOf(':')
  const host = address.slice(0, end).replaceAll(/[[\]]/g, '')
  const port = Number(address.slice(end + 1))
  if (isIP(host) === 0 || !/^\d{1,5}$/.test(address.slice(end + 1)) || port > 65_535) return null
  const ordinal = /^node-(\d+)$/.exec(slot)?.[1]
  return { ordinal: ordinal === undefined ? foreignOrdinal : Number(ordinal), host, port }
}
