import { isMap, parseAllDocuments } from 'yaml'
import { FlotillaError } from '../../errors.js'
import { parseManifest } from '../../manifest/parse.js'
import { allowAll } from '../../manifest/policy.js'
import type { AuthSpec, FlotillaSpec } from '../../model/spec.js'

export interface CopyOptions {
  readonly as: string
  /** Left out: as the original has it. */
  readonly image?: string | undefined
  readonly replicas?: number | undefined
}

/**
 * The manifest of a copy: as the original's document, under another name, without what can be there only once
 * (ports of a gateway, a subnet), without what is about the original's data (an outside Redis, hibernation),
 * and with passwords of its own.
 * @throws FlotillaError manifest/invalid, for a name or another value that no manifest may have.
 */
export function copiedManifest(
  text: string,
  { file, document, spec }: { readonly file: string; readonly document: number; readonly spec: FlotillaSpec },
  { as, image, replicas }: CopyOptions,
): { readonly text: string; readonly spec: FlotillaSpec } {
  const copy = parseAllDocuments(text)[document]
  if (copy === undefined || !isMap(copy.contents))
    throw new FlotillaError('manifest/edit-refused', `${file}: the document of ${spec.name} is not there`)
  copy.setIn(['metadata', 'name'], as)
  if (image !== undefined) copy.setIn(['spec', 'image'], image)
  if (replicas !== undefined) copy.setIn(['spec', 'replicas'], replicas)
  for (const field of ['gateway', 'bootstrap', 'hibernate', 'backup', 'auth']) copy.deleteIn(['spec', field])
  if (copy.hasIn(['spec', 'network', 'subnet'])) copy.deleteIn(['spec', 'network', 'subnet'])
  if (spec.auth.kind !== 'none' || spec.auth.users.length > 0)
    copy.setIn(['spec', 'auth'], ownAuth(spec.auth))
  else copy.setIn(['spec', 'auth'], 'none')
  const copied = copy.toString({ directives: false, lineWidth: 0 })
  const { declared, diagnostics } = parseManifest(copied, { file: `${as}.yaml`, policy: allowAll })
  const [only] = declared
  if (only === undefined || diagnostics[0] !== undefined)
    throw new FlotillaError('manifest/invalid', diagnostics[0]?.message ?? `${as} can't be declared`, {
      hint: 'Nothing was changed.',
    })
  return { text: copied, spec: only.spec }
}

/** The same users with the same rights; the passwords are made for the copy. */
function ownAuth({ kind, defaultUser, users }: AuthSpec): object {
  return {
    ...(defaultUser === 'off' ? {} : { mode: kind === 'none' ? 'none' : 'generated' }),
    default: defaultUser,
    ...(users.length === 0
      ? {}
      : { users: users.map(({ name, rules }) => ({ name, rules, mode: 'generated' })) }),
  }
}
