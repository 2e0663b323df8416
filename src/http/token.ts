import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../secret.js'
import { readFileIfExists, writeFileAtomically } from '../files.js'

/**
 * Where the token lies that a request needs which changes something. Whoever can read the file may type the
 * same in a shell.
 */
export function tokenPath(stateDirectory: string): string {
  return join(stateDirectory, 'http.token')
}

/** The token, made at the first start. Also after somebody's chmod only its owner may read it. */
export async function loadToken(stateDirectory: string): Promise<Secret> {
  const path = tokenPath(stateDirectory)
  const stored = (await readFileIfExists(path))?.trim() ?? ''
  if (stored !== '') {
    await chmod(path, 0o600)
    return new Secret(stored)
  }
  const token = randomBytes(32).toString('base64url')
  await writeFileAtomically(path, `${token}\n`, { mode: 0o600 })
  return new Secret(token)
}

/** Compares digests, which are equally long, in a time that tells nothing of how much was right. */
export function isAuthorized(authorization: string | undefined, token: Secret): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token.reveal()))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
