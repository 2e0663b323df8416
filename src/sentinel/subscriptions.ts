import type { Message } from './changes.js'
import type { Asker } from './asker.js'
import { matchesGlob } from './glob.js'
import { failure, type Reply } from './reply.js'

/** Of one client; more than any client library needs. */
const bounds = { subscriptions: 64, nameLength: 256 }

/** What one client has subscribed to. */
export class Subscriptions {
  readonly #channels = new Set<string>()
  readonly #patterns = new Set<string>()

  get count(): number {
    return this.#channels.size + this.#patterns.size
  }

  /** SUBSCRIBE or PSUBSCRIBE. @returns a reply for each name, as Redis gives them. */
  add(kind: 'subscribe' | 'psubscribe', names: readonly string[]): Reply {
    if (this.count + names.length > bounds.subscriptions)
      return failure(`a client may subscribe to ${bounds.subscriptions} channels and patterns`)
    if (names.some(name => name.length > bounds.nameLength)) return failure('a name is too long')
    return several(names, name => {
      this.#of(kind).add(name)
      return [kind, name, this.count]
    })
  }

  /** UNSUBSCRIBE or PUNSUBSCRIBE; no names: from all. */
  remove(kind: 'unsubscribe' | 'punsubscribe', names: readonly string[]): Reply {
    const from = this.#of(kind)
    const wanted = names.length > 0 ? names : [...from]
    if (wanted.length === 0) return { kind: 'push', items: [kind, null, this.count] }
    return several(wanted, name => {
      from.delete(name)
      return [kind, name, this.count]
    })
  }

  clear(): void {
    this.#channels.clear()
    this.#patterns.clear()
  }

  /** What this client is sent of a message: once for the channel, and once for each pattern. */
  deliveries({ channel, text }: Message, asker: Asker): readonly Reply[] {
    const patterns = [...this.#patterns].filter(pattern => matchesGlob(pattern, channel))
    if (patterns.length === 0 && !this.#channels.has(channel)) return []
    const body = text(asker)
    if (body === null) return []
    return [
      ...(this.#channels.has(channel) ? [push(['message', channel, body])] : []),
      ...patterns.map(pattern => push(['pmessage', pattern, channel, body])),
    ]
  }

  #of(kind: 'subscribe' | 'psubscribe' | 'unsubscribe' | 'punsubscribe'): Set<string> {
    return kind.startsWith('p') ? this.#patterns : this.#channels
  }
}

function several(names: readonly string[], reply: (name: string) => readonly Reply[]): Reply {
  return { kind: 'several', replies: names.map(name => push(reply(name))) }
}

function push(items: readonly Reply[]): Reply {
  return { kind: 'push', items }
}
