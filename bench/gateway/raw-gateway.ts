import { systemClock } from '../../src/clock.js'
import { createGatewayClient } from '../../src/gateway/haproxy-client.js'
import { containerGatewayLayout } from '../../src/gateway/layout.js'
import { renderGateway } from '../../src/gateway/render-gateway.js'
import { closedGateway, type GatewayTarget } from '../../src/model/gateway.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import { uniqueName } from '../../test/support/engine.js'
import { freePort } from '../../test/support/free-port.js'
import { gatewayIdentities } from '../../test/support/gateway-identities.js'
import { until } from '../../test/support/until.js'
import type { RawGateway } from '../failover/raw-failover.js'
import type { BenchWorld } from '../support/bench-world.js'

const deadlineMs = 2_000

export interface StartedGateway extends RawGateway {
  /** Of the master, on loopback. */
  readonly port: number
  remove(): Promise<void>
}

/** A gateway that nobody looks after, on the network of the floor's nodes, with its connection open. */
export async function startRawGateway(world: BenchWorld, network: string): Promise<StartedGateway> {
  const { dockerHost, gatewayImage } = world
  const endpoint = findDockerEndpoint({
    env: { DOCKER_HOST: dockerHost },
    homeDir: '/nowhere',
    platform: process.platform,
  })
  const runtime = createDockerRuntime({ endpoint, clock: systemClock, random: () => 0.5 })
  const gateways = createGatewayClient({ clock: systemClock })
  const { authority, gateway, flotilla } = await gatewayIdentities()
  const { files, command, openFilesMax } = renderGateway({
    ...{ flotilla: network, clientsMax: 1_000, nodes: { login: null, tls: null } },
    admin: { ...gateway, authorities: authority.certificate },
  })
  const name = uniqueName('raw-gateway')
  const port = await freePort()
  const { ports } = containerGatewayLayout
  const containerId = await runtime.createContainer(
    {
      ...{ name, command, openFilesMax, hostname: name, image: gatewayImage },
      ...{ attachment: { network, links: [], aliases: [] }, labels: {}, mounts: [] },
      ...{ dnsOptions: [], stopGraceSeconds: 2, publishPort: null },
      publishedPorts: [{ containerPort: ports.master, hostAddress: '127.0.0.1', hostPort: port }],
    },
    files.map(file => ({ ...file, uid: 99, gid: 99 })),
  )
  const { networks, startedAtMs } = await runtime.startContainer(containerId)
  const target: GatewayTarget = {
    ...{ flotilla: network, containerId, startedAtMs, port: ports.admin },
    host: networks[0]?.address ?? '',
    access: {
      ...{ authorities: authority.certificate, serverName: 'shop-gateway' },
      ...{ certificate: flotilla.certificate, key: flotilla.key },
    },
  }
  await until('the raw gateway to answer', 10_000, async () => {
    const probe = await gateways.probe(target, { deadlineMs })
    if (probe.kind !== 'answered') throw new Error(probe.reason)
    return true
  })
  return {
    port,
    async point(host) {
      const master = host === null ? null : { ordinal: 0, host, port: 6379 }
      await gateways.point(target, { ...closedGateway, master }, { deadlineMs })
    },
    async remove() {
      gateways.close()
      await runtime.removeContainer(containerId)
      runtime.close()
    },
  }
}
