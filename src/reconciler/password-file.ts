import { readFile } from 'node:fs/promises'
import { explainError, FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'

/**
 * The one line that a password file holds; a final newline is dropped.
 * @throws FlotillaError manifest/unreadable, manifest/invalid; `field` of the manifest of `flotilla` names the file.
 */
export async function readPasswordFile(
  path: string,
  where?: { readonly flotilla: string; readonly field: string },
): Promise<Secret> {
  const flotilla = where === undefined ? '' : `flotilla ${where.flotilla}: `
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new FlotillaError(
      'manifest/unreadable',
      `${flotilla}the password file ${path} can't be read: ${explainError(error)}`,
      {
        hint: `Create the file (it holds nothing but the password), or change ${where?.field ?? 'where it is looked for'}.`,
        cause: error,
      },
    )
  }
  const password = text.replace(/\r?\n$/, '')
  if (password === '' || /[\r\n]/.test(password))
    throw new FlotillaError(
      'manifest/invalid',
      `${flotilla}the password file ${path} must hold one line that is not empty`,
    )
  return new Secret(password)
}
