/** A reply as redis-cli prints it into a pipe: elements line by line, nothing for nil, and no quotes. */
export function renderReply(reply: unknown): string {
  if (Array.isArray(reply)) return reply.map(renderReply).join('')
  return `${typeof reply === 'string' || typeof reply === 'number' ? reply : ''}\n`
}
