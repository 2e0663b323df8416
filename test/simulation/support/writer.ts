import type { Dataset } from '../../fakes/redis/dataset.js'
import { takeWrite, type Reply } from '../../fakes/redis/fake-master.js'
import { whenAwake, type FakeProcess } from '../../fakes/redis/fake-process.js'
import type { WriterSetting } from './scenario.js'
import { flotilla, type SimWorld } from './sim-world.js'

/** A write that was acknowledged. */
export interface Acknowledged {
  readonly key: string
  readonly waitFor: number
  readonly atMs: number
  /** The history with it at its end. */
  readonly data: Dataset
}

/**
 * A client that writes through the master's name over a kept connection, and finds the name again when that
 * is closed or says that it is no master.
 */
export class Writer {
  readonly #world: SimWorld
  readonly #setting: WriterSetting
  readonly #name: string
  readonly #onAck: (write: Acknowledged) => void
  #connection: { readonly process: FakeProcess; open: boolean } | null = null
  #count = 0
  #stopped = false

  constructor(
    world: SimWorld,
    setting: WriterSetting,
    options: { readonly name: string; readonly onAck: (write: Acknowledged) => void },
  ) {
    this.#world = world
    this.#setting = setting
    this.#name = options.name
    this.#onAck = options.onAck
  }

  start(): void {
    const { clock, random } = this.#world
    clock.after(this.#setting.everyMs * random.between(0.2, 1.8), () => {
      if (!this.#stopped) this.#write()
    })
  }

  stop(): void {
    this.#stopped = true
  }

  #write(): void {
    const { clock, redis } = this.#world
    const connection = this.#connect()
    if (connection === null) return this.start()
    const { process } = connection
    const key = `${this.#name}-${++this.#count}`
    let over = false
    const end = (keep: boolean): void => {
      if (over) return
      over = true
      if (!keep) connection.open = false
      cancel()
      this.start()
    }
    // Whoever hears nothing doesn't know what became of it, and tries elsewhere.
    const cancel = clock.after(timeoutMs, () => end(false))
    const packetMs = (): number => redis.wire.timing.packetMs()
    const answer = (reply: Reply): void => {
      const { data } = process
      clock.after(packetMs(), () => {
        if (over || process.offline) return
        if (reply.kind === 'value')
          this.#onAck({
            key,
            waitFor: this.#setting.waitFor,
            atMs: clock.monotonicMs(),
            data: atWrite(data, key),
          })
        end(reply.kind === 'value')
      })
    }
    clock.after(packetMs(), () => {
      if (process.offline) return
      whenAwake(process, () =>
        takeWrite(redis.wire, process, { key, value: '', waitFor: this.#setting.waitFor }, answer),
      )
    })
  }

  #connect(): { readonly process: FakeProcess; open: boolean } | null {
    if (this.#connection?.open === true) return this.#connection
    const process = this.#world.lookUpName(`${flotilla}-master`)
    if (process === null || process.state === 'starting' || process.offline) return null
    const connection = { process, open: true }
    process.clients.add(() => {
      connection.open = false
    })
    this.#connection = connection
    return connection
  }
}

const timeoutMs = 1_000

/** Other writes may have come after it. */
function atWrite(data: Dataset, key: string): Dataset {
  let write = data
  while (write.key !== key && write.parent !== null) write = write.parent
  return write
}
