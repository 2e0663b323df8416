import type { Condition, Daemon, Flotilla, FlotillaNode, Health, Phase } from './shapes.js'

/** How a thing is, for colour and shape; always beside a word that says the same. */
export type Tone = 'good' | 'doubtful' | 'bad' | 'quiet'

export function toneOfPhase(phase: Phase): Tone {
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
  }
}

export function toneOfHealth(health: Health): Tone {
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
export function urgency({ phase, pausedSince }: Flotilla): number {
  const tone = toneOfPhase(phase)
  return tone === 'bad' ? 0 : tone === 'doubtful' ? 1 : pausedSince === null ? 3 : 2
}

/**
 * Whether the condition says that something is not as it should be. There are two kinds: those whose name is good news (Ready, MasterAvailable, ConfigApplied)
 * are wrong when they are not True, all others when they are. What is off, as the manifest asks, is no trouble.
 */
export function isTrouble({ type, status, reason }: Condition): boolean {
  return goodNews.test(type) ? status !== 'True' && reason !== 'Off' : status === 'True'
}

const goodNews = /(Ready|Available|Accepted|Healthy|Applied)$/

/** Conditions that say something, each once, which is not said by the phase, its reason, the plan or a hold already. */
export function conditionsToTell({ conditions, refusing, reason }: Flotilla): readonly Condition[] {
  const elsewhere = new Set(['Ready', 'Progressing', 'Paused', ...refusing.map(({ code }) => code)])
  const told = conditions.filter(
    condition => isTrouble(condition) && !elsewhere.has(condition.type) && condition.message !== reason,
  )
  return told.filter(({ message }, index) => told.findIndex(one => one.message === message) === index)
}

/** What the condition says of how things are: `Degraded`, `not MasterAvailable`. */
export function troubleIn({ type, status }: Condition): string {
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
export function silentSince({ lookedAt }: Flotilla, nowMs: number): number | null {
  const atMs = Date.parse(lookedAt)
  return nowMs - atMs > freshMs ? atMs : null
}

/** What keeps the daemon from its work, beside what it does not know yet. */
export function troubles(daemon: Daemon): readonly string[] {
  return daemon.checks.flatMap(({ trouble }) => trouble ?? [])
}
