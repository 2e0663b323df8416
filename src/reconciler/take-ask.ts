import type { Clock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import { isPauseAsk } from '../state/requests.js'
import type { StateStore } from '../state/state-store.js'
import { rotateStored } from './auth/rotate.js'
import { afterRestartAsk } from './execute/records.js'
import type { FlotillaRecord } from './flotilla-record.js'

/** What a person asks for is in the memory or the keyring, on disk, before anything is done about it. */
export async function takeAsk(
  tools: { readonly store: StateStore; readonly events: EventSink; readonly clock: Clock },
  record: FlotillaRecord,
  spec: FlotillaSpec,
): Promise<void> {
  const { store, events, clock } = tools
  const ask = await store.takeAsk(spec.name)
  if (ask === null) return
  const scope = { flotilla: spec.name }
  if (isPauseAsk(ask)) {
    const pausedSinceMs = ask.kind === 'pause' ? (record.memory.pausedSinceMs ?? clock.nowMs()) : null
    // Who resumes has read the status, and with it what is lost.
    const known = ask.kind === 'resume' ? { dataLost: null } : {}
    await record.saveMemory(memory => ({ ...memory, pausedSinceMs, ...known }))
    return events.publish('request.taken', { kind: ask.kind, to: null, force: false }, scope)
  }
  if (ask.kind === 'restart') {
    await record.saveMemory(memory => afterRestartAsk(memory, ask))
    return events.publish('request.taken', { kind: 'restart', to: ask.node, force: false }, scope)
  }
  if (ask.kind === 'rotate') {
    for (const user of await rotateStored(store, spec, ask.users))
      events.publish('password.noticed', { user, source: 'flotilla rotate' }, scope)
    return
  }
  await record.saveMemory(memory => ({ ...memory, request: ask }))
  events.publish('request.taken', { kind: ask.kind, to: ask.to, force: ask.force }, scope)
}
