import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceSpec } from '../../../../src/model/spec.js'
import type { FlotillaMemory, SourceRecord } from '../../../../src/model/record.js'
import type { ObservedNode, ObservedSource } from '../../../../src/model/observation.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { specHashLabel } from '../../../../src/runtime/labels.js'
import { noUpstream } from '../../../../src/model/actions/sources.js'
import type { Action } from '../../../../src/model/plan.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { renderAction } from '../../../../src/reconciler/plan/render-plan.js'
import { attempt, drive, see } from '../../support/drive.js'
import { build, type Setting } from '../../support/settings.js'
import { advanceTime, type World } from '../../support/small-world.js'
import {
  answered,
  container,
  master,
  memory,
  newborn,
  node,
  nodeRecord,
  nothingThere,
  nowMs,
  operation,
  planInput,
  planIs,
  planText,
  redisFacts,
  replica,
  request,
  resources,
  spec,
  stopped,
  upstream,
  type Case,
} from '../../support/world.js'
import type { ContainerFacts, NetworkFacts } from '../../../../src/model/engine.js'
import type { RedisFacts } from '../../../../src/model/redis.js'

const from: SourceSpec = {
  at: { kind: 'container', container: 'redis-master', port: 6379 },
  user: null,
  passwordFile: null,
}
const record: SourceRecord = { from, leader: 0, phase: 'followed', network: null, sinceMs: nowMs - 60_000 }
const asksToFollow = { replicas: 1, bootstrap: from }
const following = memory(null, { source: record })

function source(facts: Partial<RedisFacts> = {}, overrides: Partial<ObservedSource> = {}): ObservedSource {
  return {
    displayName: 'redis-master',
    upstream: { host: '172.17.0.2', port: 6379 },
    network: null,
    address: { host: '172.17.0.2', port: 6379, containerId: 'old', startedAtMs: nowMs - 600_000 },
    probe: answered({ runId: 'run-old', ...facts }),
    problem: null,
    ...overrides,
  }
}

const leader = replica(0, { upstream: { host: '172.17.0.2' } }, { container: { name: 'shop-master' } })
const inSync = [leader, replica(1)]
const takeOver = request({ kind: 'take-over' })

test('a new flotilla follows the source by its lowest node, and the others follow that one', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: memory(null),
      seen: { source: source(), resources: nothingThere },
    },
    `
      1 record-source from=at:kind:container,container:redis-master,port:6379 leader=0
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      2 create-volume 1 volume=shop-1
      3 create-container 0 shop-master
      3 create-container 1 shop-replica-1
      4 start-container 0 shop-master
      5 start-container 1 shop-replica-1
      6 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
      6 follow 1 master=0
      7 apply-config 1
    `,
  )
})

test('a source on a network of its own is reached there by the leader alone', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: memory(null),
      seen: { source: source({}, { network: 'bridge' }), resources: nothingThere },
    },
    `
      1 record-source from=at:kind:container,container:redis-master,port:6379 leader=0 network=bridge
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      2 create-volume 1 volume=shop-1
      3 create-container 0 shop-master
      3 create-container 1 shop-replica-1
      4 connect-network 0 shop-master network=bridge
      5 start-container 0 shop-master
      6 start-container 1 shop-replica-1
      7 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
      7 follow 1 master=0
      8 apply-config 1
    `,
    'external-replication/a source on a network of its own is reached there by the',
  )
})

test('a source on a network that clients live on is followed only when the leader has joined it', () => {
  const seen = { source: source({}, { network: 'app' }), networks: [bridgeNetwork('app')] }
  const external = { subnet: null, external: ['app'] }
  planIs(
    {
      spec: { ...asksToFollow, replicas: 0, network: external },
      memory: memory(null),
      seen: { ...seen, resources: nothingThere },
    },
    `
      1 record-source from=at:kind:container,container:redis-master,port:6379 leader=0
      2 create-network network=shop
      2 create-volume 0 volume=shop-0
      3 create-container 0 shop-master
      4 connect-network 0 shop-master network=app
      5 start-container 0 shop-master
      6 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
    `,
    'external-replication/a source on a network that clients live on is followed only',
  )
  // A host may be reached on any network.
  for (const network of ['app', null])
    planIs(
      {
        ...{ spec: { ...asksToFollow, network: external }, memory: following, nodes: inSync },
        seen: { ...seen, source: source({}, { network }) },
      },
      `
        1 connect-network 0 shop-master network=app
        2 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
        3 connect-network 1 shop-replica-1 network=app
      `,
      'external-replication/a source on a network that clients live on is followed only (2)',
    )
})

test('in sync with the source there is nothing to do but to wait for a person', () => {
  planIs({ spec: asksToFollow, memory: following, nodes: inSync, seen: { source: source() } }, 'nothing')
})

test('a source that has another address is followed there', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: following,
      nodes: inSync,
      seen: { source: source({}, { upstream: { host: '172.17.0.9', port: 6379 } }) },
    },
    '1 follow-source 0 upstream=host:172.17.0.9,port:6379 source=redis-master',
    'external-replication/a source that has another address is followed there',
  )
})

test('a source that is gone is a hold, and whoever crashes comes back all the same', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: following,
      nodes: [leader, newborn(1)],
      seen: {
        source: source({}, { upstream: null, probe: null, problem: 'there is no container redis-master' }),
      },
    },
    `
      1 follow 1 master=0
      2 apply-config 1
      hold BootstrapBlocked
        docker start redis-master
        flotilla promote shop --force
    `,
    'external-replication/a source that is gone is a hold and whoever crashes comes',
  )
})

test('a source that does not let us in is a hold that says where its password goes', () => {
  const denied = { kind: 'denied', cause: 'credentials', reason: 'it wants a password (NOAUTH)' } as const
  planIs(
    {
      spec: asksToFollow,
      memory: following,
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), replica(1)],
      seen: { source: source({}, { probe: denied }) },
    },
    `
      hold BootstrapBlocked
        spec.bootstrap.from.passwordFile
    `,
    'external-replication/a source that does not let us in is a hold that says where',
  )
})

test('a source of a newer format than the image reads is a hold in words, not an endless synchronisation', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: following,
      nodes: [newborn(0, { keys: 0 }, { container: { name: 'shop-master' } }), replica(1)],
      seen: { source: source({ version: '7.4.1' }) },
    },
    `
      hold BootstrapBlocked
        spec.image
    `,
    'external-replication/a source of a newer format than the image reads is a hold in',
  )
})

test('a source that came back empty is not followed again by a leader that holds what it had', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: following,
      nodes: [newborn(0, { keys: 10 }, { container: { name: 'shop-master' } }), replica(1)],
      seen: { source: source({ keys: 0 }) },
    },
    `
      hold BootstrapBlocked
        flotilla promote shop --force
    `,
    'external-replication/a source that came back empty is not followed again by a',
  )
})

test('nodes or volumes that are there already are never overwritten by a source', () => {
  for (const facts of [
    { nodes: [], seen: { source: source(), resources: resources({ volumes: ['shop-1'] }) } },
    { nodes: [newborn(0)], seen: { source: source(), resources: resources() } },
  ]) {
    const text = planText({ ...facts, spec: asksToFollow, memory: memory(null) })
    assert.match(text, /^refuses \(BootstrapBlocked\): spec\.bootstrap asks to follow redis-master/)
    assert.match(text, /flotilla down shop --volumes && flotilla up shop/)
  }
})

test('a lost memory is recreated from who follows the source', () => {
  const [first = ''] = planText({
    spec: asksToFollow,
    memory: memory(null),
    nodes: inSync,
    seen: { source: source() },
  }).split('\nstage 2')
  assert.match(first, /^stage 1\n {2}record that node 0 follows a Redis that is not ours/)
})

test('a flotilla that has taken over, and lost its memory, is found to have a master', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: memory(null),
      nodes: [master(0), replica(1)],
      seen: { source: source() },
    },
    `
      1 begin-operation adoption epoch=1 to=0
      2 end-operation adoption epoch=1 to=0 result=done lostKeys=0
    `,
    'external-replication/a flotilla that has taken over and lost its memory is found',
  )
})

test('a take-over pauses the source, catches up, fences it, and promotes then', () => {
  planIs(
    {
      spec: asksToFollow,
      memory: { ...following, request: takeOver },
      nodes: inSync,
      seen: { source: source() },
    },
    `
      1 begin-operation take-over epoch=1 to=0
      2 pause-writes source=redis-master forMs=2000
      3 catch-up 0 source=redis-master withinMs=500
      4 fence-source source=redis-master
      5 restore-login 0
      6 promote 0
      7 resume-writes source=redis-master
      8 end-operation take-over epoch=1 to=0 result=done lostKeys=0
      9 disconnect-clients source=redis-master
      10 follow 1 master=0 reconnect
    `,
    'external-replication/a take-over pauses the source catches up fences it and promotes then',
  )
})

test('what can not be taken over without a loss is refused with the reason, and by force leaves the source as it is', () => {
  const unreachable = { kind: 'silent', reason: 'it said nothing', lastByteAtMs: null } as const
  const obstacles: readonly (readonly [ObservedSource, RegExp])[] = [
    [source({}, { probe: unreachable }), /can't be asked to pause its writes \(it said nothing\)/],
    [source({ role: 'replica', upstream: upstream() }), /is a replica itself/],
    [source({ version: '6.0.16' }), /is Redis 6\.0\.16, which can't pause its writes/],
    [source({ replid: 'replid-b' }), /node 0 is not in sync with redis-master/],
    [source({ offset: 9_000_000 }), /lags 8999000 bytes behind/],
  ]
  for (const [seen, reason] of obstacles) {
    const facts = { spec: asksToFollow, nodes: inSync, seen: { source: seen } }
    assert.match(planText({ ...facts, memory: { ...following, request: takeOver } }), reason)
    const forced = { ...takeOver, force: true }
    const text = planText({ ...facts, memory: { ...following, request: forced } })
    assert.match(text, /promote node 0/)
    assert.doesNotMatch(text, /pause writes|read-only \(/)
  }
})

test('other changes of masters, and a take-over where nobody is followed, are refused', () => {
  const asked = { ...following, request: request({ kind: 'switchover' }) }
  planIs(
    { spec: asksToFollow, memory: asked, nodes: inSync, seen: { source: source() } },
    '1 complete-request switchover result=refused',
    'external-replication/other changes of masters and a take-over where nobody is',
  )
  planIs(
    { spec: { replicas: 0 }, memory: memory(0, { request: takeOver }), nodes: [master(0)] },
    '1 complete-request take-over result=refused',
    'external-replication/other changes of masters and a take-over where nobody is (2)',
  )
})

test('a leader that was promoted by hand is a hold, and by force it stays master', () => {
  const facts = { spec: asksToFollow, nodes: [master(0), replica(1)], seen: { source: source() } }
  planIs(
    { ...facts, memory: following },
    `
      hold BootstrapBlocked
        flotilla promote shop --force
    `,
    'external-replication/a leader that was promoted by hand is a hold and by force it',
  )
  const forced = { ...following, request: { ...takeOver, force: true } }
  planIs(
    { ...facts, memory: forced },
    `
      1 begin-operation take-over epoch=1 to=0
      2 end-operation take-over epoch=1 to=0 result=done lostKeys=0
    `,
    'external-replication/a leader that was promoted by hand is a hold and by force it (2)',
  )
})

test('a take-over that was cut short where nobody can see the source waits for a word', () => {
  const begun = operation({ kind: 'take-over', phase: 'switching', from: null, to: 0 })
  planIs(
    {
      spec: asksToFollow,
      memory: { ...following, operation: begun },
      nodes: inSync,
      seen: { source: source({}, { probe: null, address: null }) },
    },
    `
      hold BootstrapBlocked
        flotilla promote shop --force
    `,
    'external-replication/a take-over that was cut short where nobody can see the',
  )
})

test('the network that was joined for the source alone is left after the take-over', () => {
  const bridge = { network: 'bridge', networkId: 'net-b', address: '172.17.0.3', links: [], aliases: [] }
  const left: FlotillaMemory = memory(0, { source: { ...record, phase: 'left', network: 'bridge' } })
  const activeMaster = master(0)
  planIs(
    {
      spec: { replicas: 0, bootstrap: from },
      memory: left,
      nodes: [
        {
          ...activeMaster,
          container: { ...activeMaster.container, networks: [...activeMaster.container.networks, bridge] },
        },
      ],
      seen: { networks: [] },
    },
    '1 disconnect-network 0 shop-master network=bridge',
    'external-replication/the network that was joined for the source alone is left after',
  )
})

test('the judge objects to a promotion beside a source that takes writes, and to following by anybody else', () => {
  const input = planInput({
    spec: asksToFollow,
    memory: following,
    nodes: inSync,
    seen: { source: source() },
  })
  const violations = (...stages: Action[][]): readonly string[] =>
    violationsOf({ flotilla: 'shop', stages, waits: [], refusals: [], failing: [] }, input)
  const cause = 'a test'
  const begin: Action = {
    ...{ kind: 'begin-operation', cause },
    operation: operation({ kind: 'take-over', from: null, to: 0 }),
  }
  const promote: Action = { kind: 'promote', ordinal: 0, cause }
  assert.deepEqual(violations([begin], [promote]), [
    'a node would be promoted while the source may still take writes',
  ])
  const fence: Action = { kind: 'fence-source', source: 'redis-master', cause }
  assert.deepEqual(violations([begin], [fence], [promote]), [
    'the source would be fenced before its writes wait and the leader has them all',
  ])
  const there = { host: '172.17.0.2', port: 6379 }
  const followed: Action = {
    kind: 'follow-source',
    ordinal: 1,
    upstream: there,
    source: 'redis-master',
    cause,
  }
  assert.equal(violations([followed]).length, 1)
})

/** Two nodes that were never made, and a Redis of somebody else with ten keys. */
function outsideWorld(): World {
  const template: Setting = {
    ...{ states: ['never made', 'never made'], names: ['', ''], record: null, recordedKeys: 10 },
    ...{
      operation: null,
      replicas: 1,
      persistence: 'aof',
      witnessed: false,
      request: null,
      newSpecDies: false,
    },
  }
  const world = build(template)
  world.memory = memory(null)
  world.spec = spec({ ...world.spec, bootstrap: from })
  world.source = {
    ...{ run: 1, keys: 10, replid: 'A', offset: 1_000, previous: null },
    ...{ host: null, synced: false, writesPaused: false },
  }
  return world
}

test('a blank world comes to follow, takes over when it is asked to, and the source keeps its data and takes no more writes', () => {
  const world = outsideWorld()
  const told: string[] = []
  assert.equal(drive(world, told).kind, 'settled', told.join('\n'))
  assert.deepEqual(topology(world), 'shop-master old 10, shop-replica-1 shop-0 10, source is active 10')
  world.memory = { ...world.memory, request: takeOver }
  assert.equal(drive(world, told).kind, 'settled', told.join('\n'))
  assert.deepEqual(topology(world), taken)
  assert.equal(world.memory.source?.phase, 'left')
})

const taken = `shop-master is active 10, shop-replica-1 shop-0 10, source ${noUpstream.host} 10`
const untaken = 'shop-master old 10, shop-replica-1 shop-0 10, source is active 10'

test('every prefix of every plan on the way to the take-over, Flotilla dies, plans again: it has taken over, or still follows', () => {
  let cuts = 0
  for (const asked of [null, takeOver]) {
    const whole = outsideWorld()
    if (asked !== null) {
      drive(whole)
      whole.memory = { ...whole.memory, request: asked }
    }
    for (let pass = 0; pass < 4; pass++) {
      const actions = planFlotilla(see(structuredClone(whole))).stages.flat()
      for (let count = 0; count < actions.length; count++) {
        cuts += 1
        const cut = structuredClone(whole)
        let durable = cut.memory
        see(cut)
        for (const action of actions.slice(0, count)) {
          assert.deepEqual(attempt(cut, action), [])
          if (action.kind.includes('operation') || action.kind === 'record-source') durable = cut.memory
        }
        cut.memory = durable
        advanceTime(cut, 1_000)
        const told: string[] = []
        const story = (): string =>
          [`cut after ${actions.slice(0, count).map(renderAction).join('\n')}`, ...told].join('\n')
        assert.equal(drive(cut, told).kind, 'settled', story())
        assert.ok(
          [asked === null ? untaken : taken, untaken].includes(topology(cut)),
          `${topology(cut)}\n${story()}`,
        )
        // Called off it may be asked for again.
        cut.memory = { ...cut.memory, request: takeOver }
        if (cut.memory.source?.phase === 'followed') drive(cut)
        assert.equal(topology(cut), taken, story())
      }
      see(whole)
      for (const action of actions) attempt(whole, action)
      advanceTime(whole, 50)
    }
  }
  assert.ok(cuts > 20, `${cuts} cuts`)
})

function topology(world: World): string {
  const nodes = world.boxes.map(({ name, redis }) => `${name} ${redis?.host ?? 'is active'} ${redis?.keys}`)
  return [...nodes, `source ${world.source?.host ?? 'is active'} ${world.source?.keys}`].join(', ')
}

/** A flotilla that follows the source, its nodes and the source as given. */
function whileFollowingSource(
  nodes: Case['nodes'],
  seen: ObservedSource,
  known: FlotillaMemory = following,
): Case {
  return { spec: asksToFollow, memory: known, nodes: nodes ?? [], seen: { source: seen } }
}

const named = { container: { name: 'shop-master' } }

function endpoint(network: string): ContainerFacts['networks'][number] {
  return { network, networkId: `id-of-${network}`, address: '172.17.0.3', links: [], aliases: [] }
}

test('a leader that is not in sync with the source is waited for, in words for what it waits', () => {
  const linking = replica(0, { upstream: { host: '172.17.0.2', link: 'down' } }, named)
  const copying = replica(0, { upstream: { host: '172.17.0.2', link: 'down', syncing: true } }, named)
  const silent = { kind: 'silent', reason: 'nothing came back', lastByteAtMs: null } as const
  const waits = (leading: typeof leader, seen: ObservedSource): string =>
    planText(whileFollowingSource([leading, replica(1)], seen))
  assert.equal(waits(linking, source()), 'waiting for: node 0 has a connection to redis-master\n')
  assert.equal(waits(copying, source()), 'waiting for: node 0 has copied what redis-master holds\n')
  assert.equal(
    waits(linking, source({}, { probe: silent })),
    'waiting for: node 0 has a connection to redis-master (nothing came back)\n',
  )
  assert.equal(
    waits(linking, source({}, { probe: null })),
    'waiting for: node 0 has a connection to redis-master\n',
  )
  const loading = { kind: 'loading', facts: redisFacts() } as const
  assert.equal(
    waits(linking, source({}, { probe: loading })),
    'waiting for: node 0 has a connection to redis-master (it does not answer)\n',
  )
})

test('a source that listens on another port is followed there', () => {
  planIs(
    whileFollowingSource(inSync, source({}, { upstream: { host: '172.17.0.2', port: 7_000 } })),
    '1 follow-source 0 upstream=host:172.17.0.2,port:7000 source=redis-master',
  )
})

test('a leader that follows nobody is told to follow the source', () => {
  const alone = node(0, { ...named, probe: answered({ role: 'replica', upstream: null }) })
  planIs(
    whileFollowingSource([alone, replica(1)], source()),
    '1 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master',
    'external-replication/a leader that follows nobody is told to follow the source',
  )
})

test('a leader that says nothing is told nothing, and gets to the network of the source meanwhile', () => {
  const busy = node(0, { ...named, probe: { kind: 'busy', reason: 'a script' } })
  planIs(
    whileFollowingSource([busy, replica(1)], source({}, { network: 'bridge' })),
    '1 connect-network 0 shop-master network=bridge',
    'external-replication/a leader that says nothing is told nothing and gets to the',
  )
  const onIt = node(0, {
    container: { name: 'shop-master', networks: [...container(0).networks, endpoint('bridge')] },
    probe: { kind: 'busy', reason: 'a script' },
  })
  planIs(whileFollowingSource([onIt, replica(1)], source({}, { network: 'bridge' })), 'nothing')
})

test('a leader that joins the network of the source connects again', () => {
  planIs(
    whileFollowingSource(inSync, source({}, { network: 'bridge' })),
    `
      1 connect-network 0 shop-master network=bridge
      2 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
    `,
  )
})

test('a network that every node is on is not joined for the source, nor left when the manifest does not name it any more', () => {
  const facts = whileFollowingSource(
    inSync.map(one => onNetwork(one, 'web')),
    source({}, { network: 'web' }),
  )
  const joining = { ...asksToFollow, network: { subnet: null, external: ['web'] } }
  planIs({ ...facts, spec: joining, seen: { ...facts.seen, networks: [bridgeNetwork('web')] } }, 'nothing')
  planIs(
    { ...facts, seen: { ...facts.seen, networks: [bridgeNetwork('web')] } },
    '1 disconnect-network 1 shop-replica-1 network=web',
    'external-replication/a network that every node is on is not joined for the',
  )
})

/** As it is when we have joined it. */
function onNetwork(seen: ObservedNode, network: string): ObservedNode {
  const names = { links: ['shop-master:master'], aliases: [`shop-${seen.ordinal}`] }
  const joined = { network, networkId: `net-${network}`, address: `172.18.0.${seen.ordinal + 5}`, ...names }
  return { ...seen, container: { ...seen.container, networks: [...seen.container.networks, joined] } }
}

function bridgeNetwork(name: string): NetworkFacts {
  return { networkId: `net-${name}`, name, labels: {}, driver: 'bridge', subnets: ['172.18.0.0/16'] }
}

test('a leader that is down joins nothing until it is started', () => {
  planIs(
    whileFollowingSource([node(0, { container: { name: 'shop-master', state: 'removing' } }), replica(1)], {
      ...source(),
      network: 'bridge',
    }),
    'wait 0 100ms',
    'external-replication/a leader that is down joins nothing until it is started',
  )
})

test('a source that can not be found is a hold also where nobody knows why', () => {
  planIs(
    whileFollowingSource(inSync, source({}, { upstream: null, probe: null })),
    `
      hold BootstrapBlocked
        docker start redis-master
        flotilla promote shop --force
    `,
    'external-replication/a source that can not be found is a hold also where nobody',
  )
})

test('a source that came back empty is followed by whoever is in sync with it, or holds nothing itself', () => {
  const empty = source({ keys: 0 })
  planIs(whileFollowingSource(inSync, empty), 'nothing')
  const blank = newborn(0, { keys: 0 }, named)
  planIs(
    whileFollowingSource([blank, replica(1)], empty),
    '1 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master',
    'external-replication/a source that came back empty is followed by whoever is in',
  )
  const holding = newborn(0, { keys: 3 }, named)
  planIs(
    whileFollowingSource([holding, replica(1)], empty),
    `
      hold BootstrapBlocked
        flotilla promote shop --force
    `,
    'external-replication/a source that came back empty is followed by whoever is in (2)',
  )
})

test('what is there already is named, and stays as it is', () => {
  const stranger = replica(2, { upstream: { host: 'elsewhere' } })
  const of = (...seen: readonly ObservedNode[]): string =>
    planText({
      spec: asksToFollow,
      memory: memory(null),
      nodes: seen,
      seen: { source: source(), resources: resources({ volumes: ['shop-0', 'shop-1'] }) },
    })
  assert.match(
    of(newborn(0), newborn(1)),
    /there are nodes or volumes of shop already \(shop-replica-0, shop-replica-1, shop-0, shop-1\)/,
  )
  assert.match(of(leader, stranger), /BootstrapBlocked/)
  assert.match(of(leader, stopped(1)), /BootstrapBlocked/)
  assert.match(of(replica(1)), /BootstrapBlocked/)
})

test('a memory that was lost is recreated from who follows the source, be it not the lowest', () => {
  const leading = replica(2, { upstream: { host: '172.17.0.2' } }, named)
  const other = replica(1, { upstream: { host: 'shop-2' } })
  planIs(
    {
      spec: asksToFollow,
      memory: memory(null),
      nodes: [other, leading],
      seen: { source: source() },
    },
    `
      1 record-source from=at:kind:container,container:redis-master,port:6379 leader=2
      2 create-container 0 shop-replica-0
      3 start-container 0 shop-replica-0
      4 follow 0 master=2
      4 follow 1 master=2
      5 apply-config 0
      5 apply-config 1
    `,
    'external-replication/a memory that was lost is recreated from who follows the',
  )
})

test('before its look at the source nothing is done', () => {
  assert.equal(planText({ spec: asksToFollow, memory: following, nodes: inSync }), 'nothing to do\n')
})

test('other requests than to take over are declined, that one is not', () => {
  const asked = (overrides: Parameters<typeof request>[0]): string =>
    planText(whileFollowingSource(inSync, source(), { ...following, request: request(overrides) }))
  for (const kind of ['switchover', 'failover'] as const)
    assert.match(
      asked({ kind }),
      new RegExp(
        `answer the ${kind} that was asked for: refused, it follows redis-master and has no master of its own yet`,
      ),
    )
  assert.doesNotMatch(asked({ kind: 'take-over' }), /no master of its own yet/)
})

test('a source with more databases in use than the nodes would have is not followed, before a node is made and after', () => {
  const many = source({ keysByDatabase: { 0: 9, 20: 1 } })
  planIs(
    { spec: asksToFollow, memory: memory(null), seen: { source: many, resources: nothingThere } },
    `
      hold BootstrapBlocked
        spec.config
    `,
    'external-replication/a source with more databases in use than the nodes would',
  )
  planIs(
    { spec: asksToFollow, memory: following, nodes: inSync, seen: { source: many } },
    `
      hold BootstrapBlocked
        spec.config
    `,
    'external-replication/a source with more databases in use than the nodes would (2)',
  )
})

test('a source that is called by names that no node knows is not followed, and one that is followed already goes on', () => {
  const renaming = source({}, { renamedWrites: ['FLUSHALL'] })
  const blank = {
    spec: asksToFollow,
    memory: memory(null),
    seen: { source: renaming, resources: nothingThere },
  }
  planIs(
    blank,
    'hold BootstrapBlocked',
    'external-replication/a source that is called by names that no node knows is not',
  )
  planIs(whileFollowingSource(inSync, renaming), 'nothing')
  planIs(
    whileFollowingSource([newborn(0, {}, named), replica(1)], renaming),
    'hold BootstrapBlocked',
    'external-replication/a source that is called by names that no node knows is not (2)',
  )
})

test('the options of the manifest are tried before the first node that follows is made', () => {
  planIs(
    {
      spec: { ...asksToFollow, config: { databases: ['21'] } },
      memory: memory(null),
      seen: { source: source({ keysByDatabase: { 20: 1 } }), resources: nothingThere },
    },
    '1 probe-image image=redis:8 options=databases:21',
    'external-replication/the options of the manifest are tried before the first node',
  )
})

test('a source with a module that the image has not is not followed', () => {
  const blank = newborn(0, {}, { container: { name: 'shop-master' } })
  const text = (modules: readonly string[]): string =>
    planText({
      spec: asksToFollow,
      memory: following,
      nodes: [blank, replica(1)],
      seen: { source: source({ modules }) },
    })
  assert.match(
    text(['ReJSON', 'bf']),
    /refuses \(BootstrapBlocked\): redis-master has the module ReJSON, bf loaded/,
  )
  assert.match(text([]), /node 0 follows redis-master/)
})

test('a leader that is no copy of its source is told, and does not take over', () => {
  const divergence = { runId: 'run-0', reason: 'it has refused 3 commands of its master', atMs: nowMs }
  const known = memory(null, {
    source: record,
    nodes: [nodeRecord(0, { divergence })],
    request: takeOver,
  })
  const apart = replica(
    0,
    { runId: 'run-0', upstream: { host: '172.17.0.2' } },
    { container: { name: 'shop-master' } },
  )
  const facts = { spec: asksToFollow, nodes: [apart, replica(1)], seen: { source: source() } }
  planIs(
    { ...facts, memory: known },
    '1 complete-request take-over result=refused',
    'external-replication/a leader that is no copy of its source is told and does not',
  )
  planIs(
    { ...facts, memory: { ...known, request: null } },
    `
      hold BootstrapBlocked
        flotilla down shop --volumes && flotilla up shop
    `,
    'external-replication/a leader that is no copy of its source is told and does not (2)',
  )
})

test('another source in the manifest is followed where the nodes hold nothing, or where it is of the same history', () => {
  const other: SourceSpec = { ...from, at: { kind: 'host', host: '10.0.0.7', port: 6379 } }
  const asksForOther = { ...asksToFollow, bootstrap: other }
  const seen = (facts: Partial<RedisFacts>) => ({
    source: source(facts, { displayName: '10.0.0.7:6379', upstream: { host: '10.0.0.7', port: 6379 } }),
  })
  const followed = (keys: number): ObservedNode[] => [
    replica(0, { keys, upstream: { host: '172.17.0.2' } }, { container: { name: 'shop-master' } }),
    replica(1, { keys }),
  ]
  const facts = { spec: asksForOther, memory: following }
  const steps = `
    1 record-source from=at:kind:host,host:10.0.0.7,port:6379 leader=0
    2 follow-source 0 upstream=host:10.0.0.7,port:6379 source=10.0.0.7:6379
  `
  const another = { replid: 'replid-another' }
  planIs(
    { ...facts, nodes: followed(0), seen: seen(another) },
    `
      1 record-source from=at:kind:host,host:10.0.0.7,port:6379 leader=0
      2 follow-source 0 upstream=host:10.0.0.7,port:6379 source=10.0.0.7:6379
    `,
    'external-replication/another source in the manifest is followed where the nodes',
  )
  planIs(
    { ...facts, nodes: followed(3), seen: seen({}) },
    `
      1 record-source from=at:kind:host,host:10.0.0.7,port:6379 leader=0
      2 follow-source 0 upstream=host:10.0.0.7,port:6379 source=10.0.0.7:6379
    `,
    'external-replication/another source in the manifest is followed where the nodes (2)',
  )
  planIs({ ...facts, nodes: followed(0), seen: seen(another) }, steps)
  planIs(
    { ...facts, nodes: followed(3), seen: seen(another) },
    `
      hold BootstrapBlocked
        spec.bootstrap
        flotilla promote shop --force
    `,
    'external-replication/another source in the manifest is followed where the nodes (3)',
  )
  const underWay = memory(null, {
    source: record,
    operation: operation({ kind: 'take-over', phase: 'switching', from: null, to: 0 }),
  })
  planIs(
    { ...facts, memory: underWay, nodes: followed(0), seen: seen(another) },
    `
      1 resume-writes source=10.0.0.7:6379
      2 end-operation take-over epoch=2 to=0 result=aborted lostKeys=0
    `,
    'external-replication/another source in the manifest is followed where the nodes (4)',
  )
})

test('the way in that the manifest names is given to the leader at once', () => {
  const withPassword = { ...from, passwordFile: '/run/secrets/old' }
  planIs(
    {
      spec: { ...asksToFollow, bootstrap: withPassword },
      memory: following,
      nodes: inSync,
      seen: { source: source() },
    },
    `
      1 record-source from=at:kind:container,container:redis-master,port:6379,passwordFile:/run/secrets/old leader=0
      2 follow-source 0 upstream=host:172.17.0.2,port:6379 source=redis-master
    `,
  )
})

test('while a source is followed an image is rolled out too: the others first, the leader last, and nobody hands over', () => {
  const older = (ordinal: number) => ({
    labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' },
  })
  const old = (ordinal: number, facts = {}) => replica(ordinal, facts, { container: older(ordinal) })
  const oldLeader = (link: 'up' | 'down' = 'up') =>
    replica(
      0,
      { upstream: { host: '172.17.0.2', link } },
      { container: { ...older(0), name: 'shop-master' } },
    )
  const facts = { spec: asksToFollow, memory: following, seen: { source: source(), resources: resources() } }
  planIs(
    { ...facts, nodes: [oldLeader(), old(1)] },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'external-replication/while a source is followed an image is rolled out too the',
  )
  planIs(
    { ...facts, nodes: [oldLeader(), old(1)] },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
      3 create-container 1 shop-replica-1
      4 start-container 1 shop-replica-1
      5 follow 1 master=0
      6 apply-config 1
    `,
    'external-replication/while a source is followed an image is rolled out too the (2)',
  )
  planIs(
    { ...facts, nodes: [oldLeader(), replica(1)] },
    `
      1 stop-container 0 shop-master
      2 remove-container 0 shop-master
      3 create-container 0 shop-replica-0
      4 start-container 0 shop-replica-0
      5 apply-config 0
    `,
    'external-replication/while a source is followed an image is rolled out too the (3)',
  )
  const unsynced = replica(1, { upstream: { link: 'down', linkDownSeconds: 1 } })
  planIs(
    { ...facts, nodes: [oldLeader(), unsynced] },
    `
      wait 1 100ms
      wait 1 1000ms
    `,
    'external-replication/while a source is followed an image is rolled out too the (4)',
  )
  planIs(
    { ...facts, nodes: [oldLeader('down'), unsynced] },
    `
      1 stop-container 0 shop-master
      2 remove-container 0 shop-master
      3 create-container 0 shop-replica-0
      4 start-container 0 shop-replica-0
      5 apply-config 0
      wait 0 100ms
      wait 1 100ms
    `,
    'external-replication/while a source is followed an image is rolled out too the (5)',
  )
  planIs(
    { ...facts, nodes: [oldLeader('down'), stopped(1)] },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
      wait 0 100ms
    `,
    'external-replication/while a source is followed an image is rolled out too the (6)',
  )
})
