import { digestOfJson } from '../../../json-digest.js'
import { fileOptions } from '../../desired/accepted-config.js'
import { containerIncarnation, isApplied } from '../../desired/applied.js'
import type { ContainerFacts } from '../../../model/engine.js'
import type { AppliedSettings } from '../../../model/record.js'
import type { AcceptedConfig } from '../../../model/image-probe.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { isInService, type Member } from '../members/classify.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'
import { whyNotLowerMaxmemory } from './memory-guard.js'
import type { Setting, SettingContext } from './setting.js'

/**
 * What was set on a running node is put into its redis.conf as well, or it would be gone with the process.
 * After it was set, never before: a file that says more than the server was seen to take could keep it from
 * starting.
 */
export const configFileSetting: Setting = {
  isApplied: hasItsFile,
  given: { files: given => appliedConfigFile(given, given) },
  plan: planConfigFiles,
  conditions: {},
}

function planConfigFiles(input: PlanInput, members: Members, { above }: SettingContext): Contribution {
  if (above === 'acting' || whyNotLowerMaxmemory(input) !== null) return {}
  return {
    actions: members.wanted.flatMap(node => {
      const name = node.seen?.container.name
      return name === undefined || !isInService(node) || hasItsFile(input, node)
        ? []
        : [
            {
              band: 'finish' as const,
              action: {
                kind: 'write-config' as const,
                ordinal: node.ordinal,
                name,
                cause: 'its next start is to have the options that it runs with',
              },
            },
          ]
    }),
  }
}

/** A container that we know nothing of has what its spec hash says, and no options beyond it. */
function hasItsFile(input: PlanInput, node: Member): boolean {
  const container = node.seen?.container
  if (container === undefined || node.outdated) return true
  const { record } = node
  const wanted = { spec: input.spec, config: input.memory.config }
  const hasOptions = Object.keys(fileOptions(wanted.spec, wanted.config)).length > 0
  if (record?.applied['config-file'] === undefined && !hasOptions) return true
  return isApplied(record, appliedConfigFile(container, wanted))
}

/** The options in the redis.conf of a container that the spec hash leaves out. */
export function appliedConfigFile(
  container: Pick<ContainerFacts, 'containerId'>,
  { spec, config }: { readonly spec: FlotillaSpec; readonly config: AcceptedConfig | null },
): AppliedSettings {
  const digest = digestOfJson(fileOptions(spec, config))
  return { 'config-file': { incarnation: containerIncarnation(container), digest } }
}
