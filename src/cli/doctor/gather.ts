import { resolve } from 'node:path'
import { systemClock } from '../../clock.js'
import { readDesired } from '../../session/manifest-source.js'
import { errorCode, FlotillaError } from '../../errors.js'
import type { DesiredState } from '../../manifest/desired-state.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import { gatewayName } from '../../model/names.js'
import { gatewayCondition } from '../../reconciler/report/gateway-condition.js'
import { chooseReach } from '../../redis/reach.js'
import { readNodeLabels } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import { openStore } from '../../session/open-store.js'
import { findGarbage } from '../gc/garbage.js'
import { gatherGcInput } from '../gc/gather-input.js'
import type { Assessment } from '../../reconciler/loop/observe-and-plan.js'
import { observeOnce } from '../observe-once.js'
import { findOwnContainer } from '../../session/own-container.js'
import type { Paths } from '../../session/open-store.js'
import { openRuntime, openSession, type Environment, type Session } from '../../session/session.js'
import type { DoctorFacts, Known } from './facts.js'
import { gatherHostFacts, readDisk } from './gather-host.js'
import { gatherSentinelFacts } from './gather-sentinel.js'
import { gatherStateFacts } from './gather-state.js'
import { attempt, unknown } from './attempt.js'

/**
 * Asks everything that the checks judge, once. What can't be known says why; nothing is changed, and nothing
 * throws.
 */
export async function gatherFacts(paths: Paths, env: Environment): Promise<DoctorFacts> {
  const { runtime, engine } = await askEngine(paths, env)
  const state = gatherStateFacts(resolve(paths.state))
  const manifests = attempt(() => openStore(paths).then(store => readDesired(paths.manifests, store)))
  const session = engine.kind === 'answers' ? await attempt(() => openSession(paths, env)) : notAsked
  try {
    const desired = await manifests
    return {
      engine,
      host: await gatherHostFacts(runtime, engine),
      state: await state,
      sentinel: await attempt(async () => gatherSentinelFacts(await state, env['FLOTILLA_SENTINEL'])),
      manifests: manifestFacts(paths.manifests, desired),
      encryption: encryptionIn(desired),
      backupDisks: await backupDisksIn(desired),
      ...(await sessionFacts(session, paths, desired)),
    }
  } finally {
    runtime?.close()
    if (session.kind === 'known') session.value.close()
  }
}

const notAsked: Known<never> = { kind: 'unknown', reason: 'the engine does not answer' }

async function askEngine(
  paths: Paths,
  env: Environment,
): Promise<{ readonly runtime: Runtime | null; readonly engine: DoctorFacts['engine'] }> {
  let runtime: Runtime | null = null
  try {
    runtime = openRuntime(env)
    const beforeMs = systemClock.nowMs()
    const facts = await runtime.describeEngine()
    const midMs = (beforeMs + systemClock.nowMs()) / 2
    const insideContainer = (await findOwnContainer(runtime)) !== null
    const reach = chooseReach({
      engine: facts,
      platform: process.platform,
      insideContainer,
      setting: paths.reach,
    })
    const skewMs = facts.clockMs === null ? null : facts.clockMs - midMs
    const asked = runtime
    const readOnly = await attempt(() => asked.whyNotWritable())
    return { runtime, engine: { kind: 'answers', facts, skewMs, reach, readOnly, insideContainer } }
  } catch (error) {
    const hint = error instanceof FlotillaError ? error.hint : null
    const message = error instanceof Error ? error.message : String(error)
    return { runtime, engine: { kind: 'silent', code: errorCode(error), message, hint } }
  }
}

type Loaded = Known<{ readonly desired: DesiredState }>

function manifestFacts(path: string, loaded: Loaded): DoctorFacts['manifests'] {
  if (loaded.kind === 'unknown') return { path, problems: [loaded.reason], flotillas: 0 }
  const { diagnostics, flotillas } = loaded.value.desired
  return { path, problems: diagnostics.map(renderDiagnostic), flotillas: flotillas.size }
}

function encryptionIn(loaded: Loaded): DoctorFacts['encryption'] {
  if (loaded.kind === 'unknown') return unknown('the manifests can not be read')
  const flotillas = [...loaded.value.desired.flotillas.values()]
  return {
    kind: 'known',
    value: flotillas.map(({ spec }) => ({ flotilla: spec.name, mode: spec.tls.mode })),
  }
}

async function backupDisksIn(loaded: Loaded): Promise<DoctorFacts['backupDisks']> {
  if (loaded.kind === 'unknown') return unknown('the manifests can not be read')
  const places = [...loaded.value.desired.flotillas.values()].map(({ spec }) => spec.backup?.to)
  const paths = new Set(places.flatMap(place => (place?.kind === 'path' ? [place.path] : [])))
  const value = await Promise.all([...paths].map(async path => ({ path, disk: await readDisk(path) })))
  return { kind: 'known', value }
}

/** What needs the engine, the memory and the manifests together. */
async function sessionFacts(
  session: Known<Session>,
  paths: Paths,
  loaded: Loaded,
): Promise<
  Pick<DoctorFacts, 'images' | 'nodes' | 'gateways' | 'nameConflicts' | 'missingSecrets' | 'leftovers'>
> {
  if (session.kind === 'unknown' || loaded.kind === 'unknown') {
    const not = unknown(session.kind === 'unknown' ? session.reason : 'the manifests can not be read')
    return {
      ...{ images: not, nodes: not, gateways: not },
      ...{ nameConflicts: not, missingSecrets: not, leftovers: not },
    }
  }
  const { desired } = loaded.value
  const open = session.value
  const [images, assessments, missingSecrets, leftovers] = await Promise.all([
    attempt(() => findImages(open, desired)),
    attempt(() => observeAll(open, desired)),
    attempt(() => findMissingSecrets(open)),
    desired.diagnostics.length > 0
      ? unknown('the manifests are not in order, so nobody knows what is wanted')
      : attempt(async () => findGarbage(await gatherGcInput(open, paths.manifests)).unwanted),
  ])
  const [nodes, gateways, nameConflicts] =
    assessments.kind === 'unknown'
      ? [assessments, assessments, assessments]
      : [
          { kind: 'known' as const, value: nodesIn(assessments.value) },
          { kind: 'known' as const, value: gatewaysIn(assessments.value) },
          { kind: 'known' as const, value: nameConflictsIn(assessments.value) },
        ]
  return { images, nodes, gateways, nameConflicts, missingSecrets, leftovers }
}

async function findImages({ runtime }: Session, { flotillas }: DesiredState) {
  const images = [...new Set([...flotillas.values()].map(({ spec }) => spec.image))]
  return Promise.all(images.map(async image => ({ image, found: await runtime.findImage(image) })))
}

function observeAll(session: Session, { flotillas }: DesiredState): Promise<readonly Assessment[]> {
  return Promise.all([...flotillas.values()].map(({ spec }) => observeOnce(session, spec)))
}

function nameConflictsIn(assessments: readonly Assessment[]) {
  return assessments
    .flatMap(({ plan }) => plan.refusals)
    .filter(({ code }) => code === 'NameConflict')
    .map(({ reason, remedy }) => ({ reason, fix: remedy }))
}

function nodesIn(assessments: readonly Assessment[]) {
  return assessments
    .flatMap(({ input }) => input.seen.nodes)
    .filter(({ container }) => container.state === 'running')
    .map(({ container, probe }) => ({ name: container.name, probe }))
}

function gatewaysIn(assessments: readonly Assessment[]) {
  return assessments
    .filter(({ input }) => input.spec.gateway !== null)
    .map(({ input, plan }) => {
      const { status, message } = gatewayCondition(input, plan)
      return { name: gatewayName(input.spec.name), problem: status === 'True' ? null : message }
    })
}

/** Whoever made a node has its password; of flotillas that this directory does not know none is expected. */
async function findMissingSecrets({ runtime, store }: Session): Promise<readonly string[]> {
  const known = await store.knownFlotillas()
  const running = (await runtime.listContainers())
    .filter(({ state }) => state === 'running')
    .flatMap(({ labels }) => readNodeLabels(labels)?.flotilla ?? [])
  const names = [...new Set(running)].filter(name => known.includes(name)).sort()
  const found = await Promise.all(
    names.map(async name => ({
      name,
      hasSecrets: (await store.loadKeyring(name).catch(() => null)) !== null,
    })),
  )
  return found.filter(({ hasSecrets }) => !hasSecrets).map(({ name }) => name)
}
