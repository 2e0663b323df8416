import type { SettingAction } from '../../model/actions/settings.js'
import { appliedOptions } from '../plan/settings/options.js'
import { appliedLimits } from '../plan/settings/resource-limits.js'
import { applyConfig } from './apply-config.js'
import { saveSnapshot, setAppendOnly, writeConfig } from './apply-persistence.js'
import { activateNextPasswords, applyAuth, retireFormerPasswords } from './apply-users.js'
import type { Performers } from './performer.js'
import { loadCertificate, setPort } from './transport.js'

export const settingPerformers: Performers<SettingAction['kind']> = {
  'load-certificate': (execution, { ordinal }) =>
    loadCertificate(execution.context, execution.runningNode(ordinal)),
  'set-port': (execution, action) =>
    setPort(execution.context, execution.runningNode(action.ordinal), action),
  'apply-config': async (execution, { ordinal, options }) => {
    const runId = await applyConfig(execution.context.redis, execution.targetOf(ordinal), options)
    if (runId !== null) execution.recordApplied(ordinal, appliedOptions(runId, options))
  },
  'limit-container': async (execution, { ordinal, limits }) => {
    const { runtime, signal } = execution.context
    await runtime.limitContainer(execution.idOf(ordinal), limits, { signal })
    execution.recordApplied(ordinal, appliedLimits({ containerId: execution.idOf(ordinal) }, limits))
  },
  // The engine does it, so the node needs no address.
  'write-config': (execution, { ordinal, persistence = null }) =>
    writeConfig(execution.context, { ordinal, container: execution.containerOf(ordinal) }, persistence),
  'set-append-only': (execution, { ordinal, on }) =>
    setAppendOnly(execution.context, execution.runningNode(ordinal), on),
  'save-snapshot': (execution, { ordinal, asked }) =>
    saveSnapshot(execution.context, execution.runningNode(ordinal), asked),
  'apply-users': (execution, { ordinal }) => applyAuth(execution.context, execution.runningNode(ordinal)),
  'activate-passwords': ({ context }, action) => activateNextPasswords(context, action),
  'retire-passwords': ({ context }, action) => retireFormerPasswords(context, action),
}
