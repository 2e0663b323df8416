import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'

/** The engine that `npm test` has brought up for the tests under test/contract/ and test/e2e/. */
export interface TestEngine {
  /** `unix:///…`: what the code under test is to be given as DOCKER_HOST. */
  readonly dockerHost: string
  /** A Redis. */
  readonly image: string
  /** The same Redis as another image: "the next version". */
  readonly nextImage: string
  /** Its process prints `broken on purpose` and exits with 1, whatever command it is given. */
  readonly brokenImage: string
  /** A HAProxy. */
  readonly gatewayImage: string
}

/**
 * @throws when there is no engine: a test that needs one and has none must fail, not pass by doing nothing.
 */
export function testEngine(): TestEngine {
  return {
    dockerHost: wanted('FLOTILLA_TEST_DOCKER_HOST'),
    image: wanted('FLOTILLA_TEST_IMAGE'),
    nextImage: wanted('FLOTILLA_TEST_IMAGE_NEXT'),
    brokenImage: wanted('FLOTILLA_TEST_IMAGE_BROKEN'),
    gatewayImage: wanted('FLOTILLA_TEST_IMAGE_GATEWAY'),
  }
}

/** A name that no other test has: tests share the engine, and it may be a person's own. */
export function uniqueName(stem: string): string {
  return `${stem}-${randomBytes(4).toString('hex')}`
}

/** One call of the Engine API, for set-up and faults that the code under test must not be asked for. */
export function callEngine(method: string, path: string, json?: unknown): Promise<EngineAnswer> {
  const body = json === undefined ? undefined : JSON.stringify(json)
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const call = request({ ...engineAddress(), method, path, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.setTimeout(30_000, () => call.destroy(new Error(`${method} ${path}: no byte for 30 s`)))
    call.on('error', reject)
    call.end(body)
  })
}

export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Removes every container, network and volume with that value of the label io.flotilla.flotilla. Call it in
 * `after`.
 */
export async function removeFlotilla(flotilla: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
  for (const { Id } of await list<{ Id: string }>(`/containers/json?all=1&filters=${filters}`)) {
    await callEngine('DELETE', `/containers/${Id}?force=1&v=1`)
  }
  for (const { Id } of await list<{ Id: string }>(`/networks?filters=${filters}`)) {
    await callEngine('DELETE', `/networks/${Id}`)
  }
  const volumes = await callEngine('GET', `/volumes?filters=${filters}`)
  const { Volumes } = JSON.parse(volumes.text) as { Volumes: readonly { Name: string }[] | null }
  for (const { Name } of Volumes ?? []) await callEngine('DELETE', `/volumes/${Name}?force=1`)
}

/**
 * Ends dockerd and starts it again: SIGTERM stops its containers in good order, SIGKILL leaves them to be
 * found. Only for files named *.alone.test.ts, which run by themselves, and only on an engine of our own.
 */
export async function restartEngine(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await stopEngine(signal)
  await startEngine()
}

/** @see restartEngine */
export async function stopEngine(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = Number(readFileSync(join(engineFolder(), 'docker.pid'), 'utf8'))
  process.kill(pid, signal)
  await until(`dockerd (${pid}) to end`, () => !isRunning(pid))
}

/** @see restartEngine */
export async function startEngine(): Promise<void> {
  spawn(join(engineFolder(), 'start-dockerd'), { detached: true, stdio: 'ignore' }).unref()
  await until('dockerd to answer', async () => {
    try {
      return (await callEngine('GET', '/_ping')).status === 200
    } catch {
      return false
    }
  })
}

async function list<Item>(path: string): Promise<readonly Item[]> {
  return JSON.parse((await callEngine('GET', path)).text) as readonly Item[]
}

/** Where `callEngine` goes, for those that need a connection of their own. */
export function engineAddress(): { socketPath: string } | { host: string; port: string } {
  const url = testEngine().dockerHost
  if (url.startsWith('unix://')) return { socketPath: url.slice('unix://'.length) }
  const { hostname, port } = new URL(url)
  return { host: hostname, port }
}

function engineFolder(): string {
  return wanted('FLOTILLA_TEST_ENGINE_FOLDER')
}

function wanted(variable: string): string {
  const value = process.env[variable]
  if (value !== undefined && value !== '') return value
  throw new Error(
    `${variable} is not set: run engine tests through npm test, such as: npm test -- e2e/engine`,
  )
}

function isRunning(pid: number): boolean {
  try {
    // A zombie has no command line; its parent is yet to collect it.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited 60 s for ${what}`)
    await sleepFor(50)
  }
}
