import { join } from 'node:path'
import { z } from 'zod'
import { diskFiles, type StateFiles } from '../files.js'
import { gatewayName } from '../model/names.js'
import type { KeyPair } from './certificate-bundle.js'
import { keyPairJson, parseFile, toKeyPairJson } from './key-pair-json.js'
import { authorityLifetimeMs } from './certificate-state.js'
import { validityOf } from './validate.js'

/** What a gateway and we prove to each other who we are with; nobody else has any use for it. */
export interface GatewayCertificates {
  /** PEM of the authority that has signed both. */
  readonly authority: string
  /** Of the gateway's admin port, good for the gateway's name. */
  readonly server: KeyPair
  /** Ours. */
  readonly client: KeyPair
}

const file = z.object({
  version: z.literal(1),
  authority: z.string(),
  server: keyPairJson,
  client: keyPairJson,
})

/** Others are made in the last year of ten, and the gateway is recreated with them. */
const renewBeforeMs = 365 * 86_400_000

/**
 * `secrets/<flotilla>.gateway.json` (0600). An authority of its own, whatever the flotilla's `tls` says: it
 * signs two certificates and its key is thrown away, so that nobody else can ever be let in.
 */
export class GatewayCertificateStore {
  readonly #folder: string
  readonly #files: StateFiles
  readonly #known = new Map<string, GatewayCertificates>()

  constructor(stateDirectory: string, files: StateFiles = diskFiles) {
    this.#folder = join(stateDirectory, 'secrets')
    this.#files = files
  }

  /**
   * Those there are; null where there are none yet, or what is there is damaged. Makes and writes nothing.
   */
  async peek(flotilla: string): Promise<GatewayCertificates | null> {
    const known = this.#known.get(flotilla)
    if (known !== undefined) return known
    const text = await this.#files.read(this.#path(flotilla))
    const read = text === null ? null : parseFile(file, text)
    if (read !== null) this.#known.set(flotilla, read)
    return read
  }

  /** Those there are, made first where need be. */
  async ensure(flotilla: string, nowMs: number): Promise<GatewayCertificates> {
    const there = await this.peek(flotilla)
    if (there !== null && validityOf(there.server.certificate).toMs - nowMs > renewBeforeMs) return there
    const { makeAuthority, issueCertificate } = await import('./issue.js')
    const lifetimeMs = authorityLifetimeMs
    const authority = await makeAuthority({ flotilla: gatewayName(flotilla), nowMs, lifetimeMs })
    const issue = (name: string) =>
      issueCertificate(authority, { names: [name], addresses: [], nowMs, lifetimeMs })
    const made = {
      authority: authority.certificate,
      server: await issue(gatewayName(flotilla)),
      client: await issue('flotilla'),
    }
    const { authority: signer, server, client } = made
    const pairs = { server: toKeyPairJson(server), client: toKeyPairJson(client) }
    const json = { version: 1, authority: signer, ...pairs }
    await this.#files.write(this.#path(flotilla), `${JSON.stringify(json)}\n`, { mode: 0o600 })
    this.#known.set(flotilla, made)
    return made
  }

  async forget(flotilla: string): Promise<void> {
    this.#known.delete(flotilla)
    await this.#files.remove(this.#path(flotilla))
  }

  #path(flotilla: string): string {
    return join(this.#folder, `${flotilla}.gateway.json`)
  }
}
