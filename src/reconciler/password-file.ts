import { FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'
import type { ReadSecretFile } from '../secret-files.js'

/**
 * The one line that a password file holds; a final newline is dropped.
 * @throws FlotillaError manifest/unreadable, manifest/invalid; `field` of the manifest of `flotilla` names the file.
 */
export async function readPasswordFile(
  path: string,
  readFile: ReadSecretFile,
  where?: { readonly flotilla: string; readonly field: string },
): Promise<Secret> {
  const flotilla = where === undefined ? '' : `flotilla ${where.flotilla}: `
  const read = await readFile(path)
  if (read.kind === 'refused')
    throw new FlotillaError('manifest/unreadable', `${flotilla}the password file ${path} ${read.reason}`, {
      hint: `Create the file (it holds nothing but the password), or change ${where?.field ?? 'where it is looked for'}.`,
    })
  const password = read.bytes.toString('utf8').replace(/\r?\n$/, '')
  if (password === '' || /[\r\n]/.test(password))
    throw new FlotillaError(
      'manifest/invalid',
      `${flotilla}the password file ${path} must hold one line that is not empty`,
    )
  return new Secret(password)
}
