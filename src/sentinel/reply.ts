/**
 * What a client is answered: a string is a bulk string, a number an integer, null a string that is not there.
 * Strings hold one character for each byte (latin1), as requests do.
 */
export type Reply =
  | string
  | number
  | null
  | readonly Reply[]
  | { readonly kind: 'simple'; readonly text: string }
  /** `code` is one word: ERR, NOAUTH … */
  | { readonly kind: 'error'; readonly code: string; readonly text: string }
  /** A list that is not there. */
  | { readonly kind: 'no-list' }
  /** In RESP2 a flat list of names and values. */
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Reply])[] }
  /** What nobody has asked for at this moment; in RESP2 a list. */
  | { readonly kind: 'push'; readonly items: readonly Reply[] }
  /** One request, several replies. */
  | { readonly kind: 'several'; readonly replies: readonly Reply[] }

export type Protocol = 2 | 3

export const ok: Reply = { kind: 'simple', text: 'OK' }

/** @param text a sentence without a line break; one of a client's own words is quoted by {@link quote}. */
export function failure(text: string, code = 'ERR'): Reply {
  return { kind: 'error', code, text }
}

/** A word of a client's request as a part of an error: short, and without what would end the line. */
export function quote(word: string): string {
  const clean = word.slice(0, 64).replaceAll(/[^\u0020-\u007e]/g, '?')
  return `'${clean}'`
}

/** The bytes of a reply, one character for each. */
export function encodeReply(reply: Reply, protocol: Protocol): string {
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`
  if (typeof reply === 'number') return `:${reply}\r\n`
  if (reply === null) return protocol === 3 ? '_\r\n' : '$-1\r\n'
  if (isList(reply)) return encodeList('*', reply, protocol)
  switch (reply.kind) {
    case 'simple':
      return `+${reply.text}\r\n`
    case 'error':
      return `-${reply.code} ${reply.text.replaceAll(/[^\u0020-\u007e]/g, '?')}\r\n`
    case 'no-list':
      return protocol === 3 ? '_\r\n' : '*-1\r\n'
    case 'map': {
      const items = reply.entries.flat()
      if (protocol === 2) return encodeList('*', items, protocol)
      return `%${reply.entries.length}\r\n${encodeAll(items, protocol)}`
    }
    case 'push':
      return encodeList(protocol === 3 ? '>' : '*', reply.items, protocol)
    case 'several':
      return encodeAll(reply.replies, protocol)
  }
}

function encodeList(sign: string, items: readonly Reply[], protocol: Protocol): string {
  return `${sign}${items.length}\r\n${encodeAll(items, protocol)}`
}

function encodeAll(items: readonly Reply[], protocol: Protocol): string {
  return items.map(item => encodeReply(item, protocol)).join('')
}

function isList(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply)
}
