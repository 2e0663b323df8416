import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { codeBlock } from '../docs/markdown.js'
import { startClient, whyNoClient, type ClientContainer } from './client-container.js'
import { call } from './containers.js'
import type { Daemon } from './daemon.js'
import { until } from './until.js'
import type { World } from './world.js'

/** A library in Sentinel mode, as docs/clients.md sets it up: a program that counts `orders` up for ever. */
export const sentinelPrograms = [
  { library: 'ioredis', file: 'sentinel-ioredis.mjs', language: 'js' },
  { library: 'node-redis', file: 'sentinel-node-redis.mjs', language: 'js' },
  { library: 'redis-py', file: 'sentinel-redis-py.py', language: 'python' },
] as const

export interface SentinelClient {
  readonly library: string
  readonly client: ClientContainer
}

/** Those that can run here, each in a container on the flotilla's network; which ones can't is said. */
export async function startSentinelClients(
  world: World,
  sentinel: string,
  say: (text: string) => void,
): Promise<readonly SentinelClient[]> {
  const page = readFileSync('docs/clients.md', 'utf8')
  const clients: SentinelClient[] = []
  for (const { library, file, language } of sentinelPrograms) {
    const reason = whyNoClient(language)
    if (reason !== false) say(`${library} is left out: ${reason}`)
    else {
      const env = { SENTINEL: sentinel, FLOTILLA: world.name }
      const client = await startClient(world, { file, text: codeBlock(page, file), env })
      clients.push({ library, client })
    }
  }
  return clients
}

/** The engine's own address on its default bridge, where containers of every network reach this host. */
export async function bridgeAddress(): Promise<string> {
  const { IPAM } = (await call('GET', '/networks/bridge')) as {
    IPAM: { Config: readonly { Gateway?: string; Subnet: string }[] }
  }
  const [config] = IPAM.Config
  assert.ok(config !== undefined)
  return config.Gateway ?? config.Subnet.replace(/\.0\/\d+$/, '.1')
}

/** Starts the daemon so that it answers on loopback and on the bridge; addresses are with their ports. */
export async function startSentinelDaemon(
  world: World,
): Promise<{ readonly daemon: Daemon; readonly onLoopback: string; readonly onBridge: string }> {
  const bridge = await bridgeAddress()
  const daemon = world.startDaemon({ args: ['--sentinel', '127.0.0.1:0', '--sentinel', `${bridge}:0`] })
  const addressOn = async (host: string): Promise<string> => {
    const isIt = ({ address }: { readonly [field: string]: unknown }): boolean =>
      String(address).startsWith(`${host}:`)
    return String((await daemon.waitFor('sentinel.listening', { where: isIt }))['address'])
  }
  return { daemon, onLoopback: await addressOn('127.0.0.1'), onBridge: await addressOn(bridge) }
}

/** Twenty numbers that were printed after this moment. */
export async function untilAllWrite(clients: readonly SentinelClient[], what: string): Promise<void> {
  const sinceMs = Date.now()
  for (const { library, client } of clients)
    await until(`${library} to write ${what}`, 60_000, () => {
      const count = client.lines.filter(line => line.stream === 'stdout' && line.atMs > sinceMs).length
      const last = client.lines.slice(-5).map(({ text }) => text)
      assert.ok(count >= 20, last.join('\n'))
      return true
    })
}
