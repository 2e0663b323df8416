import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Reply, Coverage, Command, Verdict } from './protocol.js'

/** The longest that all tests together take is some seconds, on a machine that is busy too. */
const answerTimeoutMs = 60_000

/** A process that has imported the tests, and is asked one thing after the other. */
export class TestProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** `mutantId` is alive from the first import on; without one, none is. */
  static async start(jobFile: string, mutantId = ''): Promise<TestProcess> {
    const child = fork(new URL('test-process-main.js', import.meta.url), [jobFile, mutantId], {
      execArgv: [],
      // What a mutant makes tests print is of no interest; without a mutant they print nothing.
      stdio: mutantId === '' ? 'inherit' : 'ignore',
    })
    const judge = new TestProcess(child)
    const reply = await judge.#reply()
    if (reply?.kind !== 'ready') await judge.end()
    return judge
  }

  async cover(): Promise<Coverage> {
    const reply = await this.#send({ kind: 'cover' })
    if (reply?.kind !== 'covered')
      throw new Error('the tests can’t be run without a mutant; what stands above says why')
    return reply.coverage
  }

  /** A process that ends or does not answer hangs as good as the mutant in it. */
  async judge(command: Omit<Command & { kind: 'judge' }, 'kind'>): Promise<Verdict> {
    const reply = await this.#send({ kind: 'judge', ...command })
    return reply?.kind === 'judged' ? reply.verdict : { kind: 'hung' }
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async end(): Promise<void> {
    if (this.ended) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async #send(command: Command): Promise<Reply | null> {
    if (this.ended) return null
    this.#child.send(command)
    const reply = await this.#reply()
    if (reply === null) await this.end()
    return reply
  }

  /** @returns null when the process ends or its time is over. */
  async #reply(): Promise<Reply | null> {
    const settled = new AbortController()
    const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(answerTimeoutMs)])
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal }).then(([reply]) => reply as Reply),
        once(this.#child, 'exit', { signal }).then(() => null),
      ])
    } catch {
      return null
    } finally {
      settled.abort()
    }
  }
}
