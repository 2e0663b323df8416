import { nodeAlias } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'

/** What is wrong with the recorded master, as a named fact with since-when. */
export type MasterFailure =
  /** It can take no write: its process is gone, or was born again as a replica. */
  | { readonly kind: 'dead'; readonly sinceMs: number; readonly what: string }
  /**
   * It runs and has given no sign of life for longer than it may. It could still take writes: it is fenced
   * first.
   */
  | { readonly kind: 'hung'; readonly sinceMs: number; readonly what: string }

/** A process that is busy on the CPU gets this long: slow commands and scripts end. */
const busyBudgetMs = 30_000

/**
 * Crash, hang and blindness are different facts. Any reply is life: a node that is loading, busy or does not
 * let us in is never in trouble here.
 * @returns null while nothing is wrong, or not for long enough, or it may be us who can't see.
 */
export function masterFailureOf(
  input: PlanInput,
  master: Member | undefined,
  nodes: readonly Member[],
): MasterFailure | null {
  const atMs = input.seen.atMs
  if (master === undefined) return null
  const name = `node ${master.ordinal}, the master,`
  switch (master.bucket) {
    case 'absent':
    case 'removing':
      return input.memory.master === null
        ? null
        : { kind: 'dead', sinceMs: atMs, what: `${name} has no container any more` }
    case 'stopped': {
      const exit = master.seen?.container.exit
      return {
        kind: 'dead',
        sinceMs: exit?.atMs ?? atMs,
        what:
          exit?.oomKilled === true
            ? `${name} was OOM-killed`
            : `${name} has ended with exit code ${exit?.code ?? 'unknown'}`,
      }
    }
    case 'unpromoted':
      return {
        kind: 'dead',
        sinceMs: master.seen?.container.startedAtMs ?? atMs,
        what: `${name} was restarted and is a replica, as every node is at birth`,
      }
    case 'paused':
      return hungFor(input, master, nodes, `${name} is frozen (docker pause)`)
    case 'unreachable': {
      if (master.seen?.probe?.kind === 'refused' && lostByAllReplicas(input, master, nodes))
        return {
          kind: 'dead',
          sinceMs: master.seen.unreachableSinceMs ?? atMs,
          what: `${name} has closed its connections and nothing listens at its address`,
        }
      return hungFor(input, master, nodes, `${name} gives no sign of life`)
    }
    default:
      return null
  }
}

/**
 * Refused is strong evidence, but only of the listening socket. The replicas are the second witness: each of
 * them that answers has seen its own connection to the master close, and there is one at least. Otherwise the
 * container's end is waited for, or it is fenced.
 */
function lostByAllReplicas(input: PlanInput, master: Member, nodes: readonly Member[]): boolean {
  const alias = nodeAlias(input.spec.name, master.ordinal)
  const upstreams = nodes
    .flatMap(node => (node === master ? [] : (node.facts?.upstream ?? [])))
    .filter(one => one.host === alias)
  return upstreams.length > 0 && upstreams.every(one => one.link === 'down')
}

function hungFor(
  input: PlanInput,
  master: Member,
  nodes: readonly Member[],
  what: string,
): MasterFailure | null {
  const sinceMs = master.seen?.unreachableSinceMs ?? null
  if (sinceMs === null) return null
  const silentMs = input.seen.atMs - sinceMs
  if (silentMs < hangBudgetMs(input, master)) return null
  const others = nodes.filter(node => node.ordinal !== master.ordinal && node.facts !== null)
  // If nobody answers us, it may be us who are cut off: unknown is not dead.
  if (others.length === 0) return null
  // The replicas are witnesses. They count whole seconds, and the beginning of the silence is known to a
  // second: so much is allowed for.
  const silenceDoubtMs = Math.min(2_000, silentMs / 2)
  const heard = others.some(node => {
    const lastIoSeconds = node.facts?.upstream?.lastIoSeconds
    return (
      lastIoSeconds !== undefined &&
      lastIoSeconds !== null &&
      lastIoSeconds * 1_000 < silentMs - silenceDoubtMs
    )
  })
  return heard
    ? null
    : {
        kind: 'hung',
        sinceMs,
        what: `${what} for ${Math.round(silentMs / 1_000)} s, and no replica hears from it`,
      }
}

/** How long it may be silent: what the manifest says, or 30 s while the kernel says that it works. */
export function hangBudgetMs(input: PlanInput, master: Member): number {
  const { hangTimeoutMs } = input.spec.failover
  return master.seen?.process === 'running' ? Math.max(hangTimeoutMs, busyBudgetMs) : hangTimeoutMs
}
