import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { FlotillaSpec } from '../model/spec.js'
import { readDesired } from '../session/manifest-source.js'
import { selectFlotilla } from '../session/manifests.js'
import { openStore, type Paths } from '../session/open-store.js'
import { validityOf } from '../tls/validate.js'

/** Ends up in file names, and in a certificate. */
const clientShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/**
 * Makes a certificate for one client and writes it to `<folder>/<client>.crt`, its key to `<client>.key`
 * (0600). Asks no engine and keeps nothing of either.
 * @throws FlotillaError usage/invalid where nobody here can sign for this flotilla, or a file is there.
 */
export async function issueCertificateFor(request: {
  readonly paths: Paths
  readonly name: string
  readonly client: string
  readonly folder: string
}): Promise<string> {
  const { paths, name, client, folder } = request
  if (!clientShape.test(client))
    throw new FlotillaError(
      'usage/invalid',
      `--client must be letters, digits, dots, - and _, not "${client}"`,
    )
  const store = await openStore(paths)
  const { desired } = await readDesired(paths.manifests, store)
  const { spec } = selectFlotilla(desired, name, paths.manifests)
  const refusal = whyNotSign(spec)
  if (refusal !== null)
    throw new FlotillaError('usage/invalid', `${name}: ${refusal.reason}`, { hint: refusal.hint })
  const issued = await store.certificates.issueForClient(spec, client, systemClock.nowMs())
  if (issued === null)
    throw new FlotillaError('usage/invalid', `${name} has no authority yet`, {
      hint: `It is made with the first node: flotilla up ${name}`,
    })
  const [certificateFile, keyFile] = [join(folder, `${client}.crt`), join(folder, `${client}.key`)]
  await create(keyFile, issued.key.reveal(), 0o600)
  await create(certificateFile, issued.certificate, 0o644)
  const until = new Date(validityOf(issued.certificate).toMs).toISOString().slice(0, 10)
  const authorities = store.certificates.caCertPath(name)
  const asked =
    spec.tls.clientAuth === 'none' ? `  nobody asks for it yet: spec.tls.clientAuth of ${name} is none\n` : ''
  return `${certificateFile} and ${keyFile}, good until ${until}\n${asked}  redis-cli --tls --cacert ${authorities} --cert ${certificateFile} --key ${keyFile} …\n`
}

function whyNotSign({ tls }: FlotillaSpec): { readonly reason: string; readonly hint: string } | null {
  if (tls.mode === 'off')
    return { reason: 'nothing is encrypted', hint: 'Write tls: { clientAuth: require } under spec.' }
  if (tls.certificates.kind === 'files')
    return {
      reason: `its certificates are your own, and only ${tls.certificates.caFile} can let a client in`,
      hint: 'Have one signed by an authority in that file, with the extended key usage clientAuth.',
    }
  return null
}

/** Never over what is there: a client may be using it. */
async function create(path: string, content: string, mode: number): Promise<void> {
  try {
    await writeFile(path, content, { mode, flag: 'wx' })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new FlotillaError('usage/invalid', `can't write ${path}${isThere ? ': it is there already' : ''}`, {
      hint: isThere ? 'Remove it, or name another folder with --out.' : 'Name another folder with --out.',
      cause: error,
    })
  }
}
