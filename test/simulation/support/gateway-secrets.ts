import { GatewayCertificateStore } from '../../../src/tls/gateway-certificates.js'
import { diskFiles } from '../../../src/files.js'

/**
 * What the state directory of a flotilla holds for its gateway. Made once, before any world: keys are made in
 * real time, which a simulated one would not wait for.
 */
export const gatewaySecrets: string = await makeSecrets()

async function makeSecrets(): Promise<string> {
  let text = ''
  const store = new GatewayCertificateStore('/state', {
    ...diskFiles,
    read: () => Promise.resolve(null),
    write: (_path, content) => Promise.resolve(void (text = content)),
  })
  await store.ensure('shop', Date.UTC(2026, 10, 23, 12))
  return text
}
