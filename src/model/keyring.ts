import { controlUser, replicationUser } from './acl-user.js'
import type { Secret } from '../secret.js'
export interface Keyring {
  /**
   * Keys the digests by which the memory knows what a node was given; made once, and told to nobody: without
   * it a weak password can't be guessed from a digest.
   */
  readonly digestKey: Secret
  readonly users: readonly UserKeys[]
}

export interface UserKeys {
  readonly user: string
  readonly current: Key
  readonly next: Key | null
  readonly former: readonly FormerKey[]
  /** The manifest does not name this user any more: it is taken from every node, and then from here. */
  readonly departed: boolean
}

export interface Key {
  readonly secret: Secret
  /** Null in a keyring of an earlier version, which did not write it down. */
  readonly origin: 'generated' | 'given' | null
}

export interface FormerKey {
  readonly secret: Secret
  readonly untilMs: number
}

/** The users that Flotilla itself logs in with. */
export const internalUsers: readonly string[] = [controlUser, replicationUser]
