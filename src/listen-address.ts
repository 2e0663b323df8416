import { isIP } from 'node:net'
import { explainError } from './errors.js'
import { errno } from './files.js'

/** Where something listens on this machine: an IP address and a port. */
export interface ListenAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly host: string
  readonly port: number
}

/** Reads `127.0.0.1:6379`, `[::1]:6379`, or `6379` (on loopback); null for what is no such address. */
export function parseListenAddress(text: string): ListenAddress | null {
  const [, ipv6, ipv4, digits = ''] = /^(?:(?:\[([^\]]+)\]|([\d.]+)):)?(\d{1,5})$/.exec(text) ?? []
  const host = ipv6 ?? ipv4 ?? '127.0.0.1'
  const port = Number(digits)
  if (digits === '' || port > 65_535 || isIP(host) === 0) return null
  return (isIP(host) === 6) === (ipv6 !== undefined) ? { host, port } : null
}

/** As it is written in a manifest, and as clients take it. */
export function renderListenAddress({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Only programs of this machine get there. A name other than localhost may mean any address, so it counts as
 * another machine's.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** It stands for every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** Why nobody can listen at an address, from the error of `listen`. */
export function whyNotListening(error: unknown): string {
  switch (errno(error)) {
    case 'EADDRINUSE':
      return 'another process answers there'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address'
    case 'EACCES':
      return 'this user may not'
    default:
      return explainError(error)
  }
}
