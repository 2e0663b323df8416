import { isIP } from 'node:net'
import { FlotillaError } from '../errors.js'
import { isLoopback } from '../listen-address.js'

/** Where the daemon answers HTTP. */
export type HttpAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

export const defaultHttpAddress = '127.0.0.1:8379'

/**
 * Reads `--http`: `off`, or addresses with commas between: `127.0.0.1:8379`, `[::1]:8379`, `8379` (on
 * loopback), `unix:/run/flotilla/http.sock`.
 * @throws FlotillaError usage/invalid
 */
export function parseHttpAddresses(text: string): readonly HttpAddress[] {
  return text === 'off' ? [] : text.split(',').map(one => parseHttpAddress(one.trim()))
}

function parseHttpAddress(text: string): HttpAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '') throw invalidAddress(text)
    return { kind: 'unix', path }
  }
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text)
  const [, ipv6, name, digits = ''] = match ?? []
  const host = ipv6 ?? name ?? '127.0.0.1'
  const port = Number(digits)
  if (match === null || port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) throw invalidAddress(text)
  return { kind: 'tcp', host, port }
}

/** As `--http` would be given. */
export function renderHttpAddress(address: HttpAddress): string {
  switch (address.kind) {
    case 'unix':
      return `unix:${address.path}`
    case 'tcp':
      return isIP(address.host) === 6
        ? `[${address.host}]:${address.port}`
        : `${address.host}:${address.port}`
  }
}

/** @throws FlotillaError http/unsafe when passwords and the token would cross a network in the clear. */
export function requireSafe(address: HttpAddress, hasTls: boolean): void {
  if (address.kind !== 'tcp' || isLoopback(address.host) || hasTls) return
  throw new FlotillaError(
    'http/unsafe',
    `${renderHttpAddress(address)} can be reached from other machines, and without TLS everybody on the way reads the token`,
    { hint: 'Give --http-tls-cert and --http-tls-key, or an address on loopback such as 127.0.0.1:8379.' },
  )
}

function invalidAddress(text: string): FlotillaError {
  return new FlotillaError('usage/invalid', `--http ${text}: that is no address`, {
    hint: `Give host:port (${defaultHttpAddress}), unix:/path/to.sock, several with commas between, or off.`,
  })
}
