import type { GatewayPort } from '../../src/gateway/gateway.js'
import { FlotillaError } from '../../src/errors.js'

/** For worlds in which no gateway runs: whoever asks one is told so. */
export const noGateway: GatewayPort = {
  probe: () => Promise.resolve({ kind: 'refused', reason: 'nobody listens there' }),
  point: () => Promise.reject(new FlotillaError('gateway/unreachable', 'nobody listens there')),
  onConnectionLost: () => () => undefined,
  retain: () => undefined,
  close: () => undefined,
}
