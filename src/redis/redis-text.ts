import { FlotillaError } from '../errors.js'

/**
 * One argument of a line of redis.conf or of an ACL file, quoted so that the server reads back exactly
 * `value`: spaces, quotes and backslashes included (sdssplitargs in Redis's sds.c). A value with a control
 * character is refused: a line ends at its newline, whatever the quotes say.
 *
 * @throws FlotillaError manifest/invalid naming `what`, never the value.
 */
export function quoteArgument(value: string, what: string): string {
  if (hasControlCharacter(value))
    throw new FlotillaError(
      'manifest/invalid',
      `${what} has a newline or another control character in it, which a Redis configuration file can't hold`,
      { hint: 'Use printable characters only; a final newline in a password file is dropped by itself.' },
    )
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

export function hasControlCharacter(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index)
    if (unit < 0x20 || unit === 0x7f) return true
  }
  return false
}
