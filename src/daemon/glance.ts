import { chmod, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Controller } from '../reconciler/controller.js'
import type { FailingStatus, FlotillaStatus } from '../reconciler/status/status.js'

/** What the daemon saw of its flotillas at their last passes, all of them, a few seconds old at most. */
export interface Glance {
  /** The absolute path of the manifests that it keeps. */
  readonly manifests: string
  /** Null while what is known may not be so: then the caller looks for itself. */
  readonly statuses: readonly FlotillaStatus[] | null
  /** Of flotillas whose passes come to nothing, why: nobody else can see it. */
  readonly failing: Readonly<Record<string, FailingStatus>>
}

/**
 * Tells whoever connects to a socket in the state directory what the daemon knows, so that a list of flotillas costs neither the engine nor the nodes a question. The
 * folder is its owner's alone, and so is the socket.
 * @returns what ends it; where there can be no socket (a path of more than a hundred characters, another kind of file system) nothing is offered.
 */
export async function offerGlances(
  stateDirectory: string,
  glance: () => Glance,
): Promise<{ close(): Promise<void> }> {
  const path = socketPath(stateDirectory)
  if (path === null) return { close: () => Promise.resolve() }
  // A killed daemon leaves its own behind. Whoever comes here holds the lock.
  await rm(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(glance()))
  })
  server.unref()
  const isOpen = await new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false))
    server.listen(path, () => resolve(true))
  })
  if (isOpen) await chmod(path, 0o600).catch(() => undefined)
  return {
    close: () => (isOpen ? new Promise<void>(resolve => server.close(() => resolve())) : Promise.resolve()),
  }
}

/** @returns null when no daemon answers in time. */
export function askForGlance(stateDirectory: string): Promise<Glance | null> {
  const path = socketPath(stateDirectory)
  if (path === null) return Promise.resolve(null)
  return new Promise(resolve => {
    const socket = connect(path)
    let text = ''
    socket.setEncoding('utf8').setTimeout(answerWithinMs, () => socket.destroy())
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(parse(text)))
  })
}

/** A daemon that is well answers within a millisecond. One that is busy for longer is no quicker than looking. */
const answerWithinMs = 300

function parse(text: string): Glance | null {
  try {
    return JSON.parse(text) as Glance | null
  } catch {
    // It ended in the middle, or is no daemon.
    return null
  }
}

/** Null where the path is longer than a socket's may be: Node 20 cuts it then, and opens another one, in a folder that may be anybody's. */
function socketPath(stateDirectory: string): string | null {
  const path = join(stateDirectory, 'daemon.sock')
  return Buffer.byteLength(path) > pathBytesMax ? null : path
}

/** 107 on Linux, 103 on macOS. */
const pathBytesMax = 103

/** What speaks against handing out what the daemon remembers. */
export class Knowledge {
  readonly #manifests: string
  readonly #keeper: Pick<Controller, 'names' | 'statusOf' | 'failingPassOf'>
  readonly #seen = new Set<string>()
  #wanted: readonly string[] | null = null
  #isEngineThere = true

  constructor(manifests: string, keeper: Pick<Controller, 'names' | 'statusOf' | 'failingPassOf'>) {
    this.#manifests = manifests
    this.#keeper = keeper
  }

  /** @param wanted what the manifests declare; null while one of them is broken. */
  noteWanted(wanted: readonly string[] | null): void {
    this.#wanted = wanted
  }

  notePass(flotilla: string, kind: 'settled' | 'again' | 'failed' | 'stuck' | 'gone'): void {
    if (kind === 'failed' || kind === 'gone') this.#seen.delete(flotilla)
    else this.#seen.add(flotilla)
  }

  noteEngine(isThere: boolean): void {
    this.#isEngineThere = isThere
  }

  glance(): Glance {
    const failing = this.#keeper.names.flatMap(name => {
      const failure = this.#keeper.failingPassOf(name)
      return failure === null ? [] : [[name, failure] as const]
    })
    return { manifests: this.#manifests, statuses: this.#statuses(), failing: Object.fromEntries(failing) }
  }

  #statuses(): readonly FlotillaStatus[] | null {
    if (!this.#isEngineThere || this.#wanted?.every(name => this.#seen.has(name)) !== true) return null
    const statuses = this.#wanted.map(name => this.#keeper.statusOf(name)).filter(status => status !== null)
    return statuses.length === this.#wanted.length ? statuses : null
  }
}
