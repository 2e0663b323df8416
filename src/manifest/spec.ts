/** What one manifest document asks for, with every default filled in. Plain data: the planner's first input. */
export interface FlotillaSpec {
  /** 1–40 characters of `[a-z0-9-]`; the stem of every container, volume, network and alias name. */
  readonly name: string
  readonly image: string
  /** Replicas beside the one master, 0–200. */
  readonly replicas: number
  readonly auth: AuthSpec
  readonly persistence: PersistenceSpec
  readonly deletionPolicy: DeletionPolicy
}

export type AuthSpec =
  /** A password that Flotilla makes and keeps in its state directory. */
  | { readonly kind: 'generated' }
  /** A file that holds nothing but the password (a final newline is dropped); absolute path. */
  | { readonly kind: 'password-file'; readonly path: string }
  /** No password at all: must be asked for. */
  | { readonly kind: 'none' }

export interface PersistenceSpec {
  /** `aof`: append-only file, everysec. `rdb`: snapshots. `none`: memory only, the volume stays empty. */
  readonly mode: 'aof' | 'rdb' | 'none'
}

/**
 * What happens when the manifest of a known flotilla goes away.
 * Retain: containers and network go, volumes stay. Delete: volumes go too. Orphan: nothing is touched.
 */
export type DeletionPolicy = 'Retain' | 'Delete' | 'Orphan'
