import type { PersistenceSettings } from '../../../model/spec.js'
import { isSamePersistence, desiredPersistence } from '../../desired/persistence.js'
import type { SnapshotRequest } from '../../../model/record.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { Contribution } from '../ordering.js'
import type { Action } from '../../../model/plan.js'
import type { RedisFacts } from '../../../model/redis.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../../model/condition-value.js'
import type { ConditionContext, Setting, SettingContext } from './setting.js'

/**
 * From snapshots to an append-only file and back, while nodes run. At its start Redis reads only the one that
 * its redis.conf names, so the file may name it only when it holds everything:
 *
 *   to aof:  appendonly yes ─ the rewrite is done ─▶ redis.conf ─▶ save points off
 *   to rdb:  BGSAVE ─ it is done ─▶ redis.conf ─▶ save points on ─▶ appendonly no
 *
 * A node that is killed anywhere in between comes up with what the one holds that its file names, and both
 * are written meanwhile. Each step follows from what the node says and what its file is known to say, so one
 * that was cut short is gone on with. One node at a time, because each forks a child, and the master last.
 */
export const persistenceSetting: Setting<'PersistenceApplied'> = {
  isApplied: (input, node) => nextStep(input, node) === null,
  plan: planPersistence,
  inSteps: true,
  conditions: { PersistenceApplied: persistenceCondition },
}

function planPersistence(
  input: PlanInput,
  members: Members,
  { master, above }: SettingContext,
): Contribution {
  if (above === 'acting') return {}
  for (const node of masterLast(members, master)) {
    const step = nextStep(input, node)
    if (step !== null) return step
  }
  return {}
}

function masterLast({ wanted }: Members, master: number): readonly Member[] {
  return wanted
    .filter(({ bucket }) => bucket === 'online' || bucket === 'master')
    .toSorted((a, b) => Number(a.ordinal === master) - Number(b.ordinal === master) || a.ordinal - b.ordinal)
}

function nextStep(input: PlanInput, node: Member): Contribution | null {
  const { facts } = node
  const name = node.seen?.container.name
  if (facts === null || name === undefined) return null
  const wanted = desiredPersistence(input.spec)
  const current = currentPersistence(input, node, facts)
  // To and from nothing at all goes by new containers.
  if (wanted.mode === 'none' || current.mode === 'none') return null
  const { ordinal } = node
  const cause = `spec.persistence of ${input.spec.name} is ${wanted.mode}`
  const isOn = facts.persistence.aofEnabled
  const write = (persistence: PersistenceSettings, reason = cause): Contribution =>
    one('settle', { kind: 'write-config', ordinal, name, persistence, cause: reason })
  const interrupted = node.record?.persistence.pending ?? null
  if (interrupted !== null) {
    // Which of the two the file says is not known. What the process does now is complete, and a start of it
    // would not read less.
    const known = (current.mode === 'aof') === isOn ? current : interrupted
    return write(known, 'its writing was cut short')
  }
  if (wanted.mode === 'aof' && !isOn)
    return one('settle', { kind: 'set-append-only', ordinal, on: true, cause })
  if (current.mode !== wanted.mode) return untilWritten(input, node, facts) ?? write(wanted)
  if (!isSamePersistence(current, wanted)) return write(wanted)
  if (wanted.mode === 'rdb' && isOn)
    return one('finish', { kind: 'set-append-only', ordinal, on: false, cause })
  return null
}

function one(band: OrderBand, action: Action): Contribution {
  return { actions: [{ band, action }] }
}

/** Of a node that nothing is known of its process tells. */
function currentPersistence({ spec }: PlanInput, { record }: Member, facts: RedisFacts): PersistenceSettings {
  const wanted = desiredPersistence(spec)
  const current = record?.persistence.current ?? null
  if (current !== null) return current
  const mode = facts.persistence.aofEnabled ? 'aof' : 'rdb'
  return wanted.mode === mode || wanted.mode === 'none' ? wanted : { ...wanted, mode }
}

/** What has to be so before redis.conf may name the other one; null when it is. */
function untilWritten(input: PlanInput, node: Member, facts: RedisFacts): Contribution | null {
  const { ordinal } = node
  const { persistence } = facts
  if (input.spec.persistence.mode === 'aof') {
    if (!persistence.aofRewriteInProgress && persistence.aofLastRewriteOk) return null
    const trouble = persistence.aofLastRewriteOk ? '' : '; the last try has failed, its log says why'
    return waitFor(ordinal, `node ${ordinal} has written its append-only file${trouble}`)
  }
  if (persistence.rdbSaveInProgress) return waitFor(ordinal, `node ${ordinal} has written its snapshot`)
  if (isSnapshotDone(node.record?.persistence.snapshotAsked ?? null, facts)) return null
  return one('settle', {
    kind: 'save-snapshot',
    ordinal,
    asked: { runId: facts.runId, lastSaveAtMs: persistence.rdbLastSaveAtMs },
    cause: 'it is to hold everything before the append-only file goes',
  })
}

/**
 * Redis counts in seconds: one that ends within the same second as the one before looks like none, and is
 * asked for again.
 */
function isSnapshotDone(asked: SnapshotRequest | null, { runId, persistence }: RedisFacts): boolean {
  if (asked === null || asked.runId !== runId || !persistence.rdbLastSaveOk) return false
  return (persistence.rdbLastSaveAtMs ?? 0) > (asked.lastSaveAtMs ?? 0)
}

function waitFor(ordinal: number, what: string): Contribution {
  return { waits: [{ what, ordinal, recheckInMs: 250 }] }
}

/** One that keeps its data otherwise until it is recreated has it not. */
function persistenceCondition(input: PlanInput, { members: { wanted } }: ConditionContext): ConditionValue {
  const { mode } = input.spec.persistence
  const pendingNodes = wanted.filter(node => nextStep(input, node) !== null).map(node => node.ordinal)
  if (pendingNodes.length > 0)
    return conditionFalse('Applying', `${mode} is not applied on node ${pendingNodes.join(', ')} yet`)
  const absent = wanted.filter(({ seen }) => seen === null).map(({ ordinal }) => ordinal)
  return absent.length > 0
    ? conditionFalse('NodesMissing', `node ${absent.join(', ')} is not there`)
    : conditionTrue('Applied', `every node has ${mode}`)
}
