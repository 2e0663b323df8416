import type { Clock } from '../../clock.js'
import type { EventSink } from '../../events/catalogue.js'
import type { FlotillaSpec } from '../../model/spec.js'
import type { OperatorRequest } from '../../state/requests.js'
import type { StateStore } from '../../state/state-store.js'
import { rotateStoredPasswords } from '../auth/rotate.js'
import { afterRestartRequest } from '../execute/memory-updates.js'
import type { FlotillaRecord } from './flotilla-record.js'
import type { FlotillaMemory, CompletedRequest } from '../../model/record.js'
import { printableNames } from '../../model/acl-user.js'
import { isUnderWay, openRequest, whyNotBegin, withCompletedRequest } from '../record/open-request.js'

interface RequestTools {
  readonly store: StateStore
  readonly events: EventSink
  readonly clock: Clock
}

/**
 * What people ask for is in the memory or the keyring, on disk, before anything is done about it. Every ask
 * has an end: it is carried out, or answered at once where it can't be, or forgotten when its time is over.
 */
export async function takeRequests(
  tools: RequestTools,
  record: FlotillaRecord,
  spec: FlotillaSpec,
): Promise<void> {
  for (const ask of await tools.store.takeRequests(spec.name))
    await handleRequest(tools, record, { ask, spec })
  const { request } = record.memory
  if (request === null) return
  const end = whyRequestEnded(record, tools.clock.nowMs())
  if (end !== null)
    await answer(tools, record, { ...end, requestId: request.requestId, kind: request.kind, name: spec.name })
}

async function handleRequest(
  tools: RequestTools,
  record: FlotillaRecord,
  { ask, spec }: { readonly ask: OperatorRequest; readonly spec: FlotillaSpec },
): Promise<void> {
  const { store, events, clock } = tools
  const scope = { flotilla: spec.name }
  const { kind, requestId } = ask
  if (ask.kind === 'withdraw') return withdraw(tools, record, { withdrawn: ask.withdrawn, name: spec.name })
  const refusal = whyNotAccept(ask, record.memory, clock.nowMs())
  if (refusal !== null) return answer(tools, record, { ...refusal, requestId, kind, name: spec.name })
  const done = { requestId, result: 'done', detail: '' } as const
  switch (ask.kind) {
    case 'pause':
    case 'resume': {
      const pausedSinceMs = ask.kind === 'pause' ? (record.memory.pausedSinceMs ?? clock.nowMs()) : null
      // Who resumes has read the status, and with it what is lost and what fails: that is tried again at
      // once.
      const known = ask.kind === 'resume' ? { dataLost: null, failed: [] } : {}
      await record.saveMemory(memory => withCompletedRequest({ ...memory, pausedSinceMs, ...known }, done))
      return events.publish('request.received', { kind, to: null, force: false }, scope)
    }
    case 'restart':
      await record.saveMemory(memory => withCompletedRequest(afterRestartRequest(memory, ask), done))
      return events.publish('request.received', { kind, to: ask.node, force: false }, scope)
    case 'rotate': {
      const seen = record.assessment?.input.seen.nodes ?? []
      const unknown = [...new Set(seen.flatMap(({ applied }) => applied?.users.unknown ?? []))]
      for (const user of await rotateStoredPasswords(store, spec, { users: ask.users, unknown }))
        events.publish('password.rotation-started', { user, source: 'flotilla rotate' }, scope)
      for (const user of printableNames(unknown)) events.publish('user.removed', { user }, scope)
      return record.saveMemory(memory => withCompletedRequest(memory, done))
    }
    case 'switchover':
    case 'failover':
    case 'take-over':
    case 'approve': {
      const { request: before } = record.memory
      const newer = { result: 'refused', detail: `a newer request (${kind}) has taken its place` } as const
      if (before !== null && !isUnderWay(record.memory))
        await answer(tools, record, {
          ...newer,
          requestId: before.requestId,
          kind: before.kind,
          name: spec.name,
        })
      await record.saveMemory(memory => ({ ...memory, request: ask }))
      return events.publish('request.received', { kind, to: ask.to, force: ask.force }, scope)
    }
  }
}

/** What speaks against hearing an ask at all; null when nothing does. */
function whyNotAccept(
  ask: Exclude<OperatorRequest, { kind: 'withdraw' }>,
  memory: FlotillaMemory,
  nowMs: number,
): Pick<CompletedRequest, 'result' | 'detail'> | null {
  if (ask.timeoutMs !== null && nowMs >= ask.atMs + ask.timeoutMs) return expired(ask.timeoutMs)
  const isPauseOrResume = ask.kind === 'pause' || ask.kind === 'resume'
  return isPauseOrResume ? null : notNow(memory)
}

/** Why the open request will not be begun any more; null while it may be. */
function whyRequestEnded(
  record: FlotillaRecord,
  nowMs: number,
): Pick<CompletedRequest, 'result' | 'detail'> | null {
  const { memory } = record
  if (memory.request === null || isUnderWay(memory)) return null
  if (openRequest(memory, nowMs) === null) return expired(memory.request.timeoutMs, waitingFor(record))
  return notNow(memory)
}

function expired(timeoutMs: number, reason = ''): Pick<CompletedRequest, 'result' | 'detail'> {
  return {
    result: 'expired',
    detail: `it could not be begun within ${timeoutMs / 1_000} s${reason}; nothing was changed, and nothing will be`,
  }
}

/** What the last look was waiting for, to stand after a sentence. */
function waitingFor({ assessment }: FlotillaRecord): string {
  const waits = assessment?.plan.waits ?? []
  return waits.length === 0 ? '' : ` (it waited until ${waits.map(({ what }) => what).join('; ')})`
}

function notNow(memory: FlotillaMemory): Pick<CompletedRequest, 'result' | 'detail'> | null {
  const detail = whyNotBegin(memory)
  return detail === null ? null : { result: 'refused', detail }
}

/**
 * Its asker has given up. What was begun is brought to its end all the same: half a change of masters is
 * worse than one that nobody waits for.
 */
async function withdraw(
  tools: RequestTools,
  record: FlotillaRecord,
  { withdrawn, name }: { readonly withdrawn: string; readonly name: string },
): Promise<void> {
  const { request } = record.memory
  if (request?.requestId !== withdrawn || isUnderWay(record.memory)) return
  const detail = `its asker has given up${waitingFor(record)}; nothing was changed, and nothing will be`
  await answer(tools, record, { requestId: withdrawn, kind: request.kind, result: 'withdrawn', detail, name })
}

async function answer(
  { events }: RequestTools,
  record: FlotillaRecord,
  { kind, name, ...given }: CompletedRequest & { readonly kind: string; readonly name: string },
): Promise<void> {
  await record.saveMemory(memory => withCompletedRequest(memory, given))
  events.publish(
    'request.completed',
    { kind, result: given.result, detail: given.detail },
    { flotilla: name },
  )
}
