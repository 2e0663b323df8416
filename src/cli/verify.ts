import { randomUUID } from 'node:crypto'
import { systemClock } from '../clock.js'
import { readDesired } from '../session/manifest-source.js'
import { explainError } from '../errors.js'
import type { FlotillaSpec } from '../model/spec.js'
import { masterName } from '../model/names.js'
import { factsOfNode } from '../model/node-facts.js'
import { nodeTarget } from '../reconciler/observe/observe.js'
import { applicationLogin, type ApplicationLogin } from '../session/application-login.js'
import { observeOnce } from './observe-once.js'
import { peekCredentials } from '../session/peek-credentials.js'
import { selectFlotillas } from '../session/manifests.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'
import { whyNotResolved } from './verify-dns.js'
import type { NodeTarget } from '../model/redis.js'

export interface VerifyRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
  /** As whom; null: as whom {@link applicationLogin} chooses. */
  readonly user: string | null
  readonly timeoutMs: number
}

/** The data test: one key, written on the master, read on every replica, and removed again. */
export async function verify(
  request: VerifyRequest,
): Promise<{ readonly text: string; readonly passed: boolean }> {
  const session = await openSession(request.paths, request.env)
  try {
    const { desired } = await readDesired(request.paths.manifests, session.store)
    const lines: string[] = []
    let passed = true
    for (const { spec } of selectFlotillas(desired, request.names, request.paths.manifests)) {
      const report = await verifyOne(session, spec, request)
      passed &&= report.passed
      lines.push(...report.lines)
    }
    if (lines.length === 0) lines.push('no flotillas: the manifests declare none')
    return { text: `${lines.join('\n')}\n`, passed }
  } finally {
    session.close()
  }
}

interface Report {
  readonly lines: readonly string[]
  readonly passed: boolean
}

async function verifyOne(
  session: Session,
  spec: FlotillaSpec,
  { user, timeoutMs }: Pick<VerifyRequest, 'user' | 'timeoutMs'>,
): Promise<Report> {
  const { input, plan } = await observeOnce(session, spec)
  const credentials = await peekCredentials(session, spec)
  const login = await applicationLogin(session, spec, user)
  const nodes = input.seen.nodes.flatMap(node => {
    const target = nodeTarget(session.reach.mode, { flotilla: spec.name, credentials }, node.container)
    return target === null
      ? []
      : [
          {
            name: node.container.name,
            container: node.container,
            target: asApplication(target, login),
            role: factsOfNode(node)?.role ?? null,
          },
        ]
  })
  const master = nodes.find(node => node.role === 'master')
  if (master === undefined)
    return {
      lines: [`${spec.name}: FAILED: no node is master; see: flotilla status ${spec.name}`],
      passed: false,
    }
  const key = `flotilla:verify:${randomUUID()}`
  const value = new Date(systemClock.nowMs()).toISOString()
  const startedMs = systemClock.monotonicMs()
  try {
    // It takes itself away should the DEL below not be reached.
    await session.redis.command(master.target, ['SET', key, value, 'EX', '60'], { deadlineMs: timeoutMs })
    const replicas = nodes.filter(node => node.role === 'replica')
    const reads = await Promise.all(
      replicas.map(node => readBack(session, node, { key, value, timeoutMs, startedMs })),
    )
    const missing = spec.replicas - replicas.length
    const shortfall =
      missing > 0 ? [`${spec.name}: FAILED: ${missing} of ${spec.replicas} replicas are not there`] : []
    const nameConflicts = [
      ...plan.refusals.filter(({ code }) => code === 'NameConflict').map(({ reason }) => reason),
      await whyNotResolved(session.runtime, {
        name: masterName(spec.name),
        holder: master.container,
        askedIn: (replicas[0] ?? master).container,
      }),
    ].filter(reason => reason !== null)
    return {
      lines: [
        `${spec.name}: wrote through ${master.name}`,
        ...reads.map(read => `${spec.name}: ${read.text}`),
        ...nameConflicts.map(reason => `${spec.name}: FAILED: ${reason}`),
        ...shortfall,
      ],
      passed: missing <= 0 && nameConflicts.length === 0 && reads.every(read => read.ok),
    }
  } catch (error) {
    const reason = explainError(error)
    const hint = /\bNOPERM\b/.test(reason)
      ? `\n  ${login.user} may not set a key flotilla:verify:…; fix: flotilla verify ${spec.name} --user <one that may>`
      : ''
    return { lines: [`${spec.name}: FAILED on ${master.name}: ${reason}${hint}`], passed: false }
  } finally {
    await session.redis.command(master.target, ['DEL', key], { deadlineMs: 2_000 }).catch(() => undefined)
  }
}

/** Without a password nobody logs in: a connection is `default`'s by itself. */
function asApplication(target: NodeTarget, { user, password }: ApplicationLogin): NodeTarget {
  return { ...target, login: password === null ? null : { user, password } }
}

async function readBack(
  session: Session,
  node: { readonly name: string; readonly target: NodeTarget },
  wanted: {
    readonly key: string
    readonly value: string
    readonly timeoutMs: number
    readonly startedMs: number
  },
): Promise<{ readonly text: string; readonly ok: boolean }> {
  const endMs = wanted.startedMs + wanted.timeoutMs
  let last = 'nothing'
  do {
    try {
      const read = await session.redis.command(node.target, ['GET', wanted.key], { deadlineMs: 2_000 })
      if (read === wanted.value)
        return {
          text: `read on ${node.name} after ${Math.round(systemClock.monotonicMs() - wanted.startedMs)} ms`,
          ok: true,
        }
      last = read === null ? 'no such key' : 'another value'
    } catch (error) {
      last = explainError(error)
    }
    await systemClock.sleep(5)
  } while (systemClock.monotonicMs() < endMs)
  return { text: `FAILED: ${node.name} answered ${last} for ${wanted.timeoutMs / 1_000} s`, ok: false }
}
