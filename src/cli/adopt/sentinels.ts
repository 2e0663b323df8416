import { systemClock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { SourceSpec } from '../../model/spec.js'
import { loginTo } from '../../reconciler/observe/source.js'
import { readAnySecretFile } from '../../secret-files.js'
import { Secret } from '../../secret.js'
import type { Output } from '../output.js'
import type { Session } from '../../session/session.js'
import { reachSource, type NamedContainer } from './inspect.js'
import type { NodeTarget } from '../../model/redis.js'

/** Where Sentinels listen unless they were told otherwise; a server that they watch does not see it. */
const sentinelPort = 26_379
/** A Sentinel closes its connections as soon as it has forgotten whom they were for. */
const forgetTimeoutMs = 10_000

/**
 * Right before the take-over, and not sooner: whoever asks a Sentinel for the master finds one until then.
 * With `remove` every Sentinel that watches one of these forgets it, and it is looked again whether all have.
 * @throws FlotillaError usage/invalid while one watches, redis/… when one can't be asked.
 */
export async function requireNoSentinels(
  session: Session,
  {
    containers,
    from,
    remove,
  }: {
    readonly containers: readonly NamedContainer[]
    readonly from: SourceSpec | null
    readonly remove: boolean
  },
  output: Output,
): Promise<void> {
  const login = await loginTo('to be', from, readAnySecretFile)
  const inspected = await Promise.all(containers.map(named => reachSource(session, named, login)))
  const nodes = inspected.flatMap(({ target }) => target ?? [])
  const runIds = inspected.flatMap(({ seen }) =>
    seen.probe?.kind === 'answered' ? [seen.probe.facts.runId] : [],
  )
  const hosts = await sentinelsWatching(session, nodes)
  if (hosts.length === 0) return
  if (!remove) throw watchedBy(hosts)
  for (const notes of await forget(session, hosts, runIds)) output.note(notes)
  const endMs = systemClock.monotonicMs() + forgetTimeoutMs
  let left = await sentinelsWatching(session, nodes)
  while (left.length > 0 && systemClock.monotonicMs() < endMs) {
    await systemClock.sleep(200)
    left = await sentinelsWatching(session, nodes)
  }
  if (left.length > 0) throw watchedBy(left)
}

/** What is said while Sentinels are not to be removed, or were not all. */
export function watchedBy(hosts: readonly string[]): FlotillaError {
  return new FlotillaError(
    'usage/invalid',
    `a Redis Sentinel at ${hosts.join(', ')} watches what is to be taken over, and would promote another node by its own judgement, also later`,
    {
      hint: 'Add --remove-sentinels to have it forget them, right before the take-over. Or there: redis-cli -p 26379 SENTINEL MASTERS, and SENTINEL REMOVE with the name that it has for them.',
    },
  )
}

async function sentinelsWatching(
  { redis }: Session,
  nodes: readonly NodeTarget[],
): Promise<readonly string[]> {
  const hosts = await Promise.all(nodes.map(node => redis.listSentinels(node, { deadlineMs: 5_000 })))
  return [...new Set(hosts.flat())].toSorted()
}

/** Each Sentinel knows the others that watch the same master, on whatever port they listen. */
async function forget(
  session: Session,
  hosts: readonly string[],
  runIds: readonly string[],
): Promise<readonly string[]> {
  const notes: string[] = []
  const asked = new Set<string>()
  const left = hosts.map(host => ({ host, port: sentinelPort }))
  for (let at = left.shift(); at !== undefined; at = left.shift()) {
    const displayName = `${at.host}:${at.port}`
    if (asked.has(displayName)) continue
    asked.add(displayName)
    const ask = (...words: readonly string[]): Promise<unknown> =>
      session.redis.command(sentinelAt(at), ['SENTINEL', ...words], { deadlineMs: 5_000 })
    for (const name of mastersIn(await ask('MASTERS'), runIds)) {
      left.push(...othersIn(await ask('SENTINELS', name)))
      await ask('REMOVE', name)
      notes.push(`the Sentinel at ${displayName} has forgotten ${name} (SENTINEL REMOVE)`)
    }
  }
  return notes
}

function sentinelAt({ host, port }: { readonly host: string; readonly port: number }): NodeTarget {
  const displayName = `the Sentinel at ${host}:${port}`
  const none = new Secret('')
  return {
    ...{ host, port, nodeAlias: displayName, flotilla: '', containerId: displayName, startedAtMs: null },
    ...{ credentials: { control: none, replication: none, application: null }, login: null },
  }
}

/** The names that a Sentinel has for these runs of servers, from SENTINEL MASTERS. */
export function mastersIn(reply: unknown, runIds: readonly string[]): readonly string[] {
  return entriesOf(reply).flatMap(entry => {
    const [name, runId] = [entry.get('name'), entry.get('runid')]
    return name !== undefined && runId !== undefined && runIds.includes(runId) ? [name] : []
  })
}

/** From SENTINEL SENTINELS. */
export function othersIn(reply: unknown): readonly { readonly host: string; readonly port: number }[] {
  return entriesOf(reply).flatMap(entry => {
    const [host, port] = [entry.get('ip'), Number(entry.get('port'))]
    return host === undefined || host === '' || !Number.isInteger(port) ? [] : [{ host, port }]
  })
}

/** Names and values in turns, as RESP2 has a mapping. */
function entriesOf(reply: unknown): readonly ReadonlyMap<string, string>[] {
  return (Array.isArray(reply) ? reply : []).map((entry: unknown) => {
    const flat = Array.isArray(entry) ? entry.map(String) : []
    return new Map(
      flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : [])),
    )
  })
}
