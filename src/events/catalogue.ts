import { daemonEvents } from './daemon-events.js'
import type { EventDefinition } from './definition.js'
import { backupEvents } from './backup-events.js'
import { gatewayEvents } from './gateway-events.js'
import { manifestEvents } from './manifest-events.js'
import { nodeEvents } from './node-events.js'
import { notifyEvents } from './notify-events.js'
import { passwordEvents } from './password-events.js'

/**
 * Every event that Flotilla can tell of: a stable code, a constant message, a level, and the fields that
 * carry the values. docs/events.md is written from this file. A code never changes its meaning; a new meaning
 * gets a new code.
 */
export const catalogue = {
  ...daemonEvents,
  'engine.unreachable': {
    level: 'error',
    message: 'the container engine does not answer; nothing changes until it does',
    fields: ['error', 'hint', 'code'],
    alert: 'when no engine.recovered follows within a minute: nodes that end meanwhile stay down',
  },
  'engine.recovered': { level: 'info', message: 'the container engine answers again', fields: ['downMs'] },
  ...gatewayEvents,
  'hibernation.started': {
    level: 'info',
    message: 'hibernating: the master saves and ends, then all containers go',
    fields: ['reason'],
  },
  'hibernation.ended': {
    level: 'info',
    message: 'not hibernated any more',
    fields: ['reason'],
  },
  ...backupEvents,
  'source.followed': {
    level: 'info',
    message: 'now replicating from an outside Redis',
    fields: ['node', 'source'],
  },
  ...manifestEvents,
  'state.corrupt': {
    level: 'error',
    message: 'moved a damaged state file away; its content is rebuilt from the nodes',
    fields: ['problem', 'movedTo'],
    alert: "always: the disk under the state directory, or somebody's hand, has damaged a file",
  },
  'state.restored': {
    level: 'warn',
    message: 'files of the state directory were gone; wrote them back',
    fields: ['files'],
    alert: 'when nobody knows who removed them: a daemon that is not running can not bring them back',
  },
  'journal.unwritable': {
    level: 'error',
    message: 'events cannot be written to the journal; they are in the log only',
    fields: ['error', 'hint'],
    alert: 'always: the disk under the state directory is full or broken, and soon nothing can be changed',
  },
  'http.listening': {
    level: 'info',
    message: 'listening for HTTP',
    fields: ['address', 'tokenFile'],
  },
  'http.unavailable': {
    level: 'warn',
    message: 'HTTP is unavailable; flotillas are reconciled all the same',
    fields: ['error', 'hint'],
    alert: 'when metrics or a load balancer need it; most often a second daemon runs on this machine',
  },
  'http.failed': {
    level: 'error',
    message: 'an HTTP request failed; this is a bug in Flotilla',
    fields: ['method', 'path', 'error'],
    alert: 'not by night; report it',
  },
  'sentinel.listening': {
    level: 'info',
    message: 'answering as a Redis Sentinel',
    fields: ['address', 'password'],
  },
  'sentinel.waiting': {
    level: 'info',
    message: 'this machine does not have the address yet; it is tried until it does',
    fields: ['address'],
  },
  'sentinel.unavailable': {
    level: 'warn',
    message: 'cannot answer as a Redis Sentinel; flotillas are reconciled all the same',
    fields: ['error', 'hint'],
    alert: 'when clients find their master that way',
  },
  'sentinel.failed': {
    level: 'error',
    message: 'a Sentinel request failed; this is a bug in Flotilla',
    fields: ['error'],
    alert: 'not by night; report it',
  },
  'plan.started': { level: 'info', message: 'plan started', fields: ['plan', 'actions', 'stages'] },
  'plan.done': { level: 'info', message: 'plan completed', fields: ['tookMs'] },
  'plan.failed': {
    level: 'warn',
    message: 'action failed; what depends on it waits for the retry, everything else goes on',
    fields: ['action', 'error', 'hint', 'code', 'times', 'failedForMs', 'retryInMs'],
    alert: 'when no action.recovered follows within five minutes; the fifth time comes with flotilla.held',
  },
  'action.recovered': {
    level: 'info',
    message: 'action succeeded after failing',
    fields: ['action', 'times', 'failedForMs'],
  },
  'plan.rejected': {
    level: 'error',
    message: 'plan broke a safety rule and was not executed; this is a bug in Flotilla',
    fields: ['violations', 'plan'],
    alert: 'always, and report it: that flotilla is not changed until the cause is found',
  },
  'action.done': {
    level: 'debug',
    message: 'action completed',
    fields: ['action', 'kind', 'node', 'cause', 'tookMs'],
  },
  'pass.done': {
    level: 'debug',
    message: 'pass completed',
    fields: ['outcome', 'reason', 'inMs', 'tookMs'],
  },
  'pass.failed': {
    level: 'warn',
    message: 'observation failed',
    fields: ['error', 'hint', 'code', 'times', 'failedForMs', 'retryInMs'],
    alert: 'when no pass.recovered follows within a minute; engine.unreachable tells of the engine itself',
  },
  'pass.recovered': {
    level: 'info',
    message: 'observation works again',
    fields: ['times', 'failedForMs'],
  },
  'image.pulling': {
    level: 'info',
    message: 'pulling image',
    fields: ['image', 'doneBytes', 'totalBytes'],
  },
  'image.fallback': {
    level: 'warn',
    message: 'using a fallback for an image that could not be pulled',
    fields: ['image', 'contains'],
    alert: 'always outside of a test: what runs is not the image that the manifest names',
  },
  'image.probed': {
    level: 'info',
    message: 'image probed: its server and the options it accepts are known',
    fields: ['image', 'product', 'version', 'refused'],
  },
  'image.probe-failed': {
    level: 'error',
    message: 'no server starts from the image; no node is touched',
    fields: ['image', 'reason', 'times'],
    alert: 'when somebody waits for the new image; the nodes go on with the old one',
  },
  'image.data-loaded': {
    level: 'info',
    message: 'the image loaded a snapshot of the data in a throwaway container',
    fields: ['image', 'node', 'bytes'],
  },
  'image.data-refused': {
    level: 'error',
    message: 'the image cannot load the data; no node is created from it',
    fields: ['image', 'node', 'reason'],
    alert: 'when somebody waits for the new image; the nodes go on with the old one',
  },
  'image.tag-moved': {
    level: 'warn',
    message: 'the image tag in the manifest has moved; nodes still run the old image',
    fields: ['reason'],
    alert: 'when somebody expects the new image: it is rolled out only when a person asks',
  },
  'image.runs-as-root': {
    level: 'warn',
    message: 'a node runs its server as root of the host',
    fields: ['reason'],
    alert: 'unless somebody has decided that it may',
  },
  'controller.conflict': {
    level: 'warn',
    message: 'another controller changes masters too',
    fields: ['reason'],
    alert: 'always: two that promote undo each other’s work, and lose writes',
  },
  ...nodeEvents,
  'master.changed': {
    level: 'warn',
    message: 'master changed',
    fields: ['from', 'to', 'epoch', 'kind', 'reason'],
    alert:
      'when kind is failover: look at why the old master ended; when kind is external: look at who else changes masters',
  },
  'master.promoted': {
    level: 'info',
    message: 'node promoted to master',
    fields: ['node', 'epoch', 'kind', 'reason', 'tookMs', 'offsetGapBytes'],
  },
  'failover.started': {
    level: 'warn',
    message: 'master has failed; failover started',
    fields: ['from', 'epoch', 'reason'],
    alert: 'when no master.changed follows within ten seconds, or when it comes twice within an hour',
  },
  'operation.aborted': {
    level: 'warn',
    message: 'change of master aborted',
    fields: ['kind', 'from', 'to', 'reason'],
    alert: 'when kind is switchover and somebody waits for it',
  },
  'rollout.started': {
    level: 'info',
    message: 'rollout started',
    fields: ['reason', 'nodes'],
    alert:
      'when no rollout.done follows in the time that this usually takes; flotilla.held says what stands in the way',
  },
  'rollout.step': {
    level: 'info',
    message: 'node recreated and in service',
    fields: ['renewed', 'nodes'],
  },
  'rollout.done': { level: 'info', message: 'rollout completed', fields: ['nodes', 'tookMs'] },
  'data.owner-changed': {
    level: 'info',
    message: 'changed the owner of a node’s data to its server’s user',
    fields: ['node', 'uid', 'paths'],
  },
  'data.archived': {
    level: 'warn',
    message: 'archived the data of a replaced master on its volume',
    fields: ['node', 'folder'],
    alert: 'always: that folder may hold writes that the new master lacks',
  },
  'request.received': {
    level: 'info',
    message: 'request received',
    fields: ['kind', 'to', 'force'],
  },
  'request.completed': {
    level: 'info',
    message: 'request completed',
    fields: ['kind', 'result', 'detail'],
  },
  ...passwordEvents,
  'flotilla.ready': {
    level: 'info',
    message: 'flotilla is ready',
    fields: ['master', 'replicas', 'generation', 'epoch'],
  },
  'flotilla.phase': {
    level: 'info',
    message: 'phase changed',
    fields: ['from', 'to', 'reason'],
    alert:
      'when `to` is Unavailable for ten seconds, or Degraded for five minutes, without another flotilla.phase',
  },
  'flotilla.held': {
    level: 'error',
    message: 'on hold: someone has to decide',
    fields: ['hold', 'reason', 'remedy'],
    alert: 'always: nothing goes on without a person, and `remedy` says how',
  },
  'flotilla.released': { level: 'info', message: 'hold released', fields: ['hold'] },
  'flotilla.removed': {
    level: 'info',
    message: 'flotilla removed',
    fields: ['volumesKept'],
    alert: 'when nobody meant to remove it',
  },
  ...notifyEvents,
  'data.lost': {
    level: 'error',
    message: 'data has been lost',
    fields: ['lastKnownKeys', 'reason'],
    alert: 'always, at once',
  },
  'condition.changed': {
    level: 'debug',
    message: 'condition changed',
    fields: ['condition', 'status', 'reason', 'detail'],
  },
} as const satisfies Readonly<Record<string, EventDefinition>>

export type EventCode = keyof typeof catalogue

export type FieldValue = string | number | boolean | null | readonly string[]

/** Exactly the fields that the catalogue names for this code. */
export type EventFields<Code extends EventCode> = {
  readonly [Field in (typeof catalogue)[Code]['fields'][number]]: FieldValue
}

/** Where an event belongs. */
export interface EventScope {
  readonly flotilla?: string
  /** Id of the pass, on every line of it. */
  readonly pass?: string
}

/** The way events take out of the controller: to the log, to the journal, to a person who waits. */
export interface EventSink {
  publish<Code extends EventCode>(code: Code, fields: EventFields<Code>, scope?: EventScope): void
}
