import { diskFiles, type StateFiles } from '../../../src/files.js'
import { Certificates } from '../../../src/tls/certificates.js'
import { CertificateStore } from '../../../src/tls/certificate-store.js'
import type { SimSpec } from './scenario.js'
import { specFor } from './sim-daemon.js'

/**
 * What the state directory of a flotilla of three nodes holds once it has certificates. Made before any
 * world, as its gateway's: keys are made in real time, which a simulated one would not wait for.
 */
export async function makeTlsSecrets(spec: SimSpec, nowMs: number): Promise<string> {
  const written = new Map<string, string>()
  const files: StateFiles = {
    ...diskFiles,
    read: path => Promise.resolve(written.get(path) ?? null),
    write: (path, content) => Promise.resolve(void written.set(path, content)),
  }
  const noFile = () => Promise.resolve({ kind: 'refused', reason: 'is not there' } as const)
  const certificates = new Certificates(new CertificateStore('/state', files), noFile)
  const wanted = specFor(spec)
  await certificates.refresh(wanted, nowMs)
  for (const ordinal of [0, 1, 2]) await certificates.certificateFor(wanted, ordinal, nowMs)
  return written.get('/state/secrets/shop.tls.json') ?? ''
}
