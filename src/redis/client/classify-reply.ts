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
