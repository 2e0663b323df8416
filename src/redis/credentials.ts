import { Secret } from '../secret.js'

/** 32 bytes are 256 bits: nobody guesses them, and the hash in the ACL file gives nothing away. */
const passwordBytes = 32

/**
 * A new password of 43 characters from `[A-Za-z0-9_-]`, which no shell, URL or configuration file needs to
 * quote. `randomBytes` is node:crypto's, or a fixed one in tests.
 */
export function generatePassword(randomBytes: (size: number) => Uint8Array): Secret {
  return new Secret(Buffer.from(randomBytes(passwordBytes)).toString('base64url'))
}
