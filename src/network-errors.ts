/**
 * Why the other side is not believed to be one of ours, from the code of OpenSSL's or Node's error; null
 * when it is no matter of certificates. The connection is closed then before anything is said on it.
 */
export function explainDistrust(code: string | null): string | null {
  if (code === null) return null
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has ended (CERT_HAS_EXPIRED)'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${code})`
  if (/^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|ERROR_IN_CERT|HOSTNAME_)/.test(code))
    return `its certificate is from nobody that we trust (${code})`
  return /^(EPROTO$|ERR_SSL_)/.test(code) ? `it does not speak TLS as we do (${code})` : null
}

/** The kernel at the address answered, and nobody listens there. */
const refusals: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'its address reset the connection',
}

/**
 * Nothing came back from there, or it may be our own trouble (no file descriptors, DNS down): that proves
 * nothing about the other side.
 */
const unknowns: Readonly<Record<string, string>> = {
  EHOSTUNREACH: 'its address can not be reached: no such host on the network',
  EHOSTDOWN: 'its address can not be reached: the host is down',
  ENETUNREACH: 'its address can not be reached: no route to the network',
  ENOTFOUND: 'its name does not resolve',
}

/** Why a connection could not be made, from the code of the system's error. */
export function explainNetworkError(code: string | null): {
  readonly kind: 'refused' | 'failed'
  readonly reason: string
} {
  const refusal = code === null ? undefined : refusals[code]
  if (refusal !== undefined) return { kind: 'refused', reason: `${refusal} (${code})` }
  const unknown = (code === null ? undefined : unknowns[code]) ?? 'no connection could be made'
  return { kind: 'failed', reason: `${unknown} (${code ?? 'no reason given'})` }
}

/** The system's error code; of the first attempt when a name had several addresses and all failed. */
export function firstErrorCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? firstErrorCode(error.errors[0]) : null
}
