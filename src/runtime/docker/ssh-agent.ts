import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { Agent } from 'node:http'
import { Duplex } from 'node:stream'
import type { DockerTarget } from './endpoint.js'

type SshTarget = Extract<DockerTarget, { kind: 'ssh' }>

/**
 * An http agent whose connections are `ssh … docker system dial-stdio`, as in the docker command: the user's
 * own ssh does the work, so ~/.ssh/config, known_hosts and keys count. (docker-modem's own ssh makes a
 * connection per call and checks no host key.)
 */
export class SshAgent extends Agent {
  readonly #target: SshTarget
  readonly #command: string

  constructor(target: SshTarget, options: { readonly maxSockets: number; readonly command: string }) {
    super({ keepAlive: true, maxSockets: options.maxSockets })
    this.#target = target
    this.#command = options.command
  }

  override createConnection(): Duplex {
    const { user, port, host } = this.#target
    const child = spawn(this.#command, [
      ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-T'],
      ...(user === null ? [] : ['-l', user]),
      ...(port === null ? [] : ['-p', String(port)]),
      ...['--', host, 'docker', 'system', 'dial-stdio'],
    ])
    return new ProcessConnection(child)
  }
}

/**
 * A child's stdin and stdout as one connection; what it says on stderr becomes the reason when it ends early.
 */
class ProcessConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams
  #complaint = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    super({ allowHalfOpen: true })
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2000)
    })
    child.stdin.on('error', () => {})
    child.on('error', error => this.destroy(error))
    child.on('close', code => {
      if (code === 0) this.push(null)
      else this.destroy(new SshFailure(this.#complaint.trim() || `ssh ended with code ${code}`))
    })
  }

  override _read(): void {
    this.#child.stdout.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill()
    done(error)
  }

  // What http's agent calls on a socket that it keeps; a pipe has none of it.
  setKeepAlive(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

/** Carries a code, so that the request layer can tell it from an engine that answers badly. */
class SshFailure extends Error {
  readonly code = 'ESSH'
}
