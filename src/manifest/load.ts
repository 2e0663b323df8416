/**
 * A file or a directory → what its manifests declare. What the file system says and what the manifests say
 * are kept apart, because "nothing is there" must never be read as "nothing is wanted": see desired.ts.
 */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeManifest } from './decode.js'
import type { Diagnostic } from './diagnostic.js'
import { parseManifest } from './parse.js'
import { defaultPolicy, type Policy } from './policy.js'
import type { ParsedManifest } from './parse.js'
import { fsErrorCode, readRegularFile } from '../regular-file.js'
import type { FileLimit, FileRead } from '../regular-file.js'

export type LoadResult = {
  /** As the user named it. */
  readonly path: string
  /** Changes exactly when a name, a content or an obstacle does. */
  readonly fingerprint: string
} & (
  | { readonly kind: 'loaded'; readonly files: readonly FileOutcome[] }
  /** The directory is there and holds no manifest. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'missing' }
  /** `reason` completes "<path> …". */
  | { readonly kind: 'unreadable'; readonly reason: string }
)

export type FileOutcome =
  | ({ readonly kind: 'parsed'; readonly file: string } & ParsedManifest)
  | { readonly kind: 'unreadable'; readonly file: string; readonly diagnostics: readonly Diagnostic[] }

/** A manifest of 500 documents has about 100 KiB; what is larger was put there by mistake. */
export const manifestLimit: FileLimit = {
  bytesMax: 1024 * 1024,
  tooLarge: 'a manifest can have 1 MiB at most; split it into several files',
}

/**
 * Reads one manifest file, or every `*.yaml` and `*.yml` of a directory in the order of their names: not
 * hidden ones, not `*.example.yaml`, not those of folders inside. Never throws.
 */
export async function loadManifests(path: string, policy = defaultPolicy): Promise<LoadResult> {
  const listed = await listManifests(path)
  if (listed.kind !== 'files') return { ...listed, path, fingerprint: sha256Of([JSON.stringify(listed)]) }
  const files: FileOutcome[] = []
  const prints: string[] = []
  for (const file of listed.files) {
    const read = await readRegularFile(file, manifestLimit)
    // Gone since it was listed, or a folder that is called like a manifest.
    if (read.kind === 'absent' || read.kind === 'folder') continue
    files.push(checkFile(file, read, policy))
    prints.push(file, read.kind, sha256Of([read.kind === 'read' ? read.bytes : read.reason]))
  }
  const fingerprint = sha256Of(prints.map(print => `${print}\0`))
  return files.length === 0
    ? { kind: 'empty', path, fingerprint }
    : { kind: 'loaded', path, fingerprint, files }
}

/** Whether a directory's entry of this name is a manifest. */
export function isManifestName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !name.startsWith('.') && !/\.example\.ya?ml$/.test(name)
}

type Listed =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }

async function listManifests(path: string): Promise<Listed> {
  try {
    if (!(await stat(path)).isDirectory()) return { kind: 'files', files: [path] }
    const names = (await readdir(path)).filter(isManifestName).sort()
    return { kind: 'files', files: names.map(name => join(path, name)) }
  } catch (error) {
    const code = fsErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    if (code === 'EACCES' || code === 'EPERM')
      return { kind: 'unreadable', reason: 'may not be read by this user; give it read permission' }
    return {
      kind: 'unreadable',
      reason: `can't be read (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}

function checkFile(
  file: string,
  read: Extract<FileRead, { kind: 'read' | 'refused' }>,
  policy: Policy,
): FileOutcome {
  if (read.kind === 'refused')
    return { kind: 'unreadable', file, diagnostics: [{ file, position: null, message: read.reason }] }
  const decoded = decodeManifest(read.bytes)
  if (decoded.kind === 'undecodable') {
    const { position, message } = decoded
    return { kind: 'unreadable', file, diagnostics: [{ file, position, message }] }
  }
  return { kind: 'parsed', file, ...parseManifest(decoded.text, { file, policy }) }
}

function sha256Of(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
