import type { Action, Plan } from '../../model/plan.js'

/**
 * What an action takes away from whoever uses the flotilla, in words for the person who decides whether now
 * is the time; null when nobody notices it. It depends on what the plan does beside it: a node that is
 * stopped and started again is down for a moment, one that is only stopped is gone.
 */
export function impactOf(action: Action, plan: Plan): string | null {
  switch (action.kind) {
    case 'stop-container':
    case 'kill-container':
      return isRestarted(action.ordinal, plan)
        ? `restart of node ${action.ordinal}: its clients are cut`
        : `node ${action.ordinal} is down from then on: its clients are cut`
    case 'reattach-network':
      return `new address for node ${action.ordinal}: its connections break`
    case 'disconnect-network':
      return `clients of node ${action.ordinal} on the network ${action.network} are cut`
    case 'pause-source':
    case 'pause-writes':
      return `write pause: ${action.forMs} ms at most, some 10 ms as a rule`
    case 'disconnect-clients':
      return `the clients of node ${action.ordinal} are cut, and find the new master by its name`
    case 'follow':
      return impactOfFollow(action, plan)
    case 'set-port':
      return action.open
        ? null
        : `clients of node ${action.ordinal} that came by its ${action.port} port are cut, and can't come back by it`
    case 'fence-source':
      return `clients of ${action.displayName} can read there, and write through the master's name from then on`
    case 'disconnect-source-clients':
      return `the clients of ${action.displayName} are cut`
    case 'remove-volume':
      return `the data of node ${action.ordinal} is gone for good`
    case 'begin-operation':
      return action.operation.kind === 'failover' ? 'writes the old master alone had are lost' : null
    case 'retire-passwords':
      return action.users.length > 0
        ? `who logs in with the former password of ${action.users.join(', ')} is refused`
        : null
    case 'pull-image':
    case 'probe-image':
    case 'probe-data':
    case 'remove-leftover':
    case 'create-network':
    case 'create-volume':
    case 'create-container':
    case 'start-container':
    case 'remove-container':
    case 'rename-container':
    case 'connect-network':
    case 'record-source':
    case 'follow-source':
    case 'catch-up-source':
    case 'unfence-source':
    case 'resume-source':
    case 'restore-login':
    case 'catch-up':
    case 'resume-writes':
    case 'archive-data':
    case 'set-append-only':
    case 'save-snapshot':
    case 'complete-request':
    case 'promote':
    case 'apply-config':
    case 'limit-container':
    case 'write-config':
    case 'load-certificate':
    case 'end-operation':
    case 'apply-users':
    case 'activate-passwords':
    case 'remove-network':
      return null
  }
}

/**
 * A node that is started by the plan has no position in the master's stream that Redis would take (with an
 * AOF never, with a snapshot at times); one that runs has. In a new flotilla there is no data to copy.
 */
function impactOfFollow({ ordinal }: Extract<Action, { kind: 'follow' }>, plan: Plan): string | null {
  const others = plan.stages.flat()
  const isDemoted = others.some(one => one.kind === 'pause-writes' && one.ordinal === ordinal)
  if (isDemoted) return `node ${ordinal} takes no writes any more`
  const isCreation = others.some(one => one.kind === 'begin-operation' && one.operation.kind === 'creation')
  return isRestarted(ordinal, plan) && !isCreation
    ? `full resync of node ${ordinal}: as a rule all data is copied from the master`
    : null
}

function isRestarted(ordinal: number, plan: Plan): boolean {
  return plan.stages.flat().some(one => one.kind === 'start-container' && one.ordinal === ordinal)
}
