import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InspectedContainer, ListedContainer } from '../../../src/runtime/docker/container-facts.js'
import {
  factsOfInspected,
  factsOfListed,
  containerFingerprint,
} from '../../../src/runtime/docker/container-facts.js'

const id = 'e20bc0b8a874d94c85fa57a0b2982db8ede95ce661e0fc84a70f4ba5ecc1d11f'
const never = '0001-01-01T00:00:00Z'

const running: InspectedContainer['State'] = {
  ...{ Status: 'running', Pid: 42, ExitCode: 0, OOMKilled: false, Error: '' },
  ...{ StartedAt: '2026-11-23T05:29:29.121299293Z', FinishedAt: never },
}

function inspected(changes: Partial<InspectedContainer> = {}): InspectedContainer {
  return {
    Id: id,
    Name: '/shop-master',
    Created: '2026-11-23T05:29:28.1Z',
    Image: 'sha256:abc',
    State: running,
    Config: { Image: 'redis:8', Labels: null },
    Mounts: [{ Type: 'volume', Name: 'shop-0', Destination: '/data' }, { Type: 'bind' }],
    NetworkSettings: {
      Ports: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: '32768' }], '9/tcp': null },
      Networks: {
        shop: {
          ...{ NetworkID: 'n1', EndpointID: 'e1', IPAddress: '172.18.0.2', Links: ['shop-master:master'] },
          ...{ Aliases: ['shop-0', id.slice(0, 12)] },
        },
      },
    },
    ...changes,
  }
}

describe('inspect', () => {
  test('a running container is told without the engine’s own additions', () => {
    assert.deepEqual(factsOfInspected(inspected()), {
      ...{ containerId: id, name: 'shop-master', labels: {}, image: 'redis:8', imageId: 'sha256:abc' },
      ...{ state: 'running', createdAtMs: Date.parse('2026-11-23T05:29:28.1Z') },
      ...{ startedAtMs: Date.parse('2026-11-23T05:29:29.121Z'), exit: null, pid: 42 },
      networks: [
        {
          ...{ network: 'shop', networkId: 'n1', address: '172.18.0.2' },
          ...{ links: ['shop-master:master'], aliases: ['shop-0'], dnsNames: ['shop-0'] },
        },
      ],
      publishedPorts: [{ containerPort: 6379, hostAddress: '127.0.0.1', hostPort: 32768 }],
      mounts: [{ volume: 'shop-0', path: '/data' }],
    })
  })

  test('an OOM kill is told with its code', () => {
    const State = {
      ...running,
      Status: 'exited',
      Pid: 0,
      ExitCode: 137,
      OOMKilled: true,
      FinishedAt: '2026-11-23T06:00:00Z',
    }
    const facts = factsOfInspected(inspected({ State }))
    assert.deepEqual(facts.exit, {
      code: 137,
      oomKilled: true,
      atMs: Date.parse('2026-11-23T06:00:00Z'),
      error: null,
    })
    assert.equal(facts.pid, null)
  })

  test('a restarting container is not running, whatever its flags say, and tells how its last run ended', () => {
    const State = { ...running, Status: 'restarting', ExitCode: 1, FinishedAt: '2026-11-23T06:00:00Z' }
    const facts = factsOfInspected(inspected({ State }))
    assert.deepEqual([facts.state, facts.exit?.code, facts.pid], ['restarting', 1, null])
  })

  test('a container that could not be started tells the engine’s words', () => {
    const State = {
      ...running,
      Status: 'created',
      Pid: 0,
      ExitCode: 127,
      Error: 'no such program',
      StartedAt: never,
    }
    const facts = factsOfInspected(inspected({ State }))
    assert.deepEqual([facts.exit?.code, facts.exit?.error, facts.startedAtMs], [127, 'no such program', null])
  })
})

describe('the fingerprint of a list item', () => {
  function listed(changes: Partial<ListedContainer> = {}, endpoint: object = {}): ListedContainer {
    return {
      ...{
        Id: id,
        Names: ['/other/alias', '/shop-master'],
        Image: 'redis:8',
        ImageID: 'sha256:abc',
        Created: 1,
        State: 'running',
      },
      NetworkSettings: {
        Networks: { shop: { NetworkID: 'n1', EndpointID: 'e1', IPAddress: '172.18.0.2', ...endpoint } },
      },
      ...changes,
    }
  }

  test('is the same while nothing happens', () =>
    assert.equal(containerFingerprint(listed()), containerFingerprint(listed())))

  const changes: Record<string, ListedContainer> = {
    'a restart with the same address': listed({}, { EndpointID: 'e2' }),
    'a new address': listed({}, { IPAddress: '172.18.0.3' }),
    'a pause': listed({ State: 'paused' }),
    'a rename': listed({ Names: ['/shop-replica-0'] }),
    'another container': listed({ Id: `f${id.slice(1)}` }),
  }
  for (const [what, changed] of Object.entries(changes))
    test(`is another after ${what}`, () =>
      assert.notEqual(containerFingerprint(changed), containerFingerprint(listed())))

  const untold: Record<string, ListedContainer> = {
    'is stopped': listed({ State: 'exited' }),
    'is on no network': listed({ NetworkSettings: { Networks: {} } }),
    'has no endpoint yet': listed({}, { EndpointID: '' }),
  }
  for (const [what, item] of Object.entries(untold))
    test(`can’t tell for a container that ${what}`, () => assert.equal(containerFingerprint(item), null))

  test('a name by which others link to it is not its name', () =>
    assert.equal(factsOfListed(listed()).name, 'shop-master'))
})
