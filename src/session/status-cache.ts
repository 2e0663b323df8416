import { chmod, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Controller } from '../reconciler/loop/controller.js'
import type { FailingStatus, FlotillaStatus } from '../model/status.js'

/** What the daemon saw of its flotillas at their last passes, all of them, a few seconds old at most. */
export interface CachedStatuses {
  /** The absolute path of the manifests that it keeps. */
  readonly manifests: string
  /** Null while what is known may not be so: then the caller looks for itself. */
  readonly statuses: readonly FlotillaStatus[] | null
  /** Of flotillas whose passes come to nothing, why: nobody else can see it. */
  readonly failing: Readonly<Record<string, FailingStatus>>
}

/**
 * Tells whoever connects to a socket in the state directory what the daemon knows, so that a list of
 * flotillas costs neither the engine nor the nodes a question. The folder is its owner's alone, and so is the
 * socket.
 * @returns what ends it; where there can be no socket (a path of more than a hundred characters, another kind
 * of file system) nothing is offered.
 */
export async function serveStatusCache(
  stateDirectory: string,
  read: () => CachedStatuses,
): Promise<{ close(): Promise<void> }> {
  const path = socketPath(stateDirectory)
  if (path === null) return { close: () => Promise.resolve() }
  // A killed daemon leaves its own behind. Whoever comes here holds the lock.
  await rm(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(read()))
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
export function readStatusCache(stateDirectory: string): Promise<CachedStatuses | null> {
  const path = socketPath(stateDirectory)
  if (path === null) return Promise.resolve(null)
  return new Promise(resolve => {
    const socket = connect(path)
    let text = ''
    socket.setEncoding('utf8').setTimeout(answerTimeoutMs, () => socket.destroy())
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(parse(text)))
  })
}

/**
 * A daemon that is well answers within a millisecond. One that is busy for longer is no quicker than looking.
 */
const answerTimeoutMs = 300

function parse(text: string): CachedStatuses | null {
  try {
    return JSON.parse(text) as CachedStatuses | null
  } catch {
    // It ended in the middle, or is no daemon.
    return null
  }
}

/**
 * Null where the path is longer than a socket's may be: Node 20 cuts it then, and opens another one, in a
 * folder that may be anybody's.
 */
function socketPath(stateDirectory: string): string | null {
  const path = join(stateDirectory, 'daemon.sock')
  return Buffer.byteLength(path) > pathBytesMax ? null : path
}

/** 107 on Linux, 103 on macOS. */
const pathBytesMax = 103

/** What speaks against handing out what the daemon remembers. */
export class StatusCache {
  readonly #manifests: string
  readonly #controller: Pick<Controller, 'names' | 'statusOf' | 'passFailureOf'>
  readonly #seen = new Set<string>()
  #declared: readonly string[] | null = null
  #isEngineThere = true

  constructor(manifests: string, controller: Pick<Controller, 'names' | 'statusOf' | 'passFailureOf'>) {
    this.#manifests = manifests
    this.#controller = controller
  }

  /** @param wanted what the manifests declare; null while one of them is broken. */
  noteDeclared(declared: readonly string[] | null): void {
    this.#declared = declared
  }

  notePass(flotilla: string, kind: 'settled' | 'again' | 'failed' | 'stuck' | 'gone'): void {
    if (kind === 'failed' || kind === 'gone') this.#seen.delete(flotilla)
    else this.#seen.add(flotilla)
  }

  noteEngine(exists: boolean): void {
    this.#isEngineThere = exists
  }

  read(): CachedStatuses {
    const failing = this.#controller.names.flatMap(name => {
      const failure = this.#controller.passFailureOf(name)
      return failure === null ? [] : [[name, failure] as const]
    })
    return { manifests: this.#manifests, statuses: this.#statuses(), failing: Object.fromEntries(failing) }
  }

  #statuses(): readonly FlotillaStatus[] | null {
    if (!this.#isEngineThere || this.#declared?.every(name => this.#seen.has(name)) !== true) return null
    const statuses = this.#declared
      .map(name => this.#controller.statusOf(name))
      .filter(status => status !== null)
    return statuses.length === this.#declared.length ? statuses : null
  }
}
