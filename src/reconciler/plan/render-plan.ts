import type { PersistenceSettings, ResourcesSpec } from '../../model/spec.js'
import { noUpstream, type Action, type FailingAction, type Plan, type Wait } from '../../model/plan.js'

/**
 * A plan as people read it: in the CLI's `plan`, in golden files and in the log. One line per action, wait
 * and refusal.
 */
export function renderPlan(plan: Plan): string {
  return planLines(plan)
    .map(line => `${line.text}\n`)
    .join('')
}

/** One line of that text, and what it is about, for those who print it with more around it. */
export type PlanLine =
  | { readonly kind: 'settled' | 'stage' | 'failing' | 'wait' | 'refusal' | 'command'; readonly text: string }
  | { readonly kind: 'action'; readonly text: string; readonly action: Action }

export function planLines(plan: Plan): readonly PlanLine[] {
  if (isSettled(plan)) return [{ kind: 'settled', text: 'nothing to do' }]
  return [
    ...plan.stages.flatMap((stage, index): PlanLine[] => [
      { kind: 'stage', text: `stage ${index + 1}` },
      ...stage.map((action): PlanLine => ({
        kind: 'action',
        text: `  ${renderAction(action)}  # ${action.cause}`,
        action,
      })),
    ]),
    ...plan.failing.map((one): PlanLine => ({ kind: 'failing', text: `failing: ${renderFailing(one)}` })),
    ...plan.waits.map((wait): PlanLine => ({ kind: 'wait', text: renderWait(wait) })),
    ...plan.refusals.flatMap((refusal): PlanLine[] => [
      { kind: 'refusal', text: `refuses (${refusal.code}): ${refusal.reason}` },
      { kind: 'command', text: `  type: ${refusal.remedy}` },
    ]),
  ]
}

/** Never the bare sentence: it says what is not so yet. */
export function renderWait({ what }: Pick<Wait, 'what'>): string {
  return `waiting for: ${what}`
}

/** What it was, what came of it, how often, and when it is tried again. */
export function renderFailing({ action, error, times, retryInMs }: FailingAction): string {
  const next = retryInMs === 0 ? 'now' : `in ${Math.ceil(retryInMs / 1_000)} s`
  return `${failureText(renderAction(action), error)} (${times === 1 ? 'once' : `${times} times`}); next try ${next}`
}

/** What was tried and what came of it, once: adapters begin their messages with what they tried. */
export function failureText(action: string, error: string): string {
  return error.startsWith(action) ? error : `${action}: ${error}`
}

/** The action alone, without its cause. */
export function renderAction(action: Action): string {
  switch (action.kind) {
    case 'pull-image':
      return `pull image ${action.image}`
    case 'probe-image':
      return `try ${[`image ${action.image}`, ...Object.keys(action.options)].join(', ')} on a throwaway container`
    case 'probe-data':
      return `load the data of node ${action.ordinal} in image ${action.image} on a throwaway container`
    case 'remove-leftover':
      return `remove leftover ${action.name}`
    case 'create-network':
      return `create network ${action.network}${action.subnet === null ? '' : ` (${action.subnet})`}`
    case 'create-volume':
      return `create volume ${action.volume}`
    case 'create-container':
      return `create container ${action.name} (node ${action.ordinal})${action.image === undefined ? '' : ` of the image that the others run (${action.image.replace(/^sha256:/, '').slice(0, 12)})`}`
    case 'start-container':
      return `start ${action.name}`
    case 'stop-container':
      return `stop ${action.name}`
    case 'remove-container':
      return `remove container ${action.name}`
    case 'rename-container':
      return `rename ${action.name} to ${action.to}`
    case 'reattach-network':
      return `attach ${action.name} to its network`
    case 'connect-network':
      return `join ${action.name} to the network ${action.network}`
    case 'disconnect-network':
      return `take ${action.name} off the network ${action.network}`
    case 'record-source':
      return `record that node ${action.leader} follows a Redis that is not ours`
    case 'follow-source':
      return `node ${action.ordinal} follows ${action.displayName}`
    case 'pause-source':
      return `pause writes on ${action.displayName} for ${action.forMs} ms at most`
    case 'catch-up-source':
      return `wait until node ${action.ordinal} has all that ${action.displayName} has, ${action.withinMs} ms at most`
    case 'fence-source':
      return `make ${action.displayName} read-only (REPLICAOF ${noUpstream.host} ${noUpstream.port}); it keeps what it holds`
    case 'unfence-source':
      return `make ${action.displayName} a master again`
    case 'resume-source':
      return `resume writes on ${action.displayName}`
    case 'disconnect-source-clients':
      return `drop the clients of ${action.displayName}`
    case 'restore-login':
      return `node ${action.ordinal} logs in with the flotilla's own password again`
    case 'begin-operation':
      return `record ${action.operation.kind}: node ${action.operation.to} is to be master, epoch ${action.operation.epoch}`
    case 'kill-container':
      return `kill ${action.name}`
    case 'pause-writes':
      return `pause writes on node ${action.ordinal} for ${action.forMs} ms at most`
    case 'catch-up':
      return `wait until node ${action.ordinal} has all that node ${action.master} has, ${action.withinMs} ms at most`
    case 'resume-writes':
      return `resume writes on node ${action.ordinal}`
    case 'disconnect-clients':
      return `drop the clients of node ${action.ordinal}`
    case 'archive-data':
      return `set aside the data of node ${action.ordinal} as ${action.folder}`
    case 'complete-request':
      return `answer the ${action.request.kind} that was asked for: ${action.result}, ${action.detail}`
    case 'promote':
      return `promote node ${action.ordinal}`
    case 'follow':
      return `node ${action.ordinal} follows node ${action.master}${action.fullCopy === undefined ? '' : ' and copies everything'}${action.reconnect ? ' (nudged)' : ''}${action.encrypted === true ? ' over TLS' : ''}`
    case 'load-certificate':
      return `give node ${action.ordinal} its certificate`
    case 'set-port':
      return `${action.open ? 'open' : 'close'} the ${action.port} port of node ${action.ordinal}`
    case 'apply-config':
      return `tune node ${action.ordinal} for its version`
    case 'limit-container':
      return `limit ${action.name} to ${limitsText(action.limits)}`
    case 'write-config':
      return `write redis.conf into ${action.name}${action.persistence === undefined ? '' : ` (${persistenceText(action.persistence)})`}`
    case 'set-append-only':
      return `switch the append-only file of node ${action.ordinal} ${action.on ? 'on' : 'off'}`
    case 'save-snapshot':
      return `have node ${action.ordinal} write a snapshot`
    case 'end-operation':
      return `record ${action.operation.kind}: ${action.result}`
    case 'apply-users':
      return `give ${action.name} its users and passwords`
    case 'activate-passwords':
      return `use the new password of ${action.users.join(', ')}`
    case 'retire-passwords':
      return action.users.length > 0
        ? `drop the former password of ${action.users.join(', ')}`
        : `forget the user ${action.departed.join(', ')}`
    case 'remove-network':
      return `remove network ${action.network}`
    case 'remove-volume':
      return `remove volume ${action.volume}`
  }
}

function persistenceText({ mode, save, appendfsync }: PersistenceSettings): string {
  return mode === 'aof' ? `aof, ${appendfsync}` : mode === 'rdb' ? `rdb, ${save.join(', ')}` : mode
}

/** True when there is nothing to do, nothing to wait for, nothing refused and nothing that fails. */
export function isSettled(plan: Plan): boolean {
  return (
    plan.stages.length === 0 &&
    plan.waits.length === 0 &&
    plan.refusals.length === 0 &&
    plan.failing.length === 0
  )
}

function limitsText({ memoryBytes, cpus }: ResourcesSpec): string {
  const memory = memoryBytes === null ? 'all memory' : `${Math.round(memoryBytes / 1_048_576)} MiB`
  return `${memory} and ${cpus === null ? 'all CPUs' : `${cpus} CPUs`}`
}
