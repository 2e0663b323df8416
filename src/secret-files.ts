import { realpath } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { readRegularFile } from './regular-file.js'

export type SecretRead =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  /** `reason` completes "<file> …" and says what to do. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Reads a file that holds a secret or a certificate. Never rejects. */
export type ReadSecretFile = (path: string) => Promise<SecretRead>

/** A chain of certificates has some ten kilobytes. */
const limit = { bytesMax: 256 * 1024, tooLarge: 'no password or certificate is that large' }

/** For files that whoever runs this process names himself. */
export const readAnySecretFile: ReadSecretFile = path => read(path)

/**
 * For files that manifests name: only what really lies, after all links, in one of these folders and not in
 * the state directory, whose secrets are ours. A manifest's author could otherwise send any file of this
 * user's as a password to a host of his choice.
 */
export function secretFilesIn(folders: readonly string[], stateDirectory: string): ReadSecretFile {
  return async path => {
    const found = await read(path)
    if (found.kind === 'refused') return found
    const [state, ...allowed] = await Promise.all([stateDirectory, ...folders].map(realPathOrSelf))
    const isInState = state !== undefined && isWithin(state, found.realPath)
    if (!isInState && allowed.some(folder => isWithin(folder, found.realPath))) return found
    return refused(
      `leads to ${found.realPath}, neither beside the manifests nor in a folder for secrets; who runs the daemon can allow its folder in the policy file (--policy): secretFolders`,
    )
  }
}

async function read(
  path: string,
): Promise<
  | (Extract<SecretRead, { kind: 'read' }> & { readonly realPath: string })
  | Extract<SecretRead, { kind: 'refused' }>
> {
  const found = await readRegularFile(path, limit)
  switch (found.kind) {
    case 'read':
    case 'refused':
      return found
    case 'absent':
      return refused('is not there')
    case 'folder':
      return refused('is a folder')
  }
}

function refused(reason: string): Extract<SecretRead, { kind: 'refused' }> {
  return { kind: 'refused', reason }
}

function realPathOrSelf(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder)
}

/** Whether a path is a folder or below it, by their names alone. */
export function isWithin(folder: string, path: string): boolean {
  const relativePath = relative(folder, path)
  return (
    relativePath === '' ||
    (relativePath !== '..' && !relativePath.startsWith('../') && !isAbsolute(relativePath))
  )
}
