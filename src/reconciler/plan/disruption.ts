import type { Action, Plan } from './plan.js'

/**
 * What an action takes away from whoever uses the flotilla, in words for the person who decides whether now is the time; null when nobody notices it.
 * It depends on what the plan does beside it: a node that is stopped and started again is down for a moment, one that is only stopped is gone.
 */
export function disruptionOf(action: Action, plan: Plan): string | null {
  switch (action.kind) {
    case 'stop-container':
    case 'kill-container':
      return comesBack(action.ordinal, plan)
        ? `restart of node ${action.ordinal}: its clients are cut`
        : `node ${action.ordinal} is down from then on: its clients are cut`
    case 'attach-network':
      return `new address for node ${action.ordinal}: its connections break`
    case 'leave-network':
      return `clients of node ${action.ordinal} on the network ${action.network} are cut`
    case 'pause-source':
    case 'pause-writes':
      return `write pause: ${action.forMs} ms at most, some 10 ms as a rule`
    case 'drop-clients':
      return `the clients of node ${action.ordinal} are cut, and find the new master by its name`
    case 'follow':
      return disruptionOfFollowing(action, plan)
    case 'set-port':
      return action.open
        ? null
        : `clients of node ${action.ordinal} that came by its ${action.port} port are cut, and can't come back by it`
    case 'fence-source':
      return `clients of ${action.called} can read there, and write through the master's name from then on`
    case 'drop-source-clients':
      return `the clients of ${action.called} are cut`
    case 'remove-volume':
      return `the data of node ${action.ordinal} is gone for good`
    case 'begin-operation':
      return action.operation.kind === 'failover' ? 'writes the old master alone had are lost' : null
    case 'retire-passwords':
      return action.users.length > 0
        ? `who logs in with the former password of ${action.users.join(', ')} is refused`
        : null
    case 'pull-image':
    case 'try-image':
    case 'try-data':
    case 'remove-leftover':
    case 'create-network':
    case 'create-volume':
    case 'create-container':
    case 'start-container':
    case 'remove-container':
    case 'rename-container':
    case 'join-network':
    case 'record-source':
    case 'follow-source':
    case 'catch-up-source':
    case 'unfence-source':
    case 'resume-source':
    case 'own-login':
    case 'catch-up':
    case 'resume-writes':
    case 'set-aside':
    case 'set-append-only':
    case 'save-snapshot':
    case 'answer-request':
    case 'promote':
    case 'tune':
    case 'limit-container':
    case 'write-config':
    case 'load-certificate':
    case 'end-operation':
    case 'apply-auth':
    case 'adopt-passwords':
    case 'remove-network':
      return null
  }
}

/**
 * A node that is started by the plan has no position in the master's stream that Redis would take (with an AOF never, with a snapshot at times); one that runs
 * has. In a new flotilla there is no data to copy.
 */
function disruptionOfFollowing({ ordinal }: Extract<Action, { kind: 'follow' }>, plan: Plan): string | null {
  const others = plan.stages.flat()
  const isHandedOver = others.some(one => one.kind === 'pause-writes' && one.ordinal === ordinal)
  if (isHandedOver) return `node ${ordinal} takes no writes any more`
  const isBorn = others.some(one => one.kind === 'begin-operation' && one.operation.kind === 'creation')
  return comesBack(ordinal, plan) && !isBorn
    ? `full resync of node ${ordinal}: as a rule all data is copied from the master`
    : null
}

function comesBack(ordinal: number, plan: Plan): boolean {
  return plan.stages.flat().some(one => one.kind === 'start-container' && one.ordinal === ordinal)
}
