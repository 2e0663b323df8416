import { FlotillaError } from '../errors.js'
import { parseHttpAddresses, requireSafe } from '../http/address.js'
import type { HttpSetting } from './http.js'

/** The options of `flotilla run` that are about HTTP, as they were typed. */
export interface HttpFlags {
  readonly http: string
  readonly httpName?: readonly string[]
  readonly httpTlsCert?: string
  readonly httpTlsKey?: string
}

/** @throws FlotillaError usage/invalid, http/unsafe */
export function readHttpSetting(flags: HttpFlags, explicit: boolean): HttpSetting {
  const { httpTlsCert: certPath, httpTlsKey: keyPath } = flags
  const addresses = parseHttpAddresses(flags.http)
  if ((certPath === undefined) !== (keyPath === undefined))
    throw new FlotillaError('usage/invalid', 'TLS needs both: the certificate and its key', {
      hint: 'Give --http-tls-cert and --http-tls-key.',
    })
  for (const address of addresses) requireSafe(address, certPath !== undefined)
  return {
    addresses,
    explicit,
    hostNames: (flags.httpName ?? []).map(name => name.toLowerCase()),
    tls: certPath === undefined || keyPath === undefined ? null : { certPath, keyPath },
  }
}
