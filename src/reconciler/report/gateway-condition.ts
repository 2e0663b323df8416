import { isLoopback, renderListenAddress } from '../../listen-address.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import { gatewayName } from '../../model/names.js'
import type { Plan } from '../../model/plan.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { GatewaySpec } from '../../model/spec.js'
import type { GatewayStatus } from '../../model/status.js'
import { isHeldFor } from '../plan/gateway/container.js'

/** Whether clients that come through the gateway reach the master; with what to do where they don't. */
export function gatewayCondition(input: PlanInput, plan: Plan): ConditionValue {
  const { spec, seen, memory } = input
  if (spec.gateway === null) return conditionFalse('Off', 'no gateway is asked for')
  const name = gatewayName(spec.name)
  if (memory.hibernation !== null)
    return conditionFalse('Hibernated', `the gateway ${name} comes back with the master`)
  const hold = plan.refusals.find(refusal => isHeldFor(refusal, name))
  if (hold !== undefined) return conditionFalse('Blocked', `${hold.reason}; fix: ${hold.remedy}`)
  const failing = plan.failing.find(({ action }) => action.kind.endsWith('-gateway'))
  if (failing !== undefined)
    return conditionFalse(
      'Failing',
      `${failing.error}${failing.hint === null ? '' : `; fix: ${failing.hint}`}`,
    )
  const { containers = [], probe = null } = seen.gateway ?? {}
  if (containers.length === 0) return conditionFalse('Creating', `the gateway ${name} is not there yet`)
  if (probe === null) return conditionFalse('Starting', `the gateway ${name} is ${containers[0]?.state}`)
  if (probe.kind !== 'answered')
    return conditionFalse(
      'NotAnswering',
      `the gateway ${name} does not answer: ${probe.reason}; it is started again if that lasts. fix: docker logs ${name}`,
    )
  const [first, ...others] = probe.facts.master
  if (first === undefined || others.length > 0 || first.ordinal !== memory.master?.ordinal)
    return conditionFalse('Closed', 'nobody is let through until there is a master')
  return conditionTrue(
    'Serving',
    `clients reach node ${first.ordinal} at ${placesOf(spec.gateway, spec.tls.mode)}`,
  )
}

function placesOf({ master, replicas }: GatewaySpec, tls: PlanInput['spec']['tls']['mode']): string {
  const readers = replicas === null ? '' : `, and replicas at ${renderListenAddress(replicas)}`
  const open = [master, ...(replicas === null ? [] : [replicas])].some(({ host }) => !isLoopback(host))
  const plain = tls === 'require' ? '' : ', in plain text'
  return `${renderListenAddress(master)}${readers}${open ? ` (other machines too${plain})` : ''}`
}

/** Null where no gateway is asked for. */
export function gatewayStatusOf({ spec, seen }: PlanInput): GatewayStatus | null {
  const { gateway } = spec
  if (gateway === null) return null
  const { probe = null, containers = [] } = seen.gateway ?? {}
  const facts = probe?.kind === 'answered' ? probe.facts : null
  return {
    name: gatewayName(spec.name),
    address: renderListenAddress(gateway.master),
    replicasAddress: gateway.replicas === null ? null : renderListenAddress(gateway.replicas),
    state: containers[0]?.state ?? 'absent',
    version: facts?.version ?? null,
    master: facts?.master[0]?.ordinal ?? null,
    replicas: facts?.replicas.map(({ ordinal }) => ordinal) ?? [],
    clients: facts === null ? null : facts.sessions.master + facts.sessions.replicas,
  }
}
