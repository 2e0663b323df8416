import { replicasOf, type Survey } from './survey.js'

/** The manifest of a flotilla that takes over what was found. `passwordFile` is beside the manifest; null where there is no password. */
export function manifestFor(
  survey: Survey,
  {
    name,
    user,
    passwordFile,
  }: { readonly name: string; readonly user: string | null; readonly passwordFile: string | null },
): string {
  const { master, persistence, external } = survey
  const login = [
    ...(user === null ? [] : [`user: ${user}`]),
    ...(passwordFile === null ? [] : [`passwordFile: ./${passwordFile}`]),
  ]
  return `apiVersion: flotilla/v1
kind: RedisReplication
metadata:
  name: ${name}
spec:
  image: ${master.image}
  replicas: ${replicasOf(survey)}
  auth: ${passwordFile === null ? 'none # as it was' : `{ passwordFile: ./${passwordFile} }`}
  persistence: ${persistence}
${master.databases > 16 ? `  config: { databases: ${master.databases} } # a node with fewer would mix them up\n` : ''}${external.length === 0 ? '' : `  network: { external: [${external.join(', ')}] }\n`}  # Followed until flotilla promote; without effect afterwards.
  bootstrap:
    from: { container: ${[master.container, ...login].join(', ')} }
`
}
