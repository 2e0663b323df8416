import type { ContainerFacts } from '../../../model/engine.js'
import { gatewayName, networkName, nextGatewayName } from '../../../model/names.js'
import type { ObservedGateway } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Action, Refusal } from '../../../model/plan.js'
import type { GatewaySpec } from '../../../model/spec.js'
import { specHashLabel } from '../../../runtime/labels.js'
import { nameConflict } from '../nodes/name-conflicts.js'
import type { Contribution, PlacedAction } from '../ordering.js'

export type GatewayContainerPlan =
  | { readonly kind: 'kept' }
  /** `starts`: the name of the container that it starts; null where it starts none. */
  | { readonly kind: 'changed'; readonly contribution: Contribution; readonly starts: string | null }

/** A gateway that says nothing for so long is started again, and is closed then. */
const silentMsMax = 10_000
/** One that may lead to the wrong node has no such time. */
const silentMsMaxElsewhere = 1_000

/**
 * Makes the gateway's container exist and run as the manifest asks. Its successor is made beside it, so
 * that the port is closed for no longer than a start takes. `isIdle`: nothing else is to be done.
 */
export function planGatewayContainer(
  input: PlanInput,
  { gateway, isIdle }: { readonly gateway: GatewaySpec; readonly isIdle: boolean },
): GatewayContainerPlan {
  const name = gatewayName(input.spec.name)
  const conflict = nameConflict(input, name)
  if (conflict !== null) return refuses(conflict)
  const { containers = [], hasImage = null } = input.seen.gateway ?? {}
  // Without the certificates that it would be made with nobody can say what it is to be.
  if (input.gatewayHash === undefined) return { kind: 'kept' }
  const serving = containers.find(container => container.name === name)
  const next = containers.find(container => container !== serving)
  if (serving !== undefined && isCurrent(input, serving)) return keep(input, serving, next)
  if (!isIdle) return { kind: 'kept' }
  return replace(input, { gateway, serving, next, hasImage })
}

/** Where none is to be. */
export function removeGateways({ containers }: ObservedGateway, cause: string): Contribution {
  return { actions: containers.flatMap(container => remove(container, cause)) }
}

function replace(
  input: PlanInput,
  {
    gateway,
    serving,
    next,
    hasImage,
  }: {
    readonly gateway: GatewaySpec
    readonly serving: ContainerFacts | undefined
    readonly next: ContainerFacts | undefined
    readonly hasImage: boolean | null
  },
): GatewayContainerPlan {
  const name = gatewayName(input.spec.name)
  const cause =
    serving === undefined ? 'the manifest asks for a gateway' : 'the manifest asks for another one'
  if (next !== undefined && !isCurrent(input, next))
    return changed(remove(next, 'it was made for another manifest'), null)
  const createdName = serving === undefined ? name : nextGatewayName(input.spec.name)
  const opens = [gateway.master, ...(gateway.replicas === null ? [] : [gateway.replicas])]
  const actions: PlacedAction[] = [
    ...(hasImage === false && next === undefined ? [pull(gateway.image)] : []),
    ...(next === undefined ? [finish({ kind: 'create-gateway', name: createdName, opens, cause })] : []),
    ...(serving === undefined ? [] : remove(serving, 'another one takes its place')),
  ]
  const made = next?.name ?? createdName
  return changed(
    [
      ...actions,
      ...(made === name ? [] : [finish({ kind: 'rename-gateway', name: made, to: name, cause })]),
      finish({ kind: 'start-gateway', name, cause }),
      ...joins(input, name, undefined),
    ],
    name,
  )
}

/** One that is as it is to be: what is wrong with it otherwise. */
function keep(
  input: PlanInput,
  serving: ContainerFacts,
  next: ContainerFacts | undefined,
): GatewayContainerPlan {
  const { name } = serving
  const leftover = next === undefined ? [] : remove(next, 'the gateway needs no successor')
  switch (serving.state) {
    case 'created':
    case 'exited': {
      const cause = serving.startedAtMs === null ? 'it was never started' : 'it has ended'
      return changed([...leftover, finish({ kind: 'start-gateway', name, cause })], name)
    }
    case 'dead':
      return changed([...leftover, ...remove(serving, 'Docker can not start it any more (state dead)')], null)
    case 'paused':
      return leadsElsewhere(input)
        ? changed(restart(name, 'it is paused, and would lead to a former master'), name)
        : refuses({
            code: 'GatewayBlocked',
            reason: `the gateway ${name} is paused, so nobody gets through it`,
            remedy: `docker unpause ${name}`,
          })
    case 'restarting':
      return refuses(whyItEnds(input, serving))
    case 'removing':
      return { kind: 'kept' }
    case 'running':
      return keepRunning(input, serving, leftover)
  }
}

function keepRunning(
  input: PlanInput,
  serving: ContainerFacts,
  leftover: PlacedAction[],
): GatewayContainerPlan {
  const { name } = serving
  const { probe = null, silentSinceMs = null } = input.seen.gateway ?? {}
  const runMs = input.seen.atMs - (serving.startedAtMs ?? 0)
  const silentMs = silentSinceMs === null ? 0 : Math.min(input.seen.atMs - silentSinceMs, runMs)
  const joining = joins(input, name, serving)
  if (joining.length > 0) return changed([...leftover, ...joining], null)
  if (probe?.kind === 'denied' && silentMs >= silentMsMaxElsewhere)
    return probe.cause === 'certificate'
      ? changed(remove(serving, 'it does not know us any more; a new one will'), null)
      : refuses({
          code: 'GatewayBlocked',
          reason: `the gateway ${name} is no HAProxy that Flotilla can speak to: ${probe.reason}`,
          remedy: `put an image of HAProxy 2.6 or newer in spec.gateway.image of ${input.spec.name}, such as haproxy:3.2, or docker rm -f ${name}   (it is created again, with Flotilla's configuration)`,
        })
  // One that has just started is closed, and on a busy machine it takes seconds to answer.
  const hasStarted = runMs >= silentMsMax
  if (silentMs >= (hasStarted && leadsElsewhere(input) ? silentMsMaxElsewhere : silentMsMax)) {
    const cause = `it has not answered for ${Math.round(silentMs / 1_000)} s, and may lead to anybody`
    return changed([...leftover, ...restart(name, cause)], name)
  }
  const { configSum = null, filesDigest = null } = probe?.kind === 'answered' ? probe.facts : {}
  const { gatewayFiles } = input
  if (configSum !== null && gatewayFiles !== undefined && configSum !== gatewayFiles.configSum)
    return changed([...leftover, ...restart(name, 'its configuration was changed by hand')], name)
  const isGiven =
    filesDigest === null || gatewayFiles === undefined || filesDigest === gatewayFiles.filesDigest
  const cause = 'how it asks nodes at its next start has changed'
  const giving = isGiven ? [] : [finish({ kind: 'give-gateway-files', name, cause })]
  const actions = [...leftover, ...giving]
  return actions.length === 0 ? { kind: 'kept' } : changed(actions, null)
}

/** Its files are written again in between. */
function restart(name: string, cause: string): PlacedAction[] {
  return [
    finish({ kind: 'stop-gateway', name, cause }),
    finish({ kind: 'start-gateway', name, cause: 'it is closed when it has started' }),
  ]
}

/** What it led to when it last answered is not the recorded master. */
function leadsElsewhere({ seen, memory }: PlanInput): boolean {
  const known = seen.gateway?.lastPointing
  return known?.master.some(({ ordinal }) => ordinal !== memory.master?.ordinal) === true
}

/** The networks that clients live on, under its one name. */
function joins(input: PlanInput, name: string, container: ContainerFacts | undefined): PlacedAction[] {
  const { spec, seen } = input
  const own = networkName(spec.name)
  const alias = gatewayName(spec.name)
  const external = spec.network.external.filter(
    wanted => seen.networks?.some(network => network.name === wanted) === true,
  )
  const attached = (network: string): boolean =>
    container?.networks.some(
      one => one.network === network && one.address !== null && one.aliases.includes(alias),
    ) === true
  const missing = [...(container === undefined ? [] : [own]), ...external].filter(
    network => !attached(network),
  )
  const left = (container?.networks ?? []).filter(
    one => one.network !== own && !spec.network.external.includes(one.network) && one.aliases.includes(alias),
  )
  return [
    ...missing.map(network =>
      finish({
        ...{ kind: 'attach-gateway' as const, name, network },
        cause: network === own ? 'it is cut off the nodes' : 'clients live there',
      }),
    ),
    ...left.map(({ network }) =>
      finish({
        ...{ kind: 'detach-gateway' as const, name, network },
        cause: 'the manifest does not name it any more',
      }),
    ),
  ]
}

function whyItEnds({ seen, spec }: PlanInput, { name, image }: ContainerFacts): Refusal {
  const said = seen.gateway?.lastLogLines.at(-1)
  return {
    code: 'GatewayBlocked',
    reason: `the gateway ${name} ends as soon as it has started${said === undefined ? '' : `; it said: ${said}`}`,
    remedy: `put an image of HAProxy 2.6 or newer in spec.gateway.image of ${spec.name} in place of ${image}   (docker logs ${name} shows all that it said)`,
  }
}

/** Whether this is what keeps the gateway of this name from being as it is to be. */
export function isHeldFor({ code, reason }: Refusal, name: string): boolean {
  return code === 'GatewayBlocked' || (code === 'NameConflict' && reason.includes(` ${name} `))
}

function isCurrent({ gatewayHash }: PlanInput, { labels }: ContainerFacts): boolean {
  return labels[specHashLabel] === gatewayHash
}

function remove({ name, state }: ContainerFacts, cause: string): PlacedAction[] {
  const runs = state === 'running' || state === 'paused' || state === 'restarting'
  return [
    ...(runs ? [finish({ kind: 'stop-gateway', name, cause })] : []),
    finish({ kind: 'remove-gateway', name, cause }),
  ]
}

function pull(image: string): PlacedAction {
  return { band: 'prepare', action: { kind: 'pull-image', image, cause: 'the image is not on this engine' } }
}

function finish(action: Action): PlacedAction {
  return { band: 'finish', action }
}

function changed(actions: readonly PlacedAction[], starts: string | null): GatewayContainerPlan {
  return { kind: 'changed', contribution: { actions }, starts }
}

function refuses(refusal: Refusal): GatewayContainerPlan {
  return { kind: 'changed', contribution: { refusals: [refusal] }, starts: null }
}
