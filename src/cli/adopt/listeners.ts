/** A TCP port that somebody in a container listens on. */
export interface Listener {
  readonly port: number
  /** On its loopback alone: nobody outside the container gets there. */
  readonly isLocal: boolean
}

/**
 * What /proc/net/tcp and tcp6 show: `0: 0100007F:18EB 00000000:0000 0A …`, addresses in hex, 32 bits at a
 * time in the order of the host; 0A is LISTEN.
 */
export function listenersIn(procNetTcp: string): readonly Listener[] {
  return procNetTcp.split('\n').flatMap(line => {
    const found = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A /.exec(line)
    if (found === null) return []
    const [, address = '', port = ''] = found
    return [{ port: Number.parseInt(port, 16), isLocal: isLoopback(address) }]
  })
}

const loopbackOfSix = '00000000000000000000000001000000'

function isLoopback(address: string): boolean {
  return address.length === 8 ? address.endsWith('7F') : address === loopbackOfSix
}

/** Why nobody is reached at this port, and how to fix it; null where that is not the reason. */
export function whyNotReached(
  { container, port }: { readonly container: string; readonly port: number },
  listeners: readonly Listener[],
): { readonly reason: string; readonly hint: string } | null {
  const here = listeners.filter(one => one.port === port)
  if (here.length > 0) {
    if (!here.every(one => one.isLocal)) return null
    return {
      reason: `${container} listens on its own loopback alone (bind 127.0.0.1), so nobody outside its container can follow it`,
      hint: `Run: docker exec ${container} redis-cli${port === 6_379 ? '' : ` -p ${port}`} CONFIG SET bind "* -::*"   (from Redis 7 on without a restart; say so in its redis.conf too). If it has no password, anybody on its networks can use it then.`,
    }
  }
  const elsewhere = [...new Set(listeners.filter(one => !one.isLocal).map(one => one.port))]
  const [first] = elsewhere
  return first === undefined
    ? null
    : {
        reason: `nothing listens on port ${port} in ${container}; on ${elsewhere.join(', ')} something does`,
        hint: `If that is its Redis, name it so: ${container}:${first}   (or, for all of them: --port ${first})`,
      }
}
