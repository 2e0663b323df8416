import { join } from 'node:path'
import { z } from 'zod'
import { FlotillaError } from '../errors.js'
import { diskFiles, type StateFiles } from '../files.js'
import { keyPairJson, parseFile, toKeyPairJson } from './key-pair-json.js'
import { emptyCertificateState, type CertificateState } from './certificate-state.js'

const file = z.object({
  version: z.literal(1),
  authorities: z.array(keyPairJson),
  leaves: z.array(keyPairJson.extend({ ordinal: z.int().min(0), lifetimeMs: z.number() })),
  // Before clients could be asked, there was none.
  client: keyPairJson.extend({ lifetimeMs: z.number() }).nullable().prefault(null),
  files: keyPairJson.extend({ authorities: z.string() }).nullable(),
  inForce: z.enum(['generated', 'files']).nullable(),
  retired: z.array(z.object({ authorities: z.string(), untilMs: z.number() })),
})

/** What is in the folder for clients to read: a certificate is public, its key is not in it. */
export function isPublic(fileName: string): boolean {
  return fileName.endsWith(caCertSuffix)
}

const caCertSuffix = '.ca.crt'

/**
 * `secrets/<flotilla>.tls.json` (0600): certificates with their keys, which lie open in it, as passwords do
 * in the file beside it; who may read the folder is the protection. `secrets/<flotilla>.ca.crt`: what clients
 * are to trust.
 */
export class CertificateStore {
  readonly #folder: string
  readonly #files: StateFiles
  readonly #known = new Map<string, CertificateState>()

  constructor(stateDirectory: string, files: StateFiles = diskFiles) {
    this.#files = files
    this.#folder = join(stateDirectory, 'secrets')
  }

  /** What was last saved; read once, because only we write it. */
  async load(flotilla: string): Promise<CertificateState> {
    const state = this.#known.get(flotilla) ?? (await this.read(flotilla))
    this.#known.set(flotilla, state)
    return state
  }

  /**
   * As it is on disk now, which a daemon beside us may have changed. @throws FlotillaError state/unreadable:
   * without the keys that its nodes have, nobody can be told who they are.
   */
  async read(flotilla: string): Promise<CertificateState> {
    const path = this.#path(flotilla)
    const text = await this.#files.read(path)
    const state = text === null ? emptyCertificateState : parseFile(file, text)
    if (state === null)
      throw new FlotillaError('state/unreadable', `${path} is damaged: it does not hold the certificates`, {
        hint: `Restore the file from a backup, or remove it and run: flotilla down ${flotilla} && flotilla up ${flotilla}`,
      })
    return state
  }

  /** Writes both down before it returns. */
  async save(flotilla: string, state: CertificateState, trusted: string): Promise<void> {
    const json = {
      version: 1,
      ...state,
      authorities: state.authorities.map(toKeyPairJson),
      leaves: state.leaves.map(toKeyPairJson),
      client: state.client === null ? null : toKeyPairJson(state.client),
      files: state.files === null ? null : toKeyPairJson(state.files),
    }
    await this.#files.write(this.#path(flotilla), `${JSON.stringify(json)}\n`, { mode: 0o600 })
    await this.#files.write(this.caCertPath(flotilla), trusted, { mode: 0o644 })
    this.#known.set(flotilla, state)
  }

  /** What was saved or read, and is gone. */
  missingFiles(flotilla: string): readonly string[] {
    const known = this.#known.get(flotilla)
    if (known === undefined || known === emptyCertificateState) return []
    return [this.#path(flotilla), this.caCertPath(flotilla)].filter(path => !this.#files.exists(path))
  }

  async forget(flotilla: string): Promise<void> {
    this.#known.delete(flotilla)
    await this.#files.remove(this.#path(flotilla))
    await this.#files.remove(this.caCertPath(flotilla))
  }

  /** Where a person finds what clients are to trust; there once TLS was first asked for. */
  caCertPath(flotilla: string): string {
    return join(this.#folder, `${flotilla}${caCertSuffix}`)
  }

  #path(flotilla: string): string {
    return join(this.#folder, `${flotilla}.tls.json`)
  }
}
