import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { createGatewayClient } from '../../src/gateway/haproxy-client.js'
import { containerGatewayLayout } from '../../src/gateway/layout.js'
import { renderGateway } from '../../src/gateway/render-gateway.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import { call } from '../support/containers.js'
import { testEngine, uniqueName } from '../support/engine.js'
import { until } from '../support/until.js'
import { gatewayIdentities } from '../support/gateway-identities.js'

const endpoint = findDockerEndpoint({
  env: { DOCKER_HOST: testEngine().dockerHost },
  homeDir: '/nowhere',
  platform: process.platform,
})
const deadlineMs = 3000

/** The user that HAProxy's own image names. */
const owner = { uid: 99, gid: 99 }

test('in a container of its own image it starts as no root, is pointed, writes that down and stops within 2 s', async t => {
  const runtime = createDockerRuntime({ endpoint, clock: systemClock, random: () => 0.5 })
  const gateways = createGatewayClient({ clock: systemClock })
  const { authority, gateway, flotilla } = await gatewayIdentities()
  const name = uniqueName('gateway')
  const {
    facts: fileFacts,
    files,
    command,
    openFilesMax,
    digest,
    stopSignal,
  } = renderGateway({
    ...{ flotilla: 'shop', clientsMax: 1000, nodes: { login: null, tls: null } },
    admin: { ...gateway, authorities: authority.certificate },
  })
  const containerId = await runtime.createContainer(
    {
      ...{ name, command, openFilesMax, hostname: name, image: testEngine().gatewayImage },
      ...{ attachment: { network: 'bridge', links: [], aliases: [] }, labels: {}, mounts: [] },
      ...{ dnsOptions: [], stopGraceSeconds: 5, publishPort: null },
    },
    files.map(file => ({ ...file, ...owner })),
  )
  t.after(async () => {
    gateways.close()
    await runtime.removeContainer(containerId)
    runtime.close()
  })
  const { networks, startedAtMs } = await runtime.startContainer(containerId)
  const target = {
    ...{ flotilla: 'shop', containerId, startedAtMs, port: containerGatewayLayout.ports.admin },
    host: networks[0]?.address ?? assert.fail('it has no address'),
    access: {
      ...{ authorities: authority.certificate, serverName: 'shop-gateway' },
      ...{ certificate: flotilla.certificate, key: flotilla.key },
    },
  }
  const facts = await until('the gateway to answer', 10_000, async () => {
    const probe = await gateways.probe(target, { deadlineMs })
    return probe.kind === 'answered' ? probe.facts : assert.fail(probe.reason)
  })
  assert.deepEqual([facts.configDigest, facts.pointedBy], [digest, 'nobody'])
  const { configSum, filesDigest } = facts
  assert.deepEqual({ configSum, filesDigest }, fileFacts)
  assert.notEqual(await runtime.findProcessUser(containerId), 0)
  const master = { ordinal: 0, host: '192.0.2.1', port: 6379 }
  await gateways.point(target, { master, replicas: [], lineage: 'ab' }, { deadlineMs })
  const after = await gateways.probe(target, { deadlineMs })
  assert.equal(after.kind === 'answered' && after.facts.isWrittenDown, true)
  const startMs = performance.now()
  await call('POST', `/containers/${containerId}/kill?signal=${stopSignal}`)
  await call('POST', `/containers/${containerId}/wait`)
  const tookMs = Math.round(performance.now() - startMs)
  assert.ok(tookMs < 2_000, `it took ${tookMs} ms to stop`)
})
