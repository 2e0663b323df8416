import type { HibernationAction } from '../../model/actions/hibernation.js'
import type { Performers } from './performer.js'
import { shutDownNode } from './stop-node.js'

export const hibernationPerformers: Performers<HibernationAction['kind']> = {
  'record-hibernation': async ({ context }, { phase, withinMs = 0, cause }) => {
    const { saveMemory, nowMs, events } = context
    const atMs = nowMs()
    await saveMemory(memory => {
      if (phase === 'ended') return { ...memory, hibernation: null }
      const { sinceMs = atMs, giveUpAtMs = atMs + withinMs } = memory.hibernation ?? {}
      return { ...memory, hibernation: { phase, sinceMs, giveUpAtMs } }
    })
    if (phase === 'saving') events.publish('hibernation.started', { reason: cause })
    if (phase === 'ended') events.publish('hibernation.ended', { reason: cause })
  },
  'shut-down': (execution, { ordinal, snapshot, withinMs }) =>
    shutDownNode(execution.context, execution.runningNode(ordinal), { snapshot, withinMs }),
}
