import type { EventCode, EventSink } from '../../events/catalogue.js'
import { unavailable } from '../plan/settings/users.js'
import {
  conditionTypes,
  type ConditionType,
  type FlotillaStatus,
  type NodeStatus,
} from '../../model/status.js'

/** Tells what is different between two statuses, once, and nothing while nothing changes. */
export function publishChanges(
  events: EventSink,
  before: FlotillaStatus | null,
  now: FlotillaStatus,
  sinceMs: number,
): void {
  for (const node of now.nodes)
    publishNode(events, before?.nodes.find(one => one.alias === node.alias) ?? null, node, sinceMs)
  for (const node of before?.nodes ?? [])
    if (!now.nodes.some(one => one.alias === node.alias))
      events.publish('node.removed', { node: node.ordinal, name: node.name })
  publishRollout(events, before, now, sinceMs)
  publishHolds(events, before, now)
  publishConditions(events, before, now)
  publishUnavailable(events, before, now)
  publishConditionEvents(events, before, now)
  const isNews =
    before?.phase !== now.phase ||
    before.observedGeneration !== now.observedGeneration ||
    before.epoch !== now.epoch
  if (!isNews) return
  if (before?.phase !== now.phase)
    events.publish('flotilla.phase', { from: before?.phase ?? null, to: now.phase, reason: now.reason })
  if (now.phase === 'Ready')
    events.publish('flotilla.ready', {
      master: now.master,
      replicas: now.nodes.length - 1,
      generation: now.observedGeneration,
      epoch: now.epoch,
    })
}

function publishNode(events: EventSink, before: NodeStatus | null, now: NodeStatus, sinceMs: number): void {
  const { ordinal: node, name, role, health } = now
  const wasOnline = before?.health === 'online'
  if (now.lastExit !== null && now.lastExit.at !== before?.lastExit?.at && before !== null)
    events.publish('node.died', {
      node,
      name,
      exitCode: now.lastExit.code,
      oomKilled: now.lastExit.oomKilled,
    })
  if (now.lastExit?.oomKilled === true && now.lastExit.at !== before?.lastExit?.at && before !== null)
    events.publish('node.oom-killed', { node, name, limitBytes: now.memoryLimitBytes })
  if (health === 'online' && !wasOnline) events.publish('node.online', { node, name, role, afterMs: sinceMs })
  if (health !== 'online' && wasOnline) events.publish('node.offline', { node, name, health })
  if (before !== null && before.address !== null && now.address !== null && before.address !== now.address)
    events.publish('node.address-changed', { node, name, from: before.address, to: now.address })
}

/** `sinceMs` is for how long the flotilla has not been Ready, and it never is while nodes are outdated. */
function publishRollout(
  events: EventSink,
  before: FlotillaStatus | null,
  { rollout: now }: FlotillaStatus,
  sinceMs: number,
): void {
  // A status that an older Flotilla has written knows of no rollout.
  const was = before?.rollout ?? null
  if (now === null) {
    if (was !== null) events.publish('rollout.done', { nodes: was.total, tookMs: sinceMs })
    return
  }
  const { reason, renewed, total } = now
  if (was === null) events.publish('rollout.started', { reason, nodes: total })
  else if (renewed > was.renewed) events.publish('rollout.step', { renewed, nodes: total })
}

function publishHolds(events: EventSink, before: FlotillaStatus | null, now: FlotillaStatus): void {
  // The remedy names the thing refused; why may count bytes and keys, which is no news each time that they
  // grow.
  const key = (hold: FlotillaStatus['refusing'][number]): string => `${hold.code} ${hold.remedy}`
  const held = new Set(before?.refusing.map(key))
  for (const hold of now.refusing)
    if (!held.has(key(hold)))
      events.publish('flotilla.held', { hold: hold.code, reason: hold.reason, remedy: hold.remedy })
  const codes = new Set(now.refusing.map(hold => hold.code))
  for (const code of new Set(before?.refusing.map(hold => hold.code)))
    if (!codes.has(code)) events.publish('flotilla.released', { hold: code })
}

/** A source of a password that can't be read any more. */
function publishUnavailable(events: EventSink, before: FlotillaStatus | null, now: FlotillaStatus): void {
  const of = (status: FlotillaStatus | null): string | null =>
    status?.conditions.find(({ type, reason }) => type === 'AuthApplied' && reason === unavailable)
      ?.message ?? null
  const reason = of(now)
  if (reason !== null && reason !== of(before)) events.publish('password.unavailable', { reason })
}

/** What was found out and is news by itself, once. */
function publishConditionEvents(events: EventSink, before: FlotillaStatus | null, now: FlotillaStatus): void {
  for (const [type, code] of Object.entries(conditionEvents)) {
    const [was, is] = [before, now].map(status => status?.conditions.find(one => one.type === type))
    if (is?.status === 'True' && was?.status !== 'True') events.publish(code, { reason: is.message })
  }
}

const conditionEvents = {
  ImageMoved: 'image.tag-moved',
  RunsAsRoot: 'image.runs-as-root',
  OtherController: 'controller.conflict',
} as const satisfies Partial<Record<ConditionType, EventCode>>

function publishConditions(events: EventSink, before: FlotillaStatus | null, now: FlotillaStatus): void {
  for (const type of conditionTypes) {
    const was = before?.conditions.find(condition => condition.type === type)
    const is = now.conditions.find(condition => condition.type === type)
    if (is === undefined || was?.status === is.status) continue
    if (was === undefined && is.status === 'False') continue
    events.publish('condition.changed', {
      condition: type,
      status: is.status,
      reason: is.reason,
      detail: is.message,
    })
  }
}
