import { FlotillaError } from '../../errors.js'
import type { SourceSpec } from '../../model/spec.js'
import type { ObservedSource } from '../../model/observation.js'
import { observeSource, sourceTarget } from '../../reconciler/observe/source.js'
import { readPasswordFile } from '../../reconciler/auth/password-file.js'
import { readAnySecretFile } from '../../secret-files.js'
import { promptPassword } from '../confirm.js'
import type { Session } from '../../session/session.js'
import { listenersIn, whyNotReached, type Listener } from './listeners.js'
import type { FoundRedis, Readout } from './survey.js'
import type { NodeTarget, SourceLogin } from '../../model/redis.js'

/** A container, and the port that its Redis listens on. */
export interface NamedContainer {
  readonly container: string
  readonly port: number
}

/** Every container asked what it is; who needs a password that was not given is asked for, once. */
export async function inspectAll(
  session: Session,
  asked: {
    readonly containers: readonly NamedContainer[]
    readonly user: string | null
    readonly passwordFile: string | null
  },
): Promise<{ readonly login: SourceLogin | null; readonly found: readonly FoundRedis[] }> {
  const { user, passwordFile, containers } = asked
  const given =
    passwordFile === null ? null : { user, password: await passwordIn(passwordFile, '--password-file') }
  try {
    return { login: given, found: await inspectWith(session, containers, given) }
  } catch (error) {
    if (!(error instanceof PasswordRequired) || given !== null) throw error
    const password = await promptPassword(`${error.container} wants a password (it is not shown): `)
    if (password === null) throw error
    const login = { user, password }
    return { login, found: await inspectWith(session, containers, login) }
  }
}

/** @throws FlotillaError manifest/… when `option` names no file that holds a password. */
export function passwordIn(file: string, option: string): ReturnType<typeof readPasswordFile> {
  return readPasswordFile(file, readAnySecretFile, { flotilla: 'to be', field: option })
}

class PasswordRequired extends FlotillaError {
  readonly container: string

  constructor(container: string, reason: string) {
    super('usage/invalid', `${container} does not let us in: ${reason}`, {
      hint: 'Put its password into a file (mode 0600) and add: --password-file <file>   (and --user <user> where it is not that of default)',
    })
    this.container = container
  }
}

function inspectWith(
  session: Session,
  containers: readonly NamedContainer[],
  login: SourceLogin | null,
): Promise<readonly FoundRedis[]> {
  return Promise.all(containers.map(named => inspectOne(session, named, login)))
}

async function inspectOne(
  session: Session,
  named: NamedContainer,
  login: SourceLogin | null,
): Promise<FoundRedis> {
  const { container, port } = named
  const { seen, target } = await reachSource(session, named, login)
  const { probe, problem, remedy } = seen
  if (problem !== null)
    throw new FlotillaError('usage/invalid', problem, { hint: remedy ?? 'See: docker ps -a' })
  if (probe?.kind !== 'answered' || target === null) throw await notReached(session, named, seen)
  const facts = await session.runtime.inspectContainer(container)
  const ask = (...command: readonly string[]): Promise<unknown> =>
    session.redis.command(target, command, { deadlineMs: 5_000 })
  const commands = await tryRead(() => session.redis.listCommands(target, { deadlineMs: 5_000 }))
  const knows = (name: string): boolean =>
    commands.kind === 'unreadable' || commands.value.some(one => one.name === name && one.hasItsName)
  return {
    ...{ container, port },
    image: facts?.image ?? '',
    imageId: facts?.imageId ?? '',
    labels: facts?.labels ?? {},
    networks: (facts?.networks ?? []).filter(one => one.address !== null).map(one => one.network),
    facts: probe.facts,
    commands,
    clusterEnabled: /^cluster_enabled:1/m.test(String(await ask('INFO', 'cluster'))),
    config: await tryRead(async () => pairsOf(await ask('CONFIG', 'GET', '*'))),
    users: await tryRead(() => session.redis.listUsers(target, { deadlineMs: 5_000 })),
    sentinels: knows('client') ? await session.redis.listSentinels(target, { deadlineMs: 5_000 }) : [],
  }
}

/** One look, and how to ask more; the target is null where it is not reached from here. */
export async function reachSource(
  session: Session,
  { container, port }: NamedContainer,
  login: SourceLogin | null,
): Promise<{ readonly seen: ObservedSource; readonly target: NodeTarget | null }> {
  const at: SourceSpec['at'] = { kind: 'container', container, port }
  const from: SourceSpec = { at, user: null, passwordFile: null }
  const seen = await observeSource(session.observer, container, { from, login, external: [] })
  return { seen, target: sourceTarget(container, seen, login) }
}

/**
 * What a server does not tell this user, or at all (`rename-command`), can't be taken over; that is no reason
 * not to take over the rest.
 */
async function tryRead<T>(ask: () => Promise<T>): Promise<Readout<T>> {
  try {
    return { kind: 'read', value: await ask() }
  } catch (error) {
    if (!(error instanceof FlotillaError) || error.code !== 'redis/refused-command') throw error
    return { kind: 'unreadable', reason: error.message }
  }
}

function pairsOf(reply: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : []
  return new Map(
    flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : [])),
  )
}

async function notReached(
  session: Session,
  named: NamedContainer,
  { probe }: ObservedSource,
): Promise<FlotillaError> {
  const { container } = named
  const said = probe !== null && 'reason' in probe ? probe.reason : 'it is not reached from here'
  if (probe?.kind === 'denied' && probe.cause === 'credentials') return new PasswordRequired(container, said)
  if (probe?.kind === 'denied' && /\bDENIED\b/.test(said))
    return new FlotillaError(
      'usage/invalid',
      `${container} is in protected mode: it has no password, and answers nobody outside its container`,
      {
        hint: `Run: docker exec ${container} redis-cli${named.port === 6_379 ? '' : ` -p ${named.port}`} CONFIG SET protected-mode no   (anybody on its networks can use it then), or give it a password first: CONFIG SET requirepass`,
      },
    )
  if (probe?.kind === 'denied' && said.startsWith('it has no password'))
    return new FlotillaError('usage/invalid', `${container} does not let us in: ${said}`, {
      hint: 'Leave --password-file out.',
    })
  const reason =
    probe?.kind === 'refused' ? whyNotReached(named, await listenersOf(session, container)) : null
  return new FlotillaError(
    'redis/unreachable',
    reason === null ? `${container} does not answer as a Redis: ${said}` : reason.reason,
    { hint: reason === null ? `See: docker logs ${container}` : reason.hint },
  )
}

/** Where something listens in a container, as far as its image has a program that shows it. */
async function listenersOf(session: Session, container: string): Promise<readonly Listener[]> {
  const command = ['cat', '/proc/net/tcp', '/proc/net/tcp6']
  try {
    return listenersIn((await session.runtime.execInContainer(container, command)).stdout)
  } catch {
    return []
  }
}
