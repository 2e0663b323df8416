import type { TlsSpec } from './spec.js'
/** What planning and status may know of certificates: plain data, no key in it. */
export interface TlsView {
  readonly mode: TlsSpec['mode']
  /**
   * `one`: the same certificate for all nodes, somebody's own. `each`: every node has its own, which we make.
   * `none`: nothing is in force.
   */
  readonly certificates:
    | { readonly kind: 'shared'; readonly fingerprint: string }
    | { readonly kind: 'perNode'; readonly fingerprints: Readonly<Record<number, string>> }
    | { readonly kind: 'none' }
  /** Why the files that the manifest names are not used; null when they are, or it names none. */
  readonly refused: string | null
  /** When the first of them ends; null while there is none. */
  readonly expiresAtMs: number | null
  /** The first certificate to end, when it is about to and we have not renewed it; null otherwise. */
  readonly expiring: { readonly subject: string; readonly expiresAtMs: number } | null
}
