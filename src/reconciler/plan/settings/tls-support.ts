import type { FlotillaSpec } from '../../../model/spec.js'
import type { Refusal } from '../../../model/plan.js'

/** Told by a node that runs it, or by a probe before there is one. */
export function builtWithoutTls({ name }: Pick<FlotillaSpec, 'name'>, image: string): Refusal {
  return {
    code: 'TlsRefused',
    reason: `the server of the image ${image} was built without TLS`,
    remedy: `change spec.image of ${name} to one with TLS (redis:8 and valkey/valkey:8 have it), or spec.tls to off`,
  }
}
