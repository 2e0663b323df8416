import type { Condition, Daemon, Flotilla, FlotillaNode, Health, Phase } from './api-types.js'

/** How a thing is, for colour and shape; always beside a word that says the same. */
export type Severity = 'good' | 'doubtful' | 'bad' | 'quiet'

export function phaseSeverity(phase: Phase): Severity {
  switch (phase) {
    case 'Ready':
    case 'Following':
      return 'good'
    case 'Creating':
    case 'Updating':
    case 'Degraded':
      return 'doubtful'
    case 'Unavailable':
    case 'Held':
      return 'bad'
    case 'Hibernated':
      return 'quiet'
  }
}

export function healthSeverity(health: Health): Severity {
  switch (health) {
    case 'online':
      return 'good'
    case 'syncing':
    case 'starting':
    case 'loading':
    case 'busy':
    case 'unpromoted':
    case 'paused':
      return 'doubtful'
    default:
      return 'bad'
  }
}

/** Graver first. */
export function sortRank({ phase, pausedSince }: Flotilla): number {
  const severity = phaseSeverity(phase)
  return severity === 'bad' ? 0 : severity === 'doubtful' ? 1 : pausedSince === null ? 3 : 2
}

/**
 * Whether the condition says that something is not as it should be. There are two kinds: those whose name is
 * good news (Ready, MasterAvailable, ConfigApplied) are wrong when they are not True, all others when they
 * are. What is off, as the manifest asks, is no trouble.
 */
export function isProblem({ type, status, reason }: Condition): boolean {
  if (type === 'Hibernated') return false
  return positiveTypes.test(type) ? status !== 'True' && !asAsked.includes(reason) : status === 'True'
}

/** The manifest asks for no such thing, or for it not to be there now. */
const asAsked: readonly string[] = ['Off', 'Hibernated']

const positiveTypes = /(Ready|Available|Accepted|Healthy|Applied)$/

/**
 * Conditions that say something, each once, which is not said by the phase, its reason, the plan or a hold
 * already.
 */
export function conditionsToShow({ conditions, refusing, reason }: Flotilla): readonly Condition[] {
  const elsewhere = new Set(['Ready', 'Progressing', 'Paused', ...refusing.map(({ code }) => code)])
  const shown = conditions.filter(
    condition => isProblem(condition) && !elsewhere.has(condition.type) && condition.message !== reason,
  )
  return shown.filter(({ message }, index) => shown.findIndex(one => one.message === message) === index)
}

/** What the condition says of how things are: `Degraded`, `not MasterAvailable`. */
export function problemText({ type, status }: Condition): string {
  return status === 'True' ? type : `${status === 'False' ? 'not' : 'unknown whether'} ${type}`
}

export function masterOf({ nodes, master }: Flotilla): FlotillaNode | null {
  return nodes.find(node => node.role === 'master' && node.name === master) ?? null
}

export function isOnline({ health }: FlotillaNode): boolean {
  return health === 'online'
}

/** A settled flotilla is looked at every five seconds. */
const freshMs = 20_000

/** Since when there is no news of the flotilla, though the daemon is heard; null while there is. */
export function staleSince({ observedAt }: Flotilla, nowMs: number): number | null {
  const atMs = Date.parse(observedAt)
  return nowMs - atMs > freshMs ? atMs : null
}

/** What keeps the daemon from its work, beside what it does not know yet. */
export function failedChecks(daemon: Daemon): readonly string[] {
  return daemon.checks.flatMap(({ error }) => error ?? [])
}
