/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string
  readonly id: string | null
  readonly data: string
}

/**
 * Reads server-sent events from text as it comes. The browser's own EventSource can't send the token, and
 * gives up for good on an answer that is not 200, such as that of a proxy while the daemon restarts.
 */
export class SseReader {
  #rest = ''

  reduce(text: string): readonly ServerSentEvent[] {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.flatMap(block => parseBlock(block) ?? [])
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  const fields = new Map(
    block
      .split('\n')
      .map(line => /^(\w+): ?(.*)$/.exec(line))
      .filter(match => match !== null)
      .map(([, name = '', value = '']) => [name, value]),
  )
  const data = fields.get('data')
  return data === undefined
    ? null
    : { event: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data }
}
