import { isUtf8 } from 'node:buffer'
import { FlotillaError } from '../../errors.js'
import { Secret } from '../../secret.js'
import type { ReadSecretFile } from '../../secret-files.js'

/**
 * The one line that a password file holds; a final newline is dropped.
 * @throws FlotillaError manifest/unreadable, manifest/invalid; `field` of the manifest of `flotilla` names
 * the file.
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
  const wrong = whyNotText(read.bytes)
  if (wrong !== null)
    throw new FlotillaError('manifest/invalid', `${flotilla}the password file ${path} ${wrong}`)
  const password = read.bytes.toString('utf8').replace(/\r?\n$/, '')
  if (password === '' || /[\r\n]/.test(password))
    throw new FlotillaError(
      'manifest/invalid',
      `${flotilla}the password file ${path} must hold one line that is not empty`,
    )
  return new Secret(password)
}

/**
 * Read as text all the same, it would be another password than the one that programs take from the same file,
 * and lock them out.
 */
function whyNotText(bytes: Buffer): string | null {
  if (bytes.subarray(0, 3).equals(byteOrderMark))
    return 'begins with a byte order mark, which would be part of the password; save it as UTF-8 without BOM'
  return isUtf8(bytes) ? null : 'is not UTF-8 text; save it as UTF-8 without BOM'
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
