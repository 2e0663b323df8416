import type { FlotillaSpec } from '../model/spec.js'
import { Secret } from '../secret.js'
import type { ReadSecretFile } from '../secret-files.js'
import { FlotillaError } from '../errors.js'
import {
  authorityLifetimeMs,
  issuerFor,
  lifetimeOf,
  bundleFor,
  bundleOf,
  clientPairIn,
  needsClientCertificate,
  needsAuthority,
  activate,
  trustedAuthorities,
  withNodeCertificate,
  type FilesRead,
  type CertificateState,
} from './certificate-state.js'
import type { CertificateStore } from './certificate-store.js'
import type { CertificateBundle, KeyPair } from './certificate-bundle.js'
import { serverNameOf, tlsViewOf, type TlsAccess } from './tls-view.js'
import { namesOfNode } from './names.js'

/**
 * The certificates of all flotillas: reads what their manifests name, makes and renews what they don't, and
 * keeps both. Only the holder of the state's lock may call what writes.
 */
export class Certificates {
  readonly #store: CertificateStore
  readonly #readFile: ReadSecretFile
  /**
   * One change at a time for each flotilla: nodes that are made at once get their certificates one after the
   * other.
   */
  readonly #turns = new Map<string, Promise<unknown>>()

  /** What the last look at each spec came to. */
  readonly #last = new WeakMap<FlotillaSpec, TlsAccess | null>()

  constructor(store: CertificateStore, readFile: ReadSecretFile) {
    this.#store = store
    this.#readFile = readFile
  }

  /**
   * What holds now, taking into force what the manifest asks for. Null where TLS is off and never was on.
   * `fastPath`: what the last look came to will do, because clients wait for a master.
   */
  async refresh(
    spec: FlotillaSpec,
    nowMs: number,
    { fastPath = false }: { readonly fastPath?: boolean } = {},
  ): Promise<TlsAccess | null> {
    const known = this.#last.get(spec)
    if (fastPath && known !== undefined) return known
    const access = await this.#refresh(spec, nowMs)
    this.#last.set(spec, access)
    return access
  }

  #refresh(spec: FlotillaSpec, nowMs: number): Promise<TlsAccess | null> {
    return this.#isThrottled(spec.name, async () => {
      const before = await this.#store.load(spec.name)
      if (spec.tls.mode === 'off') return before.inForce === null ? null : accessOf(before, spec, null, nowMs)
      const read = await readFiles(spec, this.#readFile)
      const supplied =
        read === null && needsAuthority(before, nowMs) ? await withAuthority(before, spec, nowMs) : before
      const { state: active, refused } = activate(supplied, read, {
        serverName: serverNameOf(spec.name),
        clientAuth: spec.tls.clientAuth,
        nowMs,
      })
      const state = needsClientCertificate(active, spec.tls, nowMs)
        ? await withClientCertificate(active, spec, nowMs)
        : active
      if (state !== before) await this.#store.save(spec.name, state, trustedAuthorities(state, nowMs))
      return accessOf(state, spec, refused, nowMs)
    })
  }

  /** The same for who only looks: nothing is made, nothing written. */
  async peek(spec: FlotillaSpec, nowMs: number): Promise<TlsAccess | null> {
    const before = await this.#store.read(spec.name)
    if (spec.tls.mode === 'off') return before.inForce === null ? null : accessOf(before, spec, null, nowMs)
    const { state, refused } = activate(before, await readFiles(spec, this.#readFile), {
      serverName: serverNameOf(spec.name),
      clientAuth: spec.tls.clientAuth,
      nowMs,
    })
    return accessOf(state, spec, refused, nowMs)
  }

  /**
   * For a client that is to prove who it is, from the private authority, as it is on disk now; nothing of it
   * is kept. Null where there is no authority yet.
   */
  async issueForClient(spec: FlotillaSpec, client: string, nowMs: number): Promise<KeyPair | null> {
    const lifetimeMs = lifetimeOf(spec.tls)
    const state = await this.#store.read(spec.name)
    const issuer = issuerFor(state, lifetimeMs, nowMs)
    if (issuer === null) return null
    const { issueCertificate } = await import('./issue.js')
    const request = { names: [client], addresses: [], nowMs, lifetimeMs, isClientOnly: true }
    return issueCertificate(issuer, request)
  }

  /**
   * What this node is to have, made now if it has none or the one it had is due.
   * @throws FlotillaError manifest/invalid while nothing is in force: the files that the manifest names are
   * refused.
   */
  certificateFor(spec: FlotillaSpec, ordinal: number, nowMs: number): Promise<CertificateBundle> {
    return this.#isThrottled(spec.name, async () => {
      const state = await this.#store.load(spec.name)
      const context = { tls: spec.tls, nowMs }
      const there = bundleFor(state, ordinal, context)
      if (there !== null) return there
      const lifetimeMs = lifetimeOf(spec.tls)
      const issuer = state.inForce === 'generated' ? issuerFor(state, lifetimeMs, nowMs) : null
      if (issuer === null)
        throw new FlotillaError(
          'manifest/invalid',
          `flotilla ${spec.name}: there is no certificate in force`,
          {
            hint: `See: flotilla status ${spec.name}`,
          },
        )
      const { issueCertificate } = await import('./issue.js')
      const issued = await issueCertificate(issuer, { ...namesOfNode(spec.name, ordinal), nowMs, lifetimeMs })
      const after = withNodeCertificate(state, { ...issued, ordinal, lifetimeMs })
      const authorities = trustedAuthorities(after, nowMs)
      await this.#store.save(spec.name, after, authorities)
      return bundleOf(issued, { tls: spec.tls, authorities })
    })
  }

  missingFiles(flotilla: string): readonly string[] {
    return this.#store.missingFiles(flotilla)
  }

  async restoreMissingFiles(flotilla: string, nowMs: number): Promise<void> {
    await this.#isThrottled(flotilla, async () => {
      if (this.#store.missingFiles(flotilla).length === 0) return
      const state = await this.#store.load(flotilla)
      await this.#store.save(flotilla, state, trustedAuthorities(state, nowMs))
    })
  }

  /** Where a person finds what clients are to trust; there once TLS was first asked for. */
  caCertPath(flotilla: string): string {
    return this.#store.caCertPath(flotilla)
  }

  forget(flotilla: string): Promise<void> {
    return this.#isThrottled(flotilla, () => this.#store.forget(flotilla))
  }

  async #isThrottled<Result>(flotilla: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(flotilla) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#turns.set(flotilla, turn)
    return turn
  }
}

function accessOf(
  state: CertificateState,
  spec: FlotillaSpec,
  refused: string | null,
  nowMs: number,
): TlsAccess {
  return {
    tlsView: tlsViewOf(state, spec, { refused, nowMs }),
    authorities: trustedAuthorities(state, nowMs),
    client: clientPairIn(state),
  }
}

async function withClientCertificate(
  state: CertificateState,
  { tls }: FlotillaSpec,
  nowMs: number,
): Promise<CertificateState> {
  const lifetimeMs = lifetimeOf(tls)
  const issuer = issuerFor(state, lifetimeMs, nowMs)
  if (issuer === null) return state
  const { issueCertificate } = await import('./issue.js')
  const request = { names: ['flotilla'], addresses: [], nowMs, lifetimeMs, isClientOnly: true }
  return { ...state, client: { ...(await issueCertificate(issuer, request)), lifetimeMs } }
}

async function withAuthority(
  state: CertificateState,
  spec: FlotillaSpec,
  nowMs: number,
): Promise<CertificateState> {
  const { makeAuthority } = await import('./issue.js')
  const authority = await makeAuthority({ flotilla: spec.name, nowMs, lifetimeMs: authorityLifetimeMs })
  return { ...state, authorities: [...state.authorities, authority] }
}

/**
 * Read at every look: that is how a file that was replaced is noticed, whatever way it was replaced. Null
 * where the manifest names none.
 */
async function readFiles({ tls }: FlotillaSpec, readFile: ReadSecretFile): Promise<FilesRead | null> {
  if (tls.certificates.kind !== 'files') return null
  const { certFile, keyFile, caFile } = tls.certificates
  const texts: string[] = []
  for (const path of [certFile, keyFile, caFile]) {
    const read = await readFile(path)
    if (read.kind === 'refused') return { kind: 'unreadable', reason: `${path} ${read.reason}` }
    texts.push(read.bytes.toString('utf8'))
  }
  const [certificate = '', key = '', authorities = ''] = texts
  return { kind: 'read', bundle: { certificate, key: new Secret(key), authorities } }
}
