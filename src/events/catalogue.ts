import { daemonEvents } from './daemon-events.js'
import type { EventDefinition } from './definition.js'
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
    message: 'the container engine does not answer; nothing is changed until it does',
    fields: ['error', 'hint', 'code'],
    alert: 'when no engine.recovered follows within a minute: nodes that end meanwhile stay down',
  },
  'engine.recovered': { level: 'info', message: 'the container engine answers again', fields: ['downMs'] },
  'source.followed': { level: 'info', message: 'an outside Redis is followed', fields: ['node', 'source'] },
  'manifest.loaded': {
    level: 'info',
    message: 'a spec is in force',
    fields: ['generation', 'source', 'replicas', 'image'],
  },
  'manifest.invalid': {
    level: 'error',
    message: 'a manifest is broken; the last good spec stays in force',
    fields: ['problem'],
    alert: 'at once where manifests come from a pipeline: what was rolled out is not what is in force',
  },
  'manifest.valid': { level: 'info', message: 'the manifest is in order again', fields: [] },
  'manifest.watch-failed': {
    level: 'warn',
    message: 'changes of the manifests are found by polling only',
    fields: ['error'],
    alert: 'not by night: a change of a manifest is seen up to two seconds later, that is all',
  },
  'manifest.missing': {
    level: 'warn',
    message: 'no manifest declares the flotilla any more; it is kept for a time of grace',
    fields: ['deletionPolicy', 'keptForMs'],
    alert: 'when nobody meant to remove it: put the manifest back before the time is over',
  },
  'manifest.returned': {
    level: 'info',
    message: 'the flotilla is no longer missing from the manifests',
    fields: [],
  },
  'manifest.deleted': {
    level: 'warn',
    message: 'the manifest is still missing; its deletion policy is carried out',
    fields: ['deletionPolicy'],
    alert: 'when nobody meant to remove a flotilla',
  },
  'state.corrupt': {
    level: 'error',
    message: 'a state file was damaged and is put aside; what it held is rebuilt from the world',
    fields: ['problem', 'movedTo'],
    alert: "always: the disk under the state directory, or somebody's hand, has damaged a file",
  },
  'state.restored': {
    level: 'warn',
    message: 'files of the state directory were gone; they are written again as they were',
    fields: ['files'],
    alert: 'when nobody knows who removed them: a daemon that is not running can not bring them back',
  },
  'journal.unwritable': {
    level: 'error',
    message: 'events can not be written down; they are in the log only',
    fields: ['error', 'hint'],
    alert: 'always: the disk under the state directory is full or broken, and soon nothing can be changed',
  },
  'http.listening': {
    level: 'info',
    message: 'the daemon answers HTTP',
    fields: ['address', 'tokenFile'],
  },
  'http.unavailable': {
    level: 'warn',
    message: 'the daemon does not answer HTTP; it keeps the flotillas as ever',
    fields: ['error', 'hint'],
    alert: 'when metrics or a load balancer need it; most often a second daemon runs on this machine',
  },
  'http.failed': {
    level: 'error',
    message: 'a request over HTTP could not be answered; this is a bug in Flotilla',
    fields: ['method', 'path', 'error'],
    alert: 'not by night; report it',
  },
  'plan.started': { level: 'info', message: 'a plan is carried out', fields: ['plan', 'actions', 'stages'] },
  'plan.done': { level: 'info', message: 'the plan is carried out', fields: ['tookMs'] },
  'plan.failed': {
    level: 'warn',
    message: 'an action has failed; what needs it waits for the next try, and all else goes on',
    fields: ['action', 'error', 'hint', 'code', 'times', 'failedForMs', 'retryInMs'],
    alert: 'when no action.recovered follows within five minutes; the fifth time comes with flotilla.held',
  },
  'action.recovered': {
    level: 'info',
    message: 'an action that had failed is done',
    fields: ['action', 'times', 'failedForMs'],
  },
  'plan.rejected': {
    level: 'error',
    message: 'a plan broke a rule of safety and was not carried out; this is a bug in Flotilla',
    fields: ['violations', 'plan'],
    alert: 'always, and report it: that flotilla is not changed until the cause is found',
  },
  'action.done': {
    level: 'debug',
    message: 'an action is done',
    fields: ['action', 'kind', 'node', 'cause', 'tookMs'],
  },
  'pass.done': {
    level: 'debug',
    message: 'a pass is done',
    fields: ['outcome', 'reason', 'inMs', 'tookMs'],
  },
  'pass.failed': {
    level: 'warn',
    message: 'the world could not be looked at',
    fields: ['error', 'hint', 'code', 'times', 'failedForMs', 'retryInMs'],
    alert: 'when no pass.recovered follows within a minute; engine.unreachable tells of the engine itself',
  },
  'pass.recovered': {
    level: 'info',
    message: 'the world can be looked at again',
    fields: ['times', 'failedForMs'],
  },
  'image.pulling': {
    level: 'info',
    message: 'an image is pulled',
    fields: ['image', 'doneBytes', 'totalBytes'],
  },
  'image.fallback': {
    level: 'warn',
    message: 'the image is a stand-in for one that could not be pulled',
    fields: ['image', 'contains'],
    alert: 'always outside of a test: what runs is not the image that the manifest names',
  },
  'image.probed': {
    level: 'info',
    message: 'a throwaway container has told what an image is and what it makes of options',
    fields: ['image', 'product', 'version', 'refused'],
  },
  'image.probe-failed': {
    level: 'error',
    message: 'no server of an image comes up; no node is touched for its sake',
    fields: ['image', 'reason', 'times'],
    alert: 'when somebody waits for the new image; the nodes go on with the old one',
  },
  'image.data-loaded': {
    level: 'info',
    message: 'a throwaway container of an image has loaded a snapshot of the data',
    fields: ['image', 'node', 'bytes'],
  },
  'image.data-refused': {
    level: 'error',
    message: 'a server of an image can’t load the data; no node is made of it',
    fields: ['image', 'node', 'reason'],
    alert: 'when somebody waits for the new image; the nodes go on with the old one',
  },
  'image.tag-moved': {
    level: 'warn',
    message: 'the tag that the manifest names means another image than nodes run',
    fields: ['reason'],
    alert: 'when somebody expects the new image: it is rolled out only when a person asks',
  },
  'image.runs-as-root': {
    level: 'warn',
    message: 'the server of a node runs as root of the engine’s host',
    fields: ['reason'],
    alert: 'unless somebody has decided that it may',
  },
  'controller.conflict': {
    level: 'warn',
    message: 'somebody else decides who is master, too',
    fields: ['reason'],
    alert: 'always: two that promote undo each other’s work, and lose writes',
  },
  ...nodeEvents,
  'master.changed': {
    level: 'warn',
    message: 'another node is master',
    fields: ['from', 'to', 'epoch', 'kind', 'reason'],
    alert:
      'when kind is failover: look at why the old master ended; when kind is external: look at who else changes masters',
  },
  'master.promoted': {
    level: 'info',
    message: 'a node is promoted to master',
    fields: ['node', 'epoch', 'kind', 'reason', 'tookMs', 'offsetGapBytes'],
  },
  'failover.started': {
    level: 'warn',
    message: 'the master is in trouble and is being replaced',
    fields: ['from', 'epoch', 'reason'],
    alert: 'when no master.changed follows within ten seconds, or when it comes twice within an hour',
  },
  'operation.aborted': {
    level: 'warn',
    message: 'a change of masters was aborted',
    fields: ['kind', 'from', 'to', 'reason'],
    alert: 'when kind is switchover and somebody waits for it',
  },
  'rollout.started': {
    level: 'info',
    message: 'nodes are recreated, one at a time',
    fields: ['reason', 'nodes'],
    alert:
      'when no rollout.done follows in the time that this usually takes; flotilla.held says what stands in the way',
  },
  'rollout.step': {
    level: 'info',
    message: 'one more node is recreated and in service',
    fields: ['renewed', 'nodes'],
  },
  'rollout.done': { level: 'info', message: 'every node is up to date', fields: ['nodes', 'tookMs'] },
  'data.owner-changed': {
    level: 'info',
    message: 'data on a node’s volume was another user’s than its server’s, and is given to that',
    fields: ['node', 'uid', 'paths'],
  },
  'data.archived': {
    level: 'warn',
    message: 'what a replaced master held is set aside on its volume',
    fields: ['node', 'folder'],
    alert: 'always: that folder may hold writes that the new master lacks',
  },
  'request.received': {
    level: 'info',
    message: 'somebody asks for something',
    fields: ['kind', 'to', 'force'],
  },
  'request.completed': {
    level: 'info',
    message: 'what was asked for is answered',
    fields: ['kind', 'result', 'detail'],
  },
  ...passwordEvents,
  'flotilla.ready': {
    level: 'info',
    message: 'the flotilla is as its manifest asks',
    fields: ['master', 'replicas', 'generation', 'epoch'],
  },
  'flotilla.phase': {
    level: 'info',
    message: 'the phase has changed',
    fields: ['from', 'to', 'reason'],
    alert:
      'when `to` is Unavailable for ten seconds, or Degraded for five minutes, without another flotilla.phase',
  },
  'flotilla.held': {
    level: 'error',
    message: 'Flotilla refuses to go on',
    fields: ['hold', 'reason', 'remedy'],
    alert: 'always: nothing goes on without a person, and `type` says what to type',
  },
  'flotilla.released': { level: 'info', message: 'what was refused is resolved', fields: ['hold'] },
  'flotilla.removed': {
    level: 'info',
    message: 'the flotilla is removed',
    fields: ['volumesKept'],
    alert: 'when nobody meant to remove it',
  },
  ...notifyEvents,
  'data.lost': {
    level: 'error',
    message: 'data that was there is gone',
    fields: ['lastKnownKeys', 'reason'],
    alert: 'always, at once',
  },
  'condition.changed': {
    level: 'debug',
    message: 'a condition has changed',
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
