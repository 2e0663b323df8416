import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { Secret } from '../secret.js'
import { isLoopback } from '../listen-address.js'
import type { HttpAddress } from './address.js'
import { Problem } from './problem.js'
import type { Route } from './route.js'
import { isAuthorized } from './token.js'

export interface GuardInput {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly address: HttpAddress
  /** Names that this server may be called by, beside addresses and localhost. */
  readonly hostNames: readonly string[]
  readonly token: Secret
}

/**
 * Why a request is not let in; null when it is. A page of another site that a browser shows is the attacker
 * to think of: it can send requests here, under its own name (cross-site) or under one that it makes point
 * here (DNS rebinding).
 */
export function whyNotAllowed(route: Pick<Route, 'access'> | null, input: GuardInput): Problem | null {
  return (
    whyNotHost(input) ?? whyNotSameSite(route, input) ?? whyNotJson(input) ?? whyNotAuthorized(route, input)
  )
}

/**
 * A browser names the host it believes to talk to. An address, localhost, or a name that was configured can't
 * be an attacker's domain; any other name may be one that was made to point here. A request without Host is
 * no browser's; over a Unix socket there is none.
 */
function whyNotHost({ address, headers, hostNames }: GuardInput): Problem | null {
  const host = headers.host ?? headers[':authority']
  if (address.kind === 'unix' || typeof host !== 'string') return null
  const name = hostNameOf(host)
  if (name === 'localhost' || isIP(name) !== 0 || hostNames.includes(name)) return null
  if (address.kind === 'tcp' && name === address.host) return null
  return new Problem(421, 'http/unknown-host', `this server is not called ${JSON.stringify(name)}`, {
    hint: 'Use its address or localhost, or start the daemon with --http-name and that name.',
  })
}

/**
 * A browser says which site a request comes from, also of an image or a script that another page embeds. What
 * anybody may have (the page itself, health) can be linked to; what is read or asked here is for our own page
 * and for programs.
 */
function whyNotSameSite(
  route: Pick<Route, 'access'> | null,
  { method, headers }: GuardInput,
): Problem | null {
  if (route?.access === 'public' && method !== 'POST') return null
  const site = headers['sec-fetch-site']
  const { origin, host = '' } = headers
  const isCrossSite =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
  return isCrossSite
    ? new Problem(403, 'http/cross-site', 'a page of another site may not ask for this')
    : null
}

/**
 * JSON with another site's page needs a preflight, which is never answered with leave; forms and images can't
 * send it at all.
 */
function whyNotJson({ method, headers }: GuardInput): Problem | null {
  if (method !== 'POST' || /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return null
  return new Problem(415, 'http/not-json', 'the body must be JSON, with content-type: application/json')
}

function whyNotAuthorized(
  route: Pick<Route, 'access'> | null,
  { address, headers, token }: GuardInput,
): Problem | null {
  const isRemote = address.kind === 'tcp' && !isLoopback(address.host)
  const needsToken =
    route === null ? isRemote : route.access === 'operator' || (route.access === 'reader' && isRemote)
  if (!needsToken || isAuthorized(headers.authorization, token)) return null
  return new Problem(401, 'http/token-needed', 'this needs the token of the daemon', {
    hint: 'Send "Authorization: Bearer <token>"; the token is in http.token in the state directory.',
    headers: { 'www-authenticate': 'Bearer' },
  })
}

function hostNameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)?.[1]
  return (bracketed ?? host.replace(/:\d*$/, '')).toLowerCase()
}
