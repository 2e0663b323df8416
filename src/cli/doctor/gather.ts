import { resolve } from 'node:path'
import { systemClock } from '../../clock.js'
import { readDesired } from '../../daemon/manifest-source.js'
import { errorCode, FlotillaError } from '../../errors.js'
import type { Desires } from '../../manifest/desired.js'
import { renderDiagnostic } from '../../manifest/diagnostic.js'
import { chooseReach } from '../../redis/reach.js'
import { readNodeLabels } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import { openStore } from '../open-store.js'
import { findGarbage } from '../gc/garbage.js'
import { gatherBelongings } from '../gc/gather.js'
import type { Look } from '../../reconciler/pass.js'
import { lookOnly } from '../look.js'
import { findOwnContainer } from '../own-container.js'
import type { Places } from '../open-store.js'
import { openRuntime, openSession, type Environment, type Session } from '../session.js'
import type { DoctorFacts, Known } from './facts.js'
import { gatherHostFacts } from './gather-host.js'
import { gatherStateFacts } from './gather-state.js'
import { attempt, unknown } from './known.js'

/** Asks everything that the checks judge, once. What can't be known says why; nothing is changed, and nothing throws. */
export async function gatherFacts(places: Places, env: Environment): Promise<DoctorFacts> {
  const { runtime, engine } = await askEngine(places, env)
  const state = gatherStateFacts(resolve(places.state))
  const manifests = attempt(() => openStore(places).then(store => readDesired(places.manifests, store)))
  const session = engine.kind === 'answers' ? await attempt(() => openSession(places, env)) : notAsked
  try {
    const desired = await manifests
    return {
      engine,
      host: await gatherHostFacts(runtime, engine),
      state: await state,
      manifests: manifestFacts(places.manifests, desired),
      encryption: encryptionIn(desired),
      ...(await ofSession(session, places, desired)),
    }
  } finally {
    runtime?.close()
    if (session.kind === 'known') session.value.close()
  }
}

const notAsked: Known<never> = { kind: 'unknown', why: 'the engine does not answer' }

async function askEngine(
  places: Places,
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
      setting: places.reach,
    })
    const skewMs = facts.clockMs === null ? null : facts.clockMs - midMs
    const asked = runtime
    const readOnly = await attempt(() => asked.whyNotChange())
    return { runtime, engine: { kind: 'answers', facts, skewMs, reach, readOnly, insideContainer } }
  } catch (error) {
    const hint = error instanceof FlotillaError ? error.hint : null
    const message = error instanceof Error ? error.message : String(error)
    return { runtime, engine: { kind: 'silent', code: errorCode(error), message, hint } }
  }
}

type Loaded = Known<{ readonly desired: Desires }>

function manifestFacts(path: string, loaded: Loaded): DoctorFacts['manifests'] {
  if (loaded.kind === 'unknown') return { path, problems: [loaded.why], flotillas: 0 }
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

/** What needs the engine, the memory and the manifests together. */
async function ofSession(
  session: Known<Session>,
  places: Places,
  loaded: Loaded,
): Promise<Pick<DoctorFacts, 'images' | 'nodes' | 'misled' | 'withoutSecrets' | 'leftovers'>> {
  if (session.kind === 'unknown' || loaded.kind === 'unknown') {
    const not = unknown(session.kind === 'unknown' ? session.why : 'the manifests can not be read')
    return { images: not, nodes: not, misled: not, withoutSecrets: not, leftovers: not }
  }
  const { desired } = loaded.value
  const open = session.value
  const [images, looks, withoutSecrets, leftovers] = await Promise.all([
    attempt(() => findImages(open, desired)),
    attempt(() => lookAtAll(open, desired)),
    attempt(() => findWithoutSecrets(open)),
    desired.diagnostics.length > 0
      ? unknown('the manifests are not in order, so nobody knows what is wanted')
      : attempt(async () => findGarbage(await gatherBelongings(open, places.manifests)).unwanted),
  ])
  const [nodes, misled] =
    looks.kind === 'unknown'
      ? [looks, looks]
      : [
          { kind: 'known' as const, value: nodesIn(looks.value) },
          { kind: 'known' as const, value: misledIn(looks.value) },
        ]
  return { images, nodes, misled, withoutSecrets, leftovers }
}

async function findImages({ runtime }: Session, { flotillas }: Desires) {
  const images = [...new Set([...flotillas.values()].map(({ spec }) => spec.image))]
  return Promise.all(images.map(async image => ({ image, found: await runtime.findImage(image) })))
}

function lookAtAll(session: Session, { flotillas }: Desires): Promise<readonly Look[]> {
  return Promise.all([...flotillas.values()].map(({ spec }) => lookOnly(session, spec)))
}

function misledIn(looks: readonly Look[]) {
  return looks
    .flatMap(({ plan }) => plan.refusals)
    .filter(({ code }) => code === 'NameConflict')
    .map(({ why, whatToType }) => ({ why, fix: whatToType }))
}

function nodesIn(looks: readonly Look[]) {
  return looks
    .flatMap(({ input }) => input.seen.nodes)
    .filter(({ container }) => container.state === 'running')
    .map(({ container, probe }) => ({ name: container.name, probe }))
}

/** Whoever made a node has its password; of flotillas that this directory does not know none is expected. */
async function findWithoutSecrets({ runtime, store }: Session): Promise<readonly string[]> {
  const known = await store.knownFlotillas()
  const running = (await runtime.listContainers())
    .filter(({ state }) => state === 'running')
    .flatMap(({ labels }) => readNodeLabels(labels)?.flotilla ?? [])
  const names = [...new Set(running)].filter(name => known.includes(name)).sort()
  const found = await Promise.all(
    names.map(async name => ({ name, there: (await store.loadKeyring(name).catch(() => null)) !== null })),
  )
  return found.filter(({ there }) => !there).map(({ name }) => name)
}
