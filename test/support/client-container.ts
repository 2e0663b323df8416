import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { createFrameReader } from '../../src/runtime/docker/frames.js'
import { call, removeContainer } from './containers.js'
import { engineAddress, testEngine, uniqueName } from './engine.js'
import type { World } from './world.js'

/** A line that a client program has printed. */
export interface ClientLine {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
  /** When the engine got it, in milliseconds since the epoch. */
  readonly atMs: number
}

/**
 * A client program in a container of its own on the flotilla's network: it finds the master as any
 * application does.
 */
export interface ClientContainer {
  /** Every line so far. */
  readonly lines: readonly ClientLine[]
  stop(): Promise<void>
}

/** Why a program in this language can't be run as a client here; false when it can. */
export function whyNoClient(language: 'js' | 'python'): string | false {
  if (process.platform !== 'linux') return 'a client’s container sees this machine’s programs, on Linux only'
  if (language === 'js') return false
  const { status } = spawnSync(python, ['-c', 'import redis'], { stdio: 'ignore' })
  return status === 0 ? false : `${python} has no module redis: apt-get install python3-redis`
}

/**
 * Starts the program as docs/clients.md says: the URL by REDIS_URL, the password by a mounted file,
 * `ndots:1`. There is no registry to get an image of Node or Python from, so the container gets this
 * machine's own, read-only; network and name resolution are Docker's.
 */
export async function startClient(
  world: World,
  program: {
    readonly file: string
    readonly text: string
    readonly url?: string
    /** Beside REDIS_URL. */
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<ClientContainer> {
  const folder = mkdtempSync(join(world.folder, 'client-'))
  writeFileSync(join(folder, program.file), program.text)
  const name = uniqueName(`${world.name}-client`)
  const { Id } = (await call('POST', `/containers/create?name=${name}`, {
    Image: testEngine().image,
    User: '0:0',
    Entrypoint: [program.file.endsWith('.py') ? python : nodeInside],
    Cmd: [`/client/${program.file}`],
    Env: Object.entries({
      REDIS_URL: program.url ?? `redis://${world.name}-master:6379`,
      ...program.env,
    }).map(([variable, value]) => `${variable}=${value}`),
    HostConfig: {
      NetworkMode: world.name,
      DnsOptions: ['ndots:1'],
      Init: false,
      Binds: [
        `${folder}:/client:ro`,
        `${join(world.state, 'secrets', `${world.name}.password`)}:/run/secrets/redis-password:ro`,
        `${resolve('node_modules')}:/node_modules:ro`,
        `${process.execPath}:${nodeInside}:ro`,
        ...['/usr', '/lib', '/lib64'].filter(path => existsSync(path)).map(path => `${path}:${path}:ro`),
      ],
    },
  })) as { Id: string }
  const stop = (): Promise<void> => removeContainer(Id)
  // The network can't be removed while the client is on it.
  world.beforeRemoval(stop)
  await call('POST', `/containers/${Id}/start`)
  const lines: ClientLine[] = []
  followLog(Id, line => lines.push(line))
  return { lines, stop }
}

/** Debian's, which Debian's python3-redis belongs to; the first one on the PATH may be another. */
const python = '/usr/bin/python3'
const nodeInside = '/node'

/** Ends with the container. */
function followLog(containerId: string, onLine: (line: ClientLine) => void): void {
  const path = `/containers/${containerId}/logs?follow=1&stdout=1&stderr=1&timestamps=1`
  const rest = { stdout: '', stderr: '' }
  const read = createFrameReader((stream, piece) => {
    const parts = (rest[stream] + piece.toString('utf8')).split('\n')
    rest[stream] = parts.pop() ?? ''
    for (const part of parts) {
      const space = part.indexOf(' ')
      onLine({ stream, text: part.slice(space + 1), atMs: Date.parse(part.slice(0, space)) })
    }
  })
  const log = request({ ...engineAddress(), method: 'GET', path, agent: false }, response => {
    response.on('data', read).on('error', () => undefined)
  })
  log.on('error', () => undefined)
  log.end()
}
