import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Answer, Coverage, Question, Verdict } from './job.js'

/** The longest that all tests together take is some seconds, on a machine that is busy too. */
const answerWithinMs = 60_000

/** A process that has imported the tests, and is asked one thing after the other. */
export class Judge {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** `mutantId` is alive from the first import on; without one, none is. */
  static async start(jobFile: string, mutantId = ''): Promise<Judge> {
    const child = fork(new URL('judge.js', import.meta.url), [jobFile, mutantId], {
      execArgv: [],
      // What a mutant makes tests print is of no interest; without a mutant they print nothing.
      stdio: mutantId === '' ? 'inherit' : 'ignore',
    })
    const judge = new Judge(child)
    const answer = await judge.#answer()
    if (answer?.kind !== 'ready') await judge.end()
    return judge
  }

  async cover(): Promise<Coverage> {
    const answer = await this.#ask({ kind: 'cover' })
    if (answer?.kind !== 'covered')
      throw new Error('the tests can’t be run without a mutant; what stands above says why')
    return answer.coverage
  }

  /** A process that ends or does not answer hangs as good as the mutant in it. */
  async judge(question: Omit<Question & { kind: 'judge' }, 'kind'>): Promise<Verdict> {
    const answer = await this.#ask({ kind: 'judge', ...question })
    return answer?.kind === 'judged' ? answer.verdict : { kind: 'hung' }
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async end(): Promise<void> {
    if (this.ended) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async #ask(question: Question): Promise<Answer | null> {
    if (this.ended) return null
    this.#child.send(question)
    const answer = await this.#answer()
    if (answer === null) await this.end()
    return answer
  }

  /** @returns null when the process ends or its time is over. */
  async #answer(): Promise<Answer | null> {
    const settled = new AbortController()
    const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(answerWithinMs)])
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal }).then(([answer]) => answer as Answer),
        once(this.#child, 'exit', { signal }).then(() => null),
      ])
    } catch {
      return null
    } finally {
      settled.abort()
    }
  }
}
