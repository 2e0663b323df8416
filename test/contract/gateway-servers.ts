import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.js'
import { createGatewayClient } from '../../src/gateway/haproxy-client.js'
import { gatewayPaths, type GatewayLayout } from '../../src/gateway/layout.js'
import { renderGateway, type GatewayConfig } from '../../src/gateway/render-gateway.js'
import type { GatewayTarget } from '../../src/model/gateway.js'
import { until } from '../support/until.js'
import { gatewayIdentities } from '../support/gateway-identities.js'
import { freePort } from '../support/free-port.js'
import { startScriptedNode, type ScriptedNode } from '../support/scripted-node.js'
import type { GatewayClient, GatewayWorld } from './gateway-contract.js'

/** Where Debian's package has it, which is not on every user's path. */
export const haproxyProgram = spawnSync('haproxy', ['-v']).status === 0 ? 'haproxy' : '/usr/sbin/haproxy'

export interface RealGatewayWorld extends GatewayWorld {
  start(options?: Partial<Pick<GatewayConfig, 'nodes' | 'clientsMax'>>): Promise<GatewayTarget>
  layoutOf(target: GatewayTarget): GatewayLayout
  processOf(target: GatewayTarget): ChildProcess
  /** One command on its own socket, as somebody in its container would give it. */
  byHand(target: GatewayTarget, command: string): Promise<string>
}

interface Gateway {
  readonly layout: GatewayLayout
  readonly command: readonly string[]
  process: ChildProcess
  log: string
}

export const haproxyMissing =
  spawnSync(haproxyProgram, ['-v']).status === 0 ? false : 'haproxy is not installed: apt-get install haproxy'

/** haproxy processes of this host on loopback ports, each with the rendered configuration. */
export async function createRealGatewayWorld(): Promise<RealGatewayWorld> {
  const gateways = createGatewayClient({ clock: systemClock })
  const home = await mkdtemp(join(tmpdir(), 'flotilla-gateway-'))
  const running = new Map<string, Gateway>()
  const nodes = new Map<number, ScriptedNode>()
  const clients: GatewayClient[] = []
  let runs = 0

  const gatewayOf = ({ containerId }: GatewayTarget): Gateway =>
    running.get(containerId) ?? assert.fail(containerId)

  async function launch(
    containerId: string,
    gateway: Omit<Gateway, 'process' | 'log'>,
  ): Promise<GatewayTarget> {
    const [, , ...args] = gateway.command
    const child = spawn(haproxyProgram, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const started: Gateway = { ...gateway, process: child, log: '' }
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        started.log += bytes.toString()
      })
    running.set(containerId, started)
    const { ports } = gateway.layout
    await until(`haproxy to listen: ${started.log}`, 10_000, async () => {
      assert.equal(child.exitCode, null, started.log)
      const socket = connect(ports.admin, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
      return true
    })
    runs += 1
    const { authority, flotilla } = await gatewayIdentities()
    return {
      ...{ flotilla: 'shop', containerId, startedAtMs: runs, host: '127.0.0.1', port: ports.admin },
      access: {
        ...{ authorities: authority.certificate, serverName: 'shop-gateway' },
        ...{ certificate: flotilla.certificate, key: flotilla.key },
      },
    }
  }

  async function end({ process: child }: Gateway): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  const world: RealGatewayWorld = {
    gateways,
    layoutOf: target => gatewayOf(target).layout,
    processOf: target => gatewayOf(target).process,
    async start({ nodes: nodeAccess = { login: null, tls: null }, clientsMax = 100 } = {}) {
      const containerId = `gateway ${running.size}`
      const folder = await mkdtemp(join(home, 'g'))
      const ports = { master: await freePort(), replicas: await freePort(), admin: await freePort() }
      const layout = { host: '127.0.0.1', ports, folder, socketFolder: folder }
      const { authority, gateway } = await gatewayIdentities()
      const { files, command } = renderGateway({
        ...{ flotilla: 'shop', clientsMax, nodes: nodeAccess, layout },
        admin: { ...gateway, authorities: authority.certificate },
      })
      for (const { path, content, mode } of files) {
        await writeFile(path, content)
        await chmod(path, mode)
      }
      return launch(containerId, { layout, command })
    },
    restart: target => launch(target.containerId, gatewayOf(target)),
    kill: target => end(gatewayOf(target)),
    freeze: async target => void gatewayOf(target).process.kill('SIGSTOP'),
    thaw: async target => void gatewayOf(target).process.kill('SIGCONT'),
    cutAdmin: async target => void (await world.byHand(target, 'shutdown sessions server admin/cli')),
    async enableByHand(target, { ordinal, host, port }) {
      const server = `master/node-${ordinal}`
      await world.byHand(
        target,
        `set server ${server} addr ${host} port ${port}; set server ${server} state ready`,
      )
    },
    async byHand(target, command) {
      const socket = connect(gatewayPaths(gatewayOf(target).layout).adminSocket)
      socket.write(`${command}\n`)
      let said = ''
      for await (const bytes of socket) said += String(bytes)
      return said
    },
    async startNode(ordinal, says) {
      const node = await startScriptedNode(ordinal, says)
      nodes.set(node.port, node)
      return { ordinal, host: '127.0.0.1', port: node.port }
    },
    change: async ({ port }, says) => nodes.get(port)?.change(says),
    async connect(target, port) {
      const client = await connectClient(gatewayOf(target).layout.ports[port])
      clients.push(client)
      return client
    },
    async close() {
      gateways.close()
      for (const client of clients) client.close()
      for (const gateway of running.values()) {
        gateway.process.kill('SIGCONT')
        await end(gateway)
      }
      for (const node of nodes.values()) await node.change(null)
      await rm(home, { recursive: true, force: true })
    },
  }
  return world
}

async function connectClient(port: number): Promise<GatewayClient> {
  const socket: Socket = connect(port, '127.0.0.1')
  let isOpen = true
  const reached = await new Promise<number | null>(resolve => {
    socket.once('data', (bytes: Buffer) =>
      resolve(Number(/:(\d+)/.exec(bytes.toString())?.[1] ?? Number.NaN)),
    )
    socket.on('error', () => resolve(null))
    socket.once('close', () => {
      isOpen = false
      resolve(null)
    })
    socket.write('WHO\r\n')
  })
  return {
    reached,
    get isOpen() {
      return isOpen
    },
    close: () => void socket.destroy(),
  }
}
