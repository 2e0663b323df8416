import { Random } from '../../support/random.js'
import type { Fault, FaultBody, FaultKind, NodeRef, Scenario, SimSpec } from './scenario.js'

const crashes: readonly FaultKind[] = [
  'kill',
  'kill-again',
  'exit',
  'remove',
  'leave-dead',
  'leave-unusable',
  'crash-flotilla',
  'restart-engine',
]
const hangs: readonly FaultKind[] = [
  'pause',
  'freeze',
  'busy',
  'disconnect',
  'slow-link',
  'slow-sync',
  'slow-load',
]
const observationFaults: readonly FaultKind[] = [
  'engine-trouble',
  'order-trouble',
  'event-trouble',
  'clock-jump',
  'start-fails',
  'node-trouble',
]
const userActions: readonly FaultKind[] = [
  'flush',
  'edit',
  'ask-switchover',
  'ask-failover',
  'ask-restart',
  'ask-pause',
  'promote-by-hand',
  'failover-by-hand',
  'start-by-hand',
  'rename-by-hand',
]
const disasters: readonly FaultKind[] = ['power-cut', 'remove-volume', 'forget', 'restore-record']

/**
 * What happens in the world of one seed. Faults come in bursts: the second while the first is being answered,
 * often with just the so many-th call that Flotilla makes, because what is worth trying is between two of its
 * steps.
 */
export function scenarioOf(seed: number): Scenario {
  return withHibernation(seed, withGateway(seed))
}

/** Of numbers of its own too: in some worlds it is hibernated before a fault, or once all have come. */
function withHibernation(seed: number, scenario: Scenario): Scenario {
  const random = new Random(seed ^ 0x2b17e5c9)
  if (!random.chance(0.3)) return scenario
  const faults = [...scenario.faults]
  for (let times = random.int(1, 2); times > 0; times--) {
    const asleep: Fault = {
      ...faultOf(random, 'hibernate', 0),
      ...{
        afterMs: Math.round(random.spread(1, 8_000)),
        afterCalls: random.chance(0.2) ? random.int(1, 12) : 0,
      },
    }
    const index = random.int(0, faults.length)
    const next = faults[index]
    // What comes after it strikes at any of its steps.
    if (next !== undefined && random.chance(0.7))
      faults[index] = { ...next, afterMs: Math.round(random.spread(1, 400)), afterCalls: random.int(0, 14) }
    faults.splice(index, 0, asleep)
  }
  return { ...scenario, faults }
}

function withGateway(seed: number): Scenario {
  const scenario = withRules(seed)
  // Of numbers of its own, so that a seed means the world that it meant before there were gateways.
  const random = new Random(seed ^ 0x6a7e3a11)
  if (!random.chance(0.35)) return scenario
  const faults = scenario.faults.flatMap((fault): Fault[] =>
    random.chance(0.3)
      ? [
          {
            ...faultOf(random, 'gateway', 0),
            ...{ afterMs: fault.afterMs, afterCalls: random.chance(0.3) ? random.int(1, 12) : 0 },
          },
          { ...fault, afterMs: Math.round(random.spread(1, 500)) },
        ]
      : [fault],
  )
  return {
    ...scenario,
    faults,
    spec: {
      ...scenario.spec,
      more: [scenario.spec.more, gatewayField].filter(one => one !== undefined).join('\n  '),
    },
  }
}

/** Who may be master, and when a roll may move it, of numbers of their own too. */
function withRules(seed: number): Scenario {
  const scenario = withoutGateway(seed)
  const random = new Random(seed ^ 0x3c0ffee)
  const { replicas } = scenario.spec
  const barred = random.int(0, replicas)
  const priority =
    random.chance(0.25) && replicas > 0
      ? { priority: `{ ${barred}: 0, ${(barred + 1) % (replicas + 1)}: 50 }` }
      : {}
  const more = random.chance(0.15) ? { more: 'update: { master: approve }' } : {}
  return { ...scenario, spec: { ...scenario.spec, ...priority, ...more } }
}

const gatewayField = 'gateway: { master: 127.0.0.1:6379, replicas: 127.0.0.1:6380 }'
const gatewayFaults = ['kill', 'stop', 'remove', 'pause', 'disconnect', 'cut-admin', 'edit-by-hand'] as const

function withoutGateway(seed: number): Scenario {
  const random = new Random(seed)
  const kinds = palette(random)
  const spec = specOf(random)
  const nodes = spec.replicas + 1
  const faults = Array.from({ length: random.int(1, 7) }, (_, index) => {
    const inBurst = index > 0 && random.chance(0.6)
    return {
      afterMs: Math.round(inBurst ? random.spread(1, 1_000) : random.spread(50, 12_000)),
      afterCalls: random.chance(0.35) ? random.int(1, 12) : 0,
      ...faultOf(random, random.pick(kinds), nodes),
    } satisfies Fault
  })
  return {
    seed,
    spec,
    writers: Array.from({ length: random.int(1, 2) }, () => ({
      everyMs: Math.round(random.spread(80, 2_000)),
      waitFor: random.chance(0.4) ? 1 : 0,
    })),
    faults,
    healAfterMs: Math.round(random.spread(1, 15_000)),
  }
}

/** Not everything everywhere: a few kinds of faults at a time reach deeper. */
function palette(random: Random): [FaultKind, ...FaultKind[]] {
  const groups = [crashes, hangs, observationFaults, userActions, disasters].filter(() => random.chance(0.45))
  const kinds = groups.flat().filter(() => random.chance(0.6))
  return ['kill', 'crash-flotilla', ...kinds]
}

function specOf(random: Random): SimSpec {
  const replicas = random.pick([2, 2, 2, 1, 3, 0])
  return {
    replicas,
    persistence: random.pick(['aof', 'aof', 'rdb', 'none']),
    image: 'redis:1',
    minReplicas: replicas > 0 && random.chance(0.3) ? 1 : 0,
    mode: random.chance(0.9) ? 'automatic' : 'manual',
    hangTimeoutMs: random.pick([5_000, 2_000]),
    restartWindowMs: random.pick([0, 0, 0, 1_500]),
  }
}

function faultOf(random: Random, kind: FaultKind, nodes: number): FaultBody {
  const node = (): number => random.int(0, nodes - 1)
  const ref = (): NodeRef => (random.chance(0.5) ? 'master' : node())
  const forMs = (): number => Math.round(random.spread(20, 40_000))
  switch (kind) {
    case 'kill':
    case 'remove':
    case 'leave-dead':
    case 'leave-unusable':
    case 'disconnect':
      return { kind, node: ref() }
    case 'kill-again':
      return { kind, times: random.int(2, 12), everyMs: Math.round(random.spread(100, 12_000)) }
    case 'exit':
      return { kind, node: ref(), code: random.pick([0, 1]) }
    case 'freeze':
      return { kind, node: ref(), forMs: random.chance(0.3) ? 0 : forMs() }
    case 'pause':
    case 'busy':
      return { kind, node: ref(), forMs: forMs() }
    case 'slow-link':
      return { kind, node: node(), byMs: Math.round(random.spread(5, 3_000)), forMs: forMs() }
    case 'slow-sync':
      return { kind, syncMs: Math.round(random.spread(50, 20_000)), forMs: forMs() }
    case 'slow-load':
      return { kind, loadMs: Math.round(random.spread(50, 20_000)), forMs: forMs() }
    case 'crash-flotilla':
    case 'power-cut':
      return { kind, downMs: Math.round(random.spread(50, 5_000)) }
    case 'restart-engine':
    case 'flush':
    case 'forget':
      return { kind }
    case 'engine-trouble':
      return {
        ...{ kind, how: random.pick(['fail', 'lose-reply', 'stall'] as const) },
        ...{ share: random.pick([0.1, 0.5, 1]), forMs: forMs() },
      }
    case 'gateway':
      return { kind, how: random.pick(gatewayFaults), forMs: Math.round(random.spread(20, 20_000)) }
    case 'order-trouble':
      return {
        ...{ kind, how: random.pick(['lose-reply', 'lose'] as const) },
        ...{ share: random.pick([0.3, 1]), forMs: forMs() },
      }
    case 'event-trouble':
      return { kind, how: random.pick(['lose', 'twice', 'late'] as const), forMs: forMs() }
    case 'clock-jump':
      return { kind, byMs: Math.round(random.spread(100, 7_200_000)) * (random.chance(0.5) ? 1 : -1) }
    case 'edit':
      return { kind, change: editOf(random) }
    case 'restore-record':
      return { kind, faultsAgo: random.pick([1, 2, 3]) }
    case 'promote-by-hand':
    case 'failover-by-hand':
    case 'start-by-hand':
    case 'remove-volume':
    case 'start-fails':
      return { kind, node: node() }
    case 'node-trouble':
      return { kind, node: ref(), what: random.pick(['create', 'start', 'set-aside']), forMs: forMs() }
    case 'rename-by-hand':
      return {
        kind,
        node: ref(),
        to: random.pick(['shop-master', 'shop-replica-0', 'shop-replica-1', 'odd']),
      }
    case 'hibernate':
      return { kind, forMs: random.chance(0.3) ? 600_000 : forMs() }
    case 'ask-switchover':
    case 'ask-failover':
      return { kind, to: random.chance(0.5) ? null : node() }
    case 'ask-restart':
      return { kind, node: random.chance(0.3) ? null : node() }
    case 'ask-pause':
      return { kind, forMs: forMs() }
  }
}

function editOf(random: Random): Partial<SimSpec> {
  return random.pick<Partial<SimSpec>>([
    { replicas: random.int(0, 4) },
    { image: random.pick(['redis:1', 'redis:2']) },
    { minReplicas: random.int(0, 1) },
    { hangTimeoutMs: random.pick([2_000, 5_000]) },
    { mode: random.pick(['automatic', 'manual']) },
    { persistence: random.pick(['aof', 'rdb', 'none']) },
    { volumeNames: random.pick(['{flotilla}-{ordinal}', '{ordinal}.of.{flotilla}']) },
  ])
}
