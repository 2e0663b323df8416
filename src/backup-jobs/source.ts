import type { BackupSource } from '../backup/take.js'
import { FlotillaError } from '../errors.js'
import type { ContainerFacts } from '../model/engine.js'
import type { NodeTarget, RedisFacts } from '../model/redis.js'
import type { BackupSpec, FlotillaSpec } from '../model/spec.js'
import { nodeTarget } from '../reconciler/observe/observe.js'
import { readNodeLabels } from '../runtime/labels.js'
import { applicationLogin } from '../session/application-login.js'
import { peekCredentials } from '../session/peek-credentials.js'
import type { Session } from '../session/session.js'

export type SourceSession = Pick<Session, 'runtime' | 'redis' | 'reach' | 'store'>

interface Candidate {
  readonly ordinal: number
  readonly container: ContainerFacts
  readonly target: NodeTarget
  readonly facts: RedisFacts
}

const askMs = 5_000

/**
 * The node to read: the replica of the recorded master's lineage that is most advanced, or the master where
 * there is none, or it was asked for. Without those that are named: they have just failed.
 * @throws FlotillaError redis/unreachable where there is nobody to read.
 */
export async function chooseSource(
  session: SourceSession,
  spec: FlotillaSpec,
  { from, except }: { readonly from: BackupSpec['from']; readonly except: ReadonlySet<number> },
): Promise<BackupSource> {
  const candidates = await findCandidates(session, spec)
  const chosen = mostSuitable(candidates, from, except) ?? mostSuitable(candidates, from, new Set())
  if (chosen === null)
    throw new FlotillaError('redis/unreachable', `${spec.name}: there is no node to read a backup from`, {
      hint: spec.hibernate
        ? `It hibernates; wake it first: flotilla wake ${spec.name}`
        : `See: flotilla status ${spec.name}`,
    })
  const { ordinal, container, target } = chosen
  return { ordinal, image: container.image, target, reader: await readerOf(session, spec, target) }
}

/** Pure: who it is. */
export function mostSuitable<Node extends Pick<Candidate, 'ordinal' | 'facts'>>(
  candidates: readonly Node[],
  from: BackupSpec['from'],
  except: ReadonlySet<number>,
): Node | null {
  const able = candidates.filter(({ ordinal }) => !except.has(ordinal))
  const master = able.find(({ facts }) => facts.role === 'master') ?? null
  if (from === 'master') return master
  const lineage = candidates.find(({ facts }) => facts.role === 'master')?.facts.replid ?? null
  const replicas = able.filter(
    ({ facts }) =>
      facts.role === 'replica' &&
      facts.upstream?.link === 'up' &&
      !facts.asyncLoading &&
      (lineage === null || facts.replid === lineage),
  )
  const [first] = replicas.toSorted((a, b) => b.facts.offset - a.facts.offset || a.ordinal - b.ordinal)
  return first ?? master
}

async function findCandidates(session: SourceSession, spec: FlotillaSpec): Promise<readonly Candidate[]> {
  const { runtime, redis, reach, store } = session
  const credentials = await peekCredentials({ store }, spec)
  const nodes = (await runtime.listContainers()).flatMap(container => {
    const labels = readNodeLabels(container.labels)
    const target =
      labels?.flotilla === spec.name
        ? nodeTarget(reach.mode, { flotilla: spec.name, credentials }, container)
        : null
    return labels === null || target === null ? [] : [{ ordinal: labels.ordinal, container, target }]
  })
  const seen = await Promise.all(
    nodes.map(async node => ({ ...node, probe: await redis.probe(node.target, { deadlineMs: askMs }) })),
  )
  return seen.flatMap(({ probe, ...node }) =>
    probe.kind === 'answered' ? [{ ...node, facts: probe.facts }] : [],
  )
}

/** As whom keys are looked at: the sample is left out where nobody may. */
async function readerOf(
  { store }: SourceSession,
  spec: FlotillaSpec,
  target: NodeTarget,
): Promise<NodeTarget | null> {
  const { user, password } = await applicationLogin({ store }, spec, null)
  return { ...target, login: password === null ? null : { user, password } }
}
