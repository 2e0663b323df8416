import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaultPolicy, policySchema, type Policy } from './policy.js'
import { parseSettings, readOrExplain } from './settings-file.js'

/**
 * The policy that `--policy` names; left out, `policy.yaml` of the state directory, so that the daemon and
 * every verb go by the same one; and where that is not there, the default.
 * @throws FlotillaError usage/invalid with the place of each mistake.
 */
export async function readPolicy(named: string | undefined, stateDirectory: string): Promise<Policy> {
  const usual = join(stateDirectory, 'policy.yaml')
  if (named === undefined && !existsSync(usual)) return defaultPolicy
  const file = named ?? usual
  const text = await readOrExplain(file, `the policy of manifests (--policy ${file})`)
  return parseSettings(text, file, { schema: policySchema, example })
}

const example = 'allows nothing; write, for example:\n  images: ["redis:*"]\n  secretFolders: [/run/secrets]'
