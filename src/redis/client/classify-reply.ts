import { oneLine } from '../../printable.js'

/** What the other side says ends in logs. */
export const messageLengthMax = 200

/** What an error reply to a question of ours says about the node. All of them are life. */
export type ReplyClass = 'loading' | 'busy' | 'denied' | 'other'

/**
 * Reads the first word of a RESP error, as Redis's clients do; the words after it change between versions.
 */
export function classifyReply(errorReply: string): ReplyClass {
  if (errorReply.startsWith('LOADING')) return 'loading'
  if (errorReply.startsWith('BUSY ')) return 'busy'
  const isDenial =
    [isAuthFailure, isMaxClients, isPasswordNotSet].some(is => is(errorReply)) || /^DENIED\b/.test(errorReply)
  return isDenial ? 'denied' : 'other'
}

/** A full house is transient, unlike a wrong password. */
export function isMaxClients(errorReply: string): boolean {
  return /max number of clients/i.test(errorReply)
}

/** Of one that is only needed where there is one: Redis 6 and newer, and before. */
function isPasswordNotSet(errorReply: string): boolean {
  return /^ERR (AUTH .*without any password configured|Client sent AUTH, but no password is set)/.test(
    errorReply,
  )
}

/** It refuses the user or the password that we come with, and will go on to. */
export function isAuthFailure(errorReply: string): boolean {
  return /^(NOAUTH|WRONGPASS|NOPERM)\b/.test(errorReply)
}

/** A denial in plain words, with what Redis said behind it. */
export function explainDenial(errorReply: string): string {
  return `${denialReason(errorReply)} (${oneLine(errorReply, messageLengthMax)})`
}

function denialReason(errorReply: string): string {
  if (isMaxClients(errorReply)) return 'it has as many clients as it allows'
  if (errorReply.startsWith('WRONGPASS')) return 'it does not accept our password'
  if (errorReply.startsWith('NOAUTH')) return 'it wants a password that we do not have'
  if (errorReply.startsWith('NOPERM')) return 'our user may not do this'
  if (isPasswordNotSet(errorReply))
    return 'it has no password, and refuses a replica that comes with one; leave the password out'
  if (errorReply.startsWith('DENIED')) return 'its protected mode refuses remote clients'
  return 'it answers, but not as a node of ours does'
}

/**
 * Why the other side is not believed to be a node of ours, from the code of OpenSSL's or Node's error; null
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
 * nothing about the node.
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
