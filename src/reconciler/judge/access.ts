import { factsOfNode } from '../../model/node-facts.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Step } from './steps.js'

/**
 * Its own network is what a node is found and followed on: it is repaired, never joined or left like another.
 */
export function ownNetworkStays(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) =>
    (action.kind === 'disconnect-network' || action.kind === 'connect-network') &&
    action.network === input.spec.name
      ? [
          `${action.name} would ${action.kind === 'connect-network' ? 'join' : 'leave'} the flotilla's own network`,
        ]
      : [],
  )
}

/**
 * Closing a port is for the end: the node can be reached by the other one, and nobody follows anybody by the
 * one that goes.
 */
export function noPortInUseIsClosed(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'set-port' || action.open) return []
    const facts = input.seen.nodes.map(node => ({ ordinal: node.ordinal, ...factsOfNode(node) }))
    const transport = facts.find(one => one.ordinal === action.ordinal)?.transport
    const closed = action.port === 'plain' ? transport?.plainPort : transport?.tlsPort
    const left = action.port === 'plain' ? transport?.tlsPort : transport?.plainPort
    const user = facts.find(({ upstream }) => upstream?.port === closed)
    return [
      ...(left === undefined || left === null || left === 0
        ? [`the ${action.port} port of node ${action.ordinal} would be closed, and it listens on no other`]
        : []),
      ...(user === undefined
        ? []
        : [
            `the ${action.port} port of node ${action.ordinal} would be closed while node ${user.ordinal} follows by it`,
          ]),
    ]
  })
}

/**
 * What we and the replicas log in with changes, and what it was before ends, only when every container there
 * is has been given today's users.
 */
export function ownPasswordsWaitForAllNodes(steps: readonly Step[], input: PlanInput): string[] {
  const { auth, memory, seen } = input
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'activate-passwords' && action.kind !== 'retire-passwords') return []
    if (auth === null) return ['passwords would be changed that nobody has looked at']
    const own = [...auth.pending, ...auth.former].filter(one => one.own && action.users.includes(one.user))
    if (own.length === 0) return []
    return seen.nodes.flatMap(({ ordinal, container }) => {
      const { 'auth-files': files } = memory.nodes.find(node => node.ordinal === ordinal)?.applied ?? {}
      const isGiven =
        files?.digest === auth.digest && files.incarnation === container.containerId.slice(0, 12)
      const isGivenNow = steps.some(
        other =>
          other.stage < stage &&
          (other.action.kind === 'apply-users' || other.action.kind === 'write-config') &&
          other.action.ordinal === ordinal,
      )
      return isGiven || isGivenNow || container.state === 'removing'
        ? []
        : [
            `the password of ${own.map(one => one.user).join(', ')} would change while node ${ordinal} may not accept it`,
          ]
    })
  })
}
