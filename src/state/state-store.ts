import { defaultPolicy, type Policy } from '../manifest/policy.js'
import { secretFilesIn, type ReadSecretFile } from '../secret-files.js'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemClock, type Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { FlotillaMemory } from '../model/record.js'
import { newMemory } from '../model/record.js'
import { flotillaStatus, type FlotillaStatus } from '../model/status.js'
import { applicationUser } from '../model/acl-user.js'
import { generatePassword } from '../redis/credentials.js'
import { Certificates } from '../tls/certificates.js'
import { CertificateStore } from '../tls/certificate-store.js'
import { GatewayCertificateStore } from '../tls/gateway-certificates.js'
import { takeRequests, type OperatorRequest } from './requests.js'
import { diskFiles, type StateFiles } from '../files.js'
import type { BackupRecord } from '../model/backup-record.js'
import { backupFolder, loadBackupRecord } from './backup-records.js'
import { parseMemory, renderMemory } from './memory-schema.js'
import { parseKeyring, renderKeyring } from './secrets-file.js'
import { internalUsers, type Keyring } from '../model/keyring.js'

export interface StateOptions {
  readonly files?: StateFiles
  readonly clock?: Pick<Clock, 'nowMs'>
  readonly policy?: Policy
  /** Where secrets that manifests name may lie; left out: nowhere. */
  readonly secretFolders?: readonly string[]
  /** Left out: from the disk, within these folders. */
  readonly readSecretFile?: ReadSecretFile
}

/**
 * The state directory: `<flotilla>.json` (memory), `<flotilla>.status.json` (what `status` shows of
 * conditions), `secrets/<flotilla>.json` (0600) and, for programs, `secrets/<flotilla>.password` and
 * `secrets/<flotilla>.<user>.password`; with TLS, what {@link CertificateStore} keeps beside them. Only the
 * holder of the lock writes.
 */
export class StateStore {
  readonly directory: string
  readonly certificates: Certificates
  readonly gatewayCertificates: GatewayCertificateStore
  /** What manifests may ask for. */
  readonly policy: Policy
  /** Reads a secret that a manifest names. */
  readonly readSecretFile: ReadSecretFile
  readonly #keyrings = new Map<string, Keyring>()
  readonly #passwordFilesOf = new Map<string, Keyring>()
  readonly #files: StateFiles
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(
    directory: string,
    {
      files = diskFiles,
      clock = systemClock,
      policy = defaultPolicy,
      secretFolders = [],
      readSecretFile = secretFilesIn(secretFolders, directory),
    }: StateOptions = {},
  ) {
    this.directory = directory
    this.#files = files
    this.#clock = clock
    this.policy = policy
    this.readSecretFile = readSecretFile
    this.gatewayCertificates = new GatewayCertificateStore(directory, files)
    this.certificates = new Certificates(new CertificateStore(directory, files), this.readSecretFile)
  }

  /**
   * The memory of a flotilla, a new one when there is none. A damaged file is put aside under another name,
   * so that nothing is lost, and the memory is rebuilt from the world.
   * @throws FlotillaError state/unreadable when it was written by a newer version: that is not damage.
   */
  async loadMemory(
    flotilla: string,
    options: { readonly onCorrupt: (reason: string, movedTo: string) => void },
  ): Promise<FlotillaMemory> {
    const path = this.memoryPath(flotilla)
    const text = await this.#files.read(path)
    if (text === null) return newMemory(flotilla)
    const reading = parseMemory(text)
    if (reading.kind === 'read') return reading.memory
    if (reading.reason.includes('newer Flotilla'))
      throw new FlotillaError('state/unreadable', `${path}: ${reading.reason}`, {
        hint: 'Run the newer Flotilla, or name another --state.',
      })
    const movedTo = `${path}.damaged-${this.#clock.nowMs()}`
    await this.#files.rename(path, movedTo)
    options.onCorrupt(`${path}: ${reading.reason}`, movedTo)
    return newMemory(flotilla)
  }

  /** What a reader without the lock may do: no side effects; a damaged file reads as null. */
  async peekMemory(flotilla: string): Promise<FlotillaMemory | null> {
    const text = await this.#files.read(this.memoryPath(flotilla))
    const reading = text === null ? null : parseMemory(text)
    return reading?.kind === 'read' ? reading.memory : null
  }

  async saveMemory(memory: FlotillaMemory, { urgent = false } = {}): Promise<void> {
    await this.#files.write(this.memoryPath(memory.flotilla), renderMemory(memory), { mode: 0o600, urgent })
  }

  async forget(flotilla: string, options: { readonly includeSecrets: boolean }): Promise<void> {
    await this.#files.remove(this.memoryPath(flotilla))
    await this.#files.remove(this.statusPath(flotilla))
    await this.#files.remove(backupFolder(this.directory, flotilla))
    if (!options.includeSecrets) return
    const users = (await this.loadKeyring(flotilla).catch(() => null))?.users ?? []
    this.#keyrings.delete(flotilla)
    this.#passwordFilesOf.delete(flotilla)
    await this.#files.remove(this.secretsPath(flotilla))
    for (const user of [applicationUser, ...users.map(one => one.user).filter(isManifestUser)])
      await this.#files.remove(this.passwordPath(flotilla, user))
    await this.certificates.forget(flotilla)
    await this.gatewayCertificates.forget(flotilla)
  }

  /**
   * Once no flotilla is known here any more: what is kept besides them (the journal, the token of the API,
   * the key of our marks, how far notifications have come) goes as well.
   */
  async removeSharedFiles(): Promise<void> {
    if ((await this.knownFlotillas()).length > 0) return
    for (const name of ['events', 'notify', 'http.token', 'secrets/_owner.json'])
      await this.#files.remove(join(this.directory, name))
  }

  /** Names of the flotillas that have a memory here. */
  async knownFlotillas(): Promise<readonly string[]> {
    const names = (await this.#files.list(this.directory)) ?? []
    return names.filter(name => /^[a-z0-9-]+\.json$/.test(name)).map(name => name.slice(0, -'.json'.length))
  }

  /**
   * Null too when it is damaged, or of another version's shape: the next look tells everything in it again.
   */
  async loadStatus(flotilla: string): Promise<FlotillaStatus | null> {
    const text = await this.#files.read(this.statusPath(flotilla))
    return text === null ? null : parseStatus(text)
  }

  /**
   * Not made to outlast a power cut: it is written before a plan is begun, with nodes down, and the next pass
   * tells it again.
   */
  async saveStatus(status: FlotillaStatus): Promise<void> {
    await this.#files.write(this.statusPath(status.name), `${JSON.stringify(status, null, 2)}\n`, {
      mode: 0o600,
      durable: false,
    })
  }

  /**
   * Null when the flotilla has none yet. Read once: whoever holds the lock is the only one who changes it.
   */
  async loadKeyring(flotilla: string): Promise<Keyring | null> {
    const known = this.#keyrings.get(flotilla)
    if (known !== undefined) return known
    const path = this.secretsPath(flotilla)
    const text = await this.#files.read(path)
    if (text === null) return null
    const keyring = parseKeyring(text, () => generatePassword(randomBytes))
    if (keyring === null)
      throw new FlotillaError(
        'state/unreadable',
        `${path} is damaged, and the passwords of a running flotilla can't be guessed`,
        {
          hint: `Restore the file from a backup, or remove it and run: flotilla down ${flotilla} && flotilla up ${flotilla}`,
        },
      )
    this.#keyrings.set(flotilla, keyring)
    return keyring
  }

  async saveKeyring(flotilla: string, keyring: Keyring): Promise<void> {
    await this.#files.write(this.secretsPath(flotilla), renderKeyring(keyring), { mode: 0o600 })
    this.#keyrings.set(flotilla, keyring)
    await this.writePasswordFiles(flotilla, keyring)
  }

  /**
   * Each user's current password in a file of its own, for programs to read; mends what an end between two
   * writes left behind. Cheap when nothing has changed.
   */
  async writePasswordFiles(flotilla: string, keyring: Keyring): Promise<void> {
    if (this.#passwordFilesOf.get(flotilla) === keyring) return
    for (const { user, current, departed } of keyring.users) {
      const path = this.passwordPath(flotilla, user)
      // Somebody may have made a user on a node whose name leads elsewhere as a path.
      if (internalUsers.includes(user) || !isManifestUser(user)) continue
      if (departed) {
        await this.#files.remove(path)
        continue
      }
      const text = `${current.secret.reveal()}\n`
      if ((await this.#files.read(path)) !== text) await this.#files.write(path, text, { mode: 0o600 })
    }
    this.#passwordFilesOf.set(flotilla, keyring)
  }

  /**
   * Files of a flotilla that were there, and that somebody else has removed: only we write here. Costs a stat
   * for each.
   */
  missingFiles(flotilla: string): readonly string[] {
    const keyring = this.#keyrings.get(flotilla)
    const passwordFilesOf = this.#passwordFilesOf.get(flotilla)
    const passwords = (passwordFilesOf?.users ?? []).flatMap(({ user, departed }) =>
      departed || internalUsers.includes(user) ? [] : [this.passwordPath(flotilla, user)],
    )
    const written = [...(keyring === undefined ? [] : [this.secretsPath(flotilla)]), ...passwords]
    return [...written.filter(path => !this.#files.exists(path)), ...this.certificates.missingFiles(flotilla)]
  }

  /** Writes what {@link missingFiles} names again: what is in it is in force, and known here alone. */
  async restoreMissingFiles(flotilla: string): Promise<void> {
    this.#passwordFilesOf.delete(flotilla)
    const keyring = this.#keyrings.get(flotilla)
    if (keyring !== undefined) await this.saveKeyring(flotilla, keyring)
    await this.certificates.restoreMissingFiles(flotilla, this.#clock.nowMs())
  }

  loadBackupRecord(flotilla: string): Promise<BackupRecord> {
    return loadBackupRecord(this.directory, flotilla, this.#files)
  }

  memoryExists(flotilla: string): boolean {
    return this.#files.exists(this.memoryPath(flotilla))
  }

  statusExists(flotilla: string): boolean {
    return this.#files.exists(this.statusPath(flotilla))
  }

  /** Where a program finds the password of a user; the file exists once the flotilla was first reconciled. */
  passwordPath(flotilla: string, user: string = applicationUser): string {
    const stem = user === applicationUser ? flotilla : `${flotilla}.${user}`
    return join(this.directory, 'secrets', `${stem}.password`)
  }

  /** What people ask this flotilla's keeper for, taken away; the oldest first. */
  takeRequests(flotilla: string): Promise<readonly OperatorRequest[]> {
    return takeRequests(this.#files, this.directory, flotilla)
  }

  private memoryPath(flotilla: string): string {
    return join(this.directory, `${flotilla}.json`)
  }

  private statusPath(flotilla: string): string {
    return join(this.directory, `${flotilla}.status.json`)
  }

  private secretsPath(flotilla: string): string {
    return join(this.directory, 'secrets', `${flotilla}.json`)
  }
}

function isManifestUser(user: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(user)
}

function parseStatus(text: string): FlotillaStatus | null {
  try {
    // Earlier versions wrote down nothing of what fails, and knew neither gateway nor backups.
    return flotillaStatus.parse({ failing: [], gateway: null, backup: null, ...(JSON.parse(text) as object) })
  } catch {
    return null
  }
}
