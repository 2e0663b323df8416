import assert from 'node:assert/strict'
import { callEngine } from './engine.js'
import { until } from './until.js'

/** A node's container as the engine sees it. */
export interface NodeContainer {
  readonly id: string
  readonly name: string
  readonly ordinal: number
  readonly running: boolean
  /** New at every start. */
  readonly startedAt: string
  readonly image: string
  /** On the flotilla's network; null while it has none. */
  readonly ip: string | null
  /**
   * Where a test reaches its Redis: a published port where there is one, as the container's address can't be
   * reached everywhere.
   */
  readonly address: { readonly host: string; readonly port: number } | null
}

/** The containers of the flotilla's nodes, by ordinal. */
export async function containersOf(flotilla: string): Promise<readonly NodeContainer[]> {
  const filters = encodeURIComponent(
    JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`, 'io.flotilla.node'] }),
  )
  const { text } = await callEngine('GET', `/containers/json?all=1&filters=${filters}`)
  const found = await Promise.all(
    (JSON.parse(text) as readonly { Id: string }[]).map(({ Id }) => inspect(Id)),
  )
  return found.filter(container => container !== null).sort((a, b) => a.ordinal - b.ordinal)
}

/**
 * The container that has this name now, as a client that looks it up would find it; null when nobody has it.
 */
export async function containerNamed(name: string): Promise<NodeContainer | null> {
  return inspect(name)
}

/** Without waiting for the engine to have finished with it. */
export async function signalContainer(id: string, signal: 'STOP' | 'CONT' | 'KILL'): Promise<void> {
  await call('POST', `/containers/${id}/kill?signal=${signal}`)
}

/** `docker pause`. */
export async function pauseContainer(id: string): Promise<void> {
  await call('POST', `/containers/${id}/pause`)
}

/** SIGKILL to its main process, as a crash would be. */
export async function killContainer(id: string): Promise<void> {
  await call('POST', `/containers/${id}/kill?signal=KILL`)
}

/** `docker stop`. */
export async function stopContainer(id: string): Promise<void> {
  await call('POST', `/containers/${id}/stop`)
}

/**
 * `docker rm -f`, typed again where the engine trips over itself ("directory not empty", while a log is being
 * written).
 */
export async function removeContainer(id: string): Promise<void> {
  await until(`container ${id} to be removed`, 60_000, async () => {
    const { status, text } = await callEngine('DELETE', `/containers/${id}?force=1`)
    assert.ok(status < 400 || status === 404, `${status} ${text}`)
    return true
  })
}

/** Runs a command in a container. @returns what it wrote, stdout and stderr together. */
export async function execIn(id: string, ...command: readonly string[]): Promise<string> {
  const exec = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true }
  const { Id } = (await call('POST', `/containers/${id}/exec`, exec)) as { Id: string }
  return (await callEngine('POST', `/exec/${Id}/start`, { Detach: false, Tty: true })).text.trim()
}

export async function renameContainer(id: string, name: string): Promise<void> {
  await call('POST', `/containers/${id}/rename?name=${name}`)
}

export async function volumesOf(flotilla: string): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
  const { text } = await callEngine('GET', `/volumes?filters=${filters}`)
  return ((JSON.parse(text) as { Volumes: readonly { Name: string }[] | null }).Volumes ?? [])
    .map(({ Name }) => Name)
    .sort()
}

export async function networksOf(flotilla: string): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
  const { text } = await callEngine('GET', `/networks?filters=${filters}`)
  return (JSON.parse(text) as readonly { Name: string }[]).map(({ Name }) => Name)
}

/** One call of the engine that must succeed. @returns its JSON, or null when it says nothing. */
export async function call(method: string, path: string, json?: unknown): Promise<unknown> {
  const { status, text } = await callEngine(method, path, json)
  assert.ok(status < 400, `${method} ${path}: ${status} ${text}`)
  return text === '' ? null : (JSON.parse(text) as unknown)
}

/** Null when it is gone meanwhile. */
async function inspect(id: string): Promise<NodeContainer | null> {
  const { status, text } = await callEngine('GET', `/containers/${id}/json`)
  if (status === 404) return null
  const { Name, Config, State, NetworkSettings } = JSON.parse(text) as Inspected
  const ip = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? ''
  const published = NetworkSettings.Ports?.['6379/tcp']?.[0]?.HostPort
  return {
    id,
    name: Name.slice(1),
    ordinal: Number(Config.Labels['io.flotilla.node']),
    running: State.Running,
    startedAt: State.StartedAt,
    image: Config.Image,
    ip: ip === '' ? null : ip,
    address:
      published !== undefined
        ? { host: '127.0.0.1', port: Number(published) }
        : ip === ''
          ? null
          : { host: ip, port: 6379 },
  }
}

interface Inspected {
  readonly Name: string
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> }
  readonly State: { readonly Running: boolean; readonly StartedAt: string }
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>
    readonly Ports?: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>
  }
}
