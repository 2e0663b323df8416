import { whyNotSupportedEngine } from '../../runtime/supported-engine.js'
import { formatAge } from '../../units.js'
import type { DoctorFacts } from './facts.js'
import { failure, checkKnown, notKnown, ok, warning, type Finding } from './finding.js'

type Engine = DoctorFacts['engine']
type Answering = Extract<Engine, { readonly kind: 'answers' }>

export function checkEngine(engine: Engine): Finding {
  if (engine.kind === 'silent')
    return failure(engine.message, {
      means: 'nothing can be looked at, and nothing that ends comes back',
      fix: engine.hint ?? 'start the engine, or say where it is with DOCKER_HOST; see: docker version',
    })
  const { product, version, apiVersion, endpoint, endpointSource } = engine.facts
  const what = `${product} ${version}, API ${apiVersion}, at ${endpoint} (${endpointSource})`
  const lack = whyNotSupportedEngine(engine.facts)
  if (lack === null) return ok(what)
  return failure(`${what}: ${lack}`, {
    means: 'Flotilla does not start on it: replicas would be attached over and over and never settle',
    fix: 'run Docker Engine, rootless too, or name another engine with DOCKER_HOST',
  })
}

/**
 * A proxy in front of the socket may let questions through and nothing else: all looks well then, and nothing
 * is ever done.
 */
export function checkChanges({ readOnly }: Answering): Finding {
  return checkKnown(readOnly, reason =>
    reason === null
      ? ok('the engine takes changes from here')
      : failure(`the engine takes no changes from here: ${reason}`, {
          means: 'nodes can be looked at, and nothing that ends comes back',
          fix: 'allow POST and DELETE for containers, networks, volumes, images and exec in the proxy, or name the engine itself with DOCKER_HOST',
        }),
  )
}

/** The kernel's first kind of control groups is on its way out of engines and distributions. */
export function checkCgroup({ facts }: Answering): Finding {
  return facts.cgroupVersion === '1'
    ? warning('control groups of version 1', {
        means: 'engines and distributions are giving it up; Flotilla itself does not mind',
        fix: 'boot with systemd.unified_cgroup_hierarchy=1, or a newer distribution',
      })
    : ok(`control groups of version ${facts.cgroupVersion}`)
}

/** Flotilla compares times of the engine (when a node ended) with its own (since when it is silent). */
export function checkClock({ skewMs }: Answering): Finding {
  if (skewMs === null) return notKnown('the engine does not tell its time')
  const off = Math.abs(skewMs)
  if (off < 2_000) return ok("the engine's clock and ours agree")
  const found = `the engine's clock is ${off < 120_000 ? `${(off / 1_000).toFixed(1)} s` : formatAge(off)} ${skewMs > 0 ? 'ahead of' : 'behind'} ours`
  const rest = {
    means:
      'how long nodes ran and when they ended is judged by both clocks: crashes are counted wrongly, and histories read wrongly',
    fix: 'set the clocks: timedatectl set-ntp true, on both machines; Docker Desktop: restart it',
  }
  return off < 60_000 ? warning(found, rest) : failure(found, rest)
}

export function checkReach({ reach }: Answering): Finding {
  return reach.kind === 'reachable'
    ? ok(`${reach.mode}: ${reach.reason}`)
    : failure(reach.reason, {
        means: 'Flotilla can not talk to a node from here',
        fix: 'run Flotilla on the machine of the engine, or in a container there; see --reach in: flotilla run --help',
      })
}
