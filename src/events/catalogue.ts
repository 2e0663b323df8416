/**
 * Every event that Flotilla can tell of: a stable code, a constant message, a level, and the fields that carry the values.
 * docs/events.md is written from this file. A code never changes its meaning; a new meaning gets a new code.
 */
export const catalogue = {
  'daemon.started': {
    level: 'info',
    message: 'Flotilla runs',
    fields: ['version', 'pid', 'manifests', 'state', 'engine', 'apiVersion', 'reach', 'why'],
  },
  'daemon.stopping': {
    level: 'info',
    message: 'Flotilla ends; the containers go on running',
    fields: ['signal'],
  },
  'daemon.stopped': { level: 'info', message: 'Flotilla has ended', fields: [] },
  'engine.lost': {
    level: 'error',
    message: 'the container engine does not answer; nothing is changed until it does',
    fields: ['error', 'hint', 'code'],
  },
  'engine.back': { level: 'info', message: 'the container engine answers again', fields: ['downMs'] },
  'manifest.loaded': {
    level: 'info',
    message: 'a spec is in force',
    fields: ['generation', 'source', 'replicas', 'image'],
  },
  'manifest.invalid': {
    level: 'error',
    message: 'a manifest is broken; the last good spec stays in force',
    fields: ['problem'],
  },
  'manifest.valid': { level: 'info', message: 'the manifest is in order again', fields: [] },
  'manifest.unwatched': { level: 'warn', message: 'changes of the manifests are found by polling only', fields: ['error'] },
  'manifest.deleted': {
    level: 'warn',
    message: 'the manifest is gone; its deletion policy is carried out',
    fields: ['deletionPolicy'],
  },
  'state.damaged': {
    level: 'error',
    message: 'a state file was damaged and is put aside; what it held is rebuilt from the world',
    fields: ['problem', 'aside'],
  },
  'plan.started': { level: 'info', message: 'a plan is carried out', fields: ['plan', 'actions', 'stages'] },
  'plan.done': { level: 'info', message: 'the plan is carried out', fields: ['tookMs'] },
  'plan.failed': {
    level: 'warn',
    message: 'the plan could not be carried out to its end; it is made anew',
    fields: ['action', 'error', 'hint', 'code', 'againInMs'],
  },
  'plan.rejected': {
    level: 'error',
    message: 'a plan broke a rule of safety and was not carried out; this is a bug in Flotilla',
    fields: ['objections', 'plan'],
  },
  'action.done': { level: 'debug', message: 'an action is done', fields: ['action', 'cause', 'tookMs'] },
  'pass.done': {
    level: 'debug',
    message: 'a pass is done',
    fields: ['outcome', 'because', 'inMs', 'tookMs'],
  },
  'pass.failed': {
    level: 'warn',
    message: 'the world could not be looked at',
    fields: ['error', 'hint', 'code', 'againInMs'],
  },
  'image.pulling': {
    level: 'info',
    message: 'an image is pulled',
    fields: ['image', 'doneBytes', 'totalBytes'],
  },
  'image.stand-in': {
    level: 'warn',
    message: 'the image is a stand-in for one that could not be pulled',
    fields: ['image', 'contains'],
  },
  'node.died': {
    level: 'warn',
    message: 'a node has ended',
    fields: ['node', 'name', 'exitCode', 'oomKilled'],
  },
  'node.online': { level: 'info', message: 'a node is online', fields: ['node', 'name', 'role', 'afterMs'] },
  'node.offline': {
    level: 'warn',
    message: 'a node is not online any more',
    fields: ['node', 'name', 'health'],
  },
  'node.removed': { level: 'info', message: 'a node is gone', fields: ['node', 'name'] },
  'node.moved': {
    level: 'info',
    message: 'a node has a new address',
    fields: ['node', 'name', 'from', 'to'],
  },
  'master.changed': {
    level: 'warn',
    message: 'another node is master',
    fields: ['from', 'to', 'epoch', 'kind', 'reason'],
  },
  'master.promoted': {
    level: 'info',
    message: 'a node is promoted to master',
    fields: ['node', 'epoch', 'kind', 'reason', 'tookMs'],
  },
  'flotilla.ready': {
    level: 'info',
    message: 'the flotilla is as its manifest asks',
    fields: ['master', 'replicas', 'generation', 'epoch'],
  },
  'flotilla.phase': { level: 'info', message: 'the phase has changed', fields: ['from', 'to', 'reason'] },
  'flotilla.held': { level: 'error', message: 'Flotilla refuses to go on', fields: ['hold', 'why', 'type'] },
  'flotilla.released': { level: 'info', message: 'what was refused is resolved', fields: ['hold'] },
  'flotilla.removed': { level: 'info', message: 'the flotilla is removed', fields: ['volumesKept'] },
  'data.lost': {
    level: 'error',
    message: 'data that was there is gone',
    fields: ['lastKnownKeys', 'lastKnownOffset', 'why'],
  },
  'condition.changed': {
    level: 'debug',
    message: 'a condition has changed',
    fields: ['condition', 'status', 'reason', 'detail'],
  },
} as const satisfies Readonly<Record<string, EventDefinition>>

export interface EventDefinition {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: readonly string[]
}

export type EventCode = keyof typeof catalogue

type FieldValue = string | number | boolean | null | readonly string[]

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

/** The way events take out of the controller: the log, later a journal and metrics. */
export interface EventSink {
  publish<Code extends EventCode>(code: Code, fields: EventFields<Code>, scope?: EventScope): void
}

/** A sink that adds this scope to every event. */
export function scoped(sink: EventSink, scope: EventScope): EventSink {
  return { publish: (code, fields, more) => sink.publish(code, fields, { ...scope, ...more }) }
}
