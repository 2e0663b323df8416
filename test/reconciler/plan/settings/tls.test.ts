import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FlotillaMemory } from '../../../../src/model/record.js'
import { foldTransport } from '../../../../src/reconciler/record/connection-security.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import type { Action } from '../../../../src/model/plan.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { isSettled, renderAction } from '../../../../src/reconciler/plan/render-plan.js'
import {
  follower,
  master,
  memory,
  node,
  nothingThere,
  nowMs,
  observation,
  planInput,
  planIs,
  replica,
  spec,
  withAppliedConfig,
  witnessed,
  type Case,
} from '../../support/world.js'
import type { TransportFacts } from '../../../../src/model/redis.js'
import type { TlsView } from '../../../../src/model/tls-view.js'

type Mode = TlsView['mode']

const certificate = 'c'.repeat(16)
const plain: TransportFacts = { plainPort: 6379, tlsPort: 0, fingerprint: null, encryptsReplication: false }
const both: TransportFacts = {
  ...{ plainPort: 6379, tlsPort: 6380 },
  ...{ fingerprint: certificate, encryptsReplication: true },
}
const encrypted: TransportFacts = { ...both, plainPort: 0 }

function tlsView(mode: Mode, overrides: Partial<TlsView> = {}): TlsView {
  const certificates = { kind: 'shared', fingerprint: certificate } as const
  return { mode, certificates, refused: null, expiresAtMs: null, expiring: null, ...overrides }
}

const tlsSpec = (mode: Mode) => ({
  tls: { mode, clientAuth: 'none', certificates: { kind: 'generated', lifetimeMs: 1 } } as const,
})

/** Node 0 is active, nodes 1 and 2 follow by this port. */
function nodes(transport: TransportFacts, port: number): ObservedNode[] {
  return [
    master(0, { transport, followers: [follower(1), follower(2)] }),
    replica(1, { transport, upstream: { port } }),
    replica(2, { transport, upstream: { port } }),
  ]
}

test('first every node listens for TLS; nothing else happens before', () => {
  planIs(
    {
      memory: witnessed([1, 2]),
      spec: tlsSpec('require'),
      tls: tlsView('require'),
      nodes: nodes(plain, 6379),
    },
    `
      1 load-certificate 0
      1 load-certificate 1
      1 load-certificate 2
    `,
    'tls/first every node listens for TLS nothing else happens before',
  )
})

test('then the replicas go over, one at a time', () => {
  planIs(
    {
      memory: witnessed([1, 2]),
      spec: tlsSpec('require'),
      tls: tlsView('require'),
      nodes: nodes(both, 6379),
    },
    '1 follow 1 master=0 encrypted',
    'tls/then the replicas go over one at a time',
  )
})

test('then the plain port is closed, if it is to be', () => {
  const facts = { memory: witnessed([1, 2]), nodes: nodes(both, 6380) }
  planIs({ ...facts, spec: tlsSpec('prefer'), tls: tlsView('prefer') }, 'nothing')
  planIs(
    { ...facts, spec: tlsSpec('require'), tls: tlsView('require') },
    `
      1 set-port 0 port=plain
      1 set-port 1 port=plain
      1 set-port 2 port=plain
    `,
    'tls/then the plain port is closed if it is to be',
  )
})

test('a node that is not in sync keeps links and ports as they are', () => {
  const [first, second] = nodes(both, 6379)
  const ill = replica(2, { transport: both, upstream: { port: 6379, link: 'down', linkDownSeconds: 1 } })
  const plan = planFlotilla(
    planInput({
      memory: witnessed([1, 2]),
      spec: tlsSpec('require'),
      tls: tlsView('require'),
      nodes: [first ?? assert.fail(), second ?? assert.fail(), ill],
    }),
  )
  assert.deepEqual(plan.stages, [])
  assert.ok(
    plan.waits.some(
      ({ what }) => what === 'node 2 is in sync: then the replicas go over to TLS, one at a time',
    ),
  )
})

test('another certificate is given to nodes that run, and to them alone', () => {
  const due = tlsView('require', {
    certificates: { kind: 'perNode', fingerprints: { 0: certificate, 2: certificate } },
  })
  planIs(
    { memory: witnessed([1, 2]), spec: tlsSpec('require'), tls: due, nodes: nodes(encrypted, 6380) },
    '1 load-certificate 1',
    'tls/another certificate is given to nodes that run and to them alone',
  )
})

describe('what can not be encrypted with is refused, and nothing is touched', () => {
  const refused = tlsView('require', { certificates: { kind: 'none' }, refused: 'the key is another one' })
  const certificates = {
    kind: 'files',
    certFile: '/own.crt',
    keyFile: '/own.key',
    caFile: '/ca.crt',
  } as const
  const ownFiles = { tls: { mode: 'require', clientAuth: 'none', certificates } } as const
  test('a flotilla that has no node yet is not begun, be there data or none', () => {
    for (const seen of [{}, { resources: nothingThere }])
      planIs(
        { memory: memory(null), spec: ownFiles, tls: refused, nodes: [], seen },
        `
          hold TlsRefused
            spec.tls.files
        `,
        'tls/a flotilla that has no node yet is not begun be there',
      )
  })
  test('one in plain text stays so', () => {
    const plan = planFlotilla(
      planInput({
        memory: witnessed([1, 2]),
        spec: tlsSpec('require'),
        tls: refused,
        nodes: nodes(plain, 6379),
      }),
    )
    assert.deepEqual(plan.stages, [])
    assert.deepEqual(
      plan.refusals.map(({ code }) => code),
      ['TlsRefused'],
    )
  })
  test('a server that was built without TLS is named', () => {
    const plan = planFlotilla(
      planInput({
        memory: witnessed([1, 2]),
        spec: tlsSpec('require'),
        tls: tlsView('require'),
        nodes: nodes({ ...plain, tlsPort: null }, 6379),
      }),
    )
    assert.deepEqual(plan.stages, [])
    assert.match(plan.refusals[0]?.reason ?? '', /image redis:8 was built without TLS/)
  })
})

test('an image that no node runs is asked whether it speaks TLS before a node is made from it, and one that does not is refused', () => {
  const option = 'tls-prefer-server-ciphers'
  const facts = { spec: tlsSpec('require'), tls: tlsView('require'), seen: { resources: nothingThere } }
  const asking = planFlotilla(planInput({ ...facts, memory: memory(null) }))
  assert.deepEqual(
    asking.stages.flat().map(({ kind }) => kind),
    ['probe-image'],
  )
  const verdict = {
    ...({ tried: ['no'], verdict: 'unknown', message: 'Unknown option' } as const),
    ...{ byDefault: null, reads: null },
  }
  const trials: FlotillaMemory['trials'] = [
    {
      ...{ image: 'redis:8', imageId: 'sha256:8', atMs: nowMs },
      outcome: {
        ...{ kind: 'answered', product: 'redis', version: '7.0.15', rdbVersion: 10 },
        options: { [option]: verdict },
      },
    },
  ]
  planIs(
    { ...facts, memory: memory(null, { trials }) },
    `
      hold TlsRefused
        spec.image
        spec.tls
    `,
    'tls/an image that no node runs is asked whether it speaks TLS',
  )
})

test('where nodes are reached by a published port, one that publishes only the other is recreated before', () => {
  const publishing = nodes(both, 6380).map(one => ({
    ...one,
    container: {
      ...one.container,
      publishedPorts: [{ containerPort: 6379, hostAddress: '127.0.0.1', hostPort: 32_768 }],
    },
  }))
  planIs(
    { memory: witnessed([1, 2]), spec: tlsSpec('require'), tls: tlsView('require'), nodes: publishing },
    'nothing',
  )
})

/**
 * Nodes that do as they are told, and fall out of sync when they are told to follow by a port where nobody
 * listens.
 */
interface Transports {
  readonly transports: TransportFacts[]
  readonly ports: number[]
  known: FlotillaMemory
}

function look(world: Transports): ObservedNode[] {
  return world.transports.map((transport, ordinal) => {
    if (ordinal === 0) return master(0, { transport, followers: [follower(1), follower(2)] })
    const port = world.ports[ordinal] ?? 0
    const source = world.transports[0] ?? plain
    const link = port === (transport.encryptsReplication ? source.tlsPort : source.plainPort) ? 'up' : 'down'
    return replica(ordinal, { transport, upstream: { port, link } })
  })
}

function handleWith(world: Transports, action: Action): void {
  if (!('ordinal' in action)) throw new Error(`no action of this: ${action.kind}`)
  const { ordinal } = action
  const transport = world.transports[ordinal] ?? plain
  switch (action.kind) {
    case 'load-certificate':
      world.transports[ordinal] = { ...transport, tlsPort: 6380, fingerprint: certificate }
      return
    case 'set-port': {
      const port = action.open ? (action.port === 'plain' ? 6379 : 6380) : 0
      world.transports[ordinal] = { ...transport, [action.port === 'plain' ? 'plainPort' : 'tlsPort']: port }
      return
    }
    case 'follow':
      assert.notEqual(action.encrypted, undefined)
      world.transports[ordinal] = { ...transport, encryptsReplication: action.encrypted === true }
      world.ports[ordinal] = action.encrypted === true ? 6380 : 6379
      return
    default:
      throw new Error(`no action of this: ${renderAction(action)}`)
  }
}

/** Passes until nothing is left, each of them carried out but for what comes after `steps` actions in all. */
function settle(world: Transports, mode: Mode, steps = Infinity): number {
  let done = 0
  for (let passes = 0; passes < 30; passes++) {
    const seen = observation(look(world))
    const wanted = spec(tlsSpec(mode))
    world.known = foldTransport(world.known, wanted, seen)
    for (const one of seen.nodes) world.known = withAppliedConfig(world.known, wanted, one)
    const input = planInput({
      memory: world.known,
      spec: tlsSpec(mode),
      tls: mode === 'off' && world.known.transport === 'plain' ? null : tlsView(mode),
      nodes: seen.nodes,
    })
    const plan = planFlotilla(input)
    assert.deepEqual(violationsOf(plan, input), [])
    if (isSettled(plan)) return done
    for (const action of plan.stages.flat()) {
      if (done === steps) return done
      done += 1
      handleWith(world, action)
      const links = look(world).flatMap(one =>
        one.probe?.kind === 'answered' ? (one.probe.facts.upstream?.link ?? []) : [],
      )
      assert.ok(!links.includes('down'), `${renderAction(action)} broke a link`)
    }
  }
  return assert.fail('it never settled')
}

const start = (): Transports => ({
  transports: [plain, plain, plain],
  ports: [0, 6379, 6379],
  known: witnessed([1, 2]),
})
const modes: readonly Mode[] = ['off', 'prefer', 'require']

test('from every mode to every other, left alone, it ends as asked', () => {
  for (const from of modes)
    for (const to of modes) {
      const world = start()
      settle(world, from)
      settle(world, to)
      assert.deepEqual(
        world.transports.map(({ plainPort, tlsPort }) => [plainPort, tlsPort]),
        Array.from({ length: 3 }, () => [to === 'require' ? 0 : 6379, to === 'off' ? 0 : 6380]),
      )
      assert.deepEqual(world.ports.slice(1), to === 'off' ? [6379, 6379] : [6380, 6380])
    }
})

test('from every mode to every other, cut short after any step and turned to any mode then, no link breaks and it ends as asked', () => {
  for (const from of modes)
    for (const to of modes)
      for (const at of modes)
        for (let steps = 0; steps < 14; steps++) {
          const world = start()
          settle(world, from)
          settle(world, to, steps)
          settle(world, at)
          assert.deepEqual(
            world.transports.map(({ plainPort, tlsPort }) => ({ plainPort, tlsPort })),
            Array.from({ length: 3 }, () => ({
              plainPort: at === 'require' ? 0 : 6379,
              tlsPort: at === 'off' ? 0 : 6380,
            })),
          )
          const port = at === 'off' ? 6379 : 6380
          assert.deepEqual(world.ports.slice(1), [port, port])
          assert.equal(world.known.transport, at === 'off' ? 'plain' : 'encrypted')
        }
})

test('a replica that lives in plain text is told to follow a master that does not by what it has been given in the same plan', () => {
  const [activeMaster, second] = nodes(encrypted, 6380)
  const unexpectedMaster = replica(2, {
    transport: plain,
    upstream: { host: 'shop-9', port: 6379, link: 'down' },
  })
  const plan = planFlotilla(
    planInput({
      memory: witnessed([1, 2]),
      spec: tlsSpec('require'),
      tls: tlsView('require'),
      nodes: [activeMaster ?? assert.fail(), second ?? assert.fail(), unexpectedMaster],
    }),
  )
  assert.deepEqual(
    plan.stages.map(stage => stage.map(renderAction)),
    [['give node 2 its certificate'], ['node 2 follows node 0 over TLS'], ['apply config to node 2']],
  )
})

/** A flotilla with TLS in force, the nodes in these ways connected. */
function encrypting(mode: Mode, seen: readonly ObservedNode[], overrides: Partial<TlsView> = {}): Case {
  return { memory: witnessed([1, 2]), spec: tlsSpec(mode), tls: tlsView(mode, overrides), nodes: seen }
}

test('back to plain text the plain port is opened, the links go over, and the encrypted port is closed', () => {
  planIs(
    encrypting('off', nodes(encrypted, 6380)),
    `
      1 set-port 0 port=plain open
      1 set-port 1 port=plain open
      1 set-port 2 port=plain open
    `,
    'tls/back to plain text the plain port is opened the links go',
  )
  planIs(
    encrypting('off', nodes(both, 6380)),
    '1 follow 1 master=0',
    'tls/back to plain text the plain port is opened the links go (2)',
  )
  planIs(
    encrypting('off', nodes(both, 6379)),
    `
      1 set-port 0 port=encrypted
      1 set-port 1 port=encrypted
      1 set-port 2 port=encrypted
    `,
    'tls/back to plain text the plain port is opened the links go (3)',
  )
  planIs(encrypting('off', nodes(plain, 6379)), 'nothing')
})

test('for those who may choose both ports are open', () => {
  planIs(
    encrypting('prefer', [master(0, { transport: both }), ...nodes(encrypted, 6380).slice(1)]),
    `
      1 set-port 1 port=plain open
      1 set-port 2 port=plain open
    `,
    'tls/for those who may choose both ports are open',
  )
})

test('the ports that are left open close when every node is in sync, the master too being heard', () => {
  const [, second, third] = nodes(both, 6380)
  const busy = node(0, { container: { name: 'shop-master' }, probe: { kind: 'busy', reason: 'a script' } })
  planIs(encrypting('require', [busy, second ?? assert.fail(), third ?? assert.fail()]), 'wait 0 1000ms')
  const ill = replica(2, { transport: both, upstream: { port: 6380, link: 'down' } })
  planIs(encrypting('require', [...nodes(both, 6380).slice(0, 2), ill]), 'wait 2 1000ms')
})

test('back to plain text too one replica goes over at a time, and none beside one that is ill', () => {
  const ill = replica(2, { transport: both, upstream: { port: 6380, link: 'down' } })
  planIs(
    encrypting('off', [...nodes(both, 6380).slice(0, 2), ill]),
    `
      wait 2 1000ms
      wait 2 1000ms
    `,
    'tls/back to plain text too one replica goes over at a time',
  )
})

test('a node that does not say how it is connected is left as it is, the others are not', () => {
  const silent = replica(2, { upstream: { port: 6380 } })
  planIs(encrypting('require', [...nodes(encrypted, 6380).slice(0, 2), silent]), 'nothing')
  planIs(
    encrypting('require', [...nodes(plain, 6379).slice(0, 2), silent]),
    `
      1 load-certificate 0
      1 load-certificate 1
    `,
  )
})

test('one node that was built without TLS keeps all links and ports as they are, when the others have been opened', () => {
  const old = { ...plain, tlsPort: null }
  const [first, second] = nodes(both, 6379)
  const third = replica(
    2,
    { transport: old, upstream: { port: 6379 } },
    { container: { image: 'redis:without' } },
  )
  planIs(
    encrypting('prefer', [first ?? assert.fail(), second ?? assert.fail(), third]),
    `
      1 probe-image image=redis:8
      hold TlsRefused
        spec.image
        spec.tls
    `,
    'tls/one node that was built without TLS keeps all links and ports',
  )
  planIs(encrypting('off', nodes(old, 6379)), 'nothing')
})

test('files that are refused leave in force what is', () => {
  const facts = encrypting('require', nodes(encrypted, 6380), { refused: 'the key is another one' })
  planIs(
    facts,
    `
      hold TlsRefused
        spec.tls.files
    `,
    'tls/files that are refused leave in force what is',
  )
  planIs(encrypting('off', nodes(plain, 6379), { refused: 'the key is another one' }), 'nothing')
})

test('a port that a node publishes beside the other one may be closed', () => {
  const publishing = (...ports: readonly number[]): readonly ObservedNode[] =>
    nodes(both, 6380).map(one => ({
      ...one,
      container: {
        ...one.container,
        publishedPorts: ports.map(containerPort => ({
          ...{ containerPort, hostAddress: '127.0.0.1', hostPort: 32_768 },
        })),
      },
    }))
  planIs(
    encrypting('require', publishing(6379, 6380)),
    `
      1 set-port 0 port=plain
      1 set-port 1 port=plain
      1 set-port 2 port=plain
    `,
    'tls/a port that a node publishes beside the other one may be',
  )
  planIs(encrypting('require', publishing(6379)), 'nothing')
})
