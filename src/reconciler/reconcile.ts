import { setImmediate as endOfTurn } from 'node:timers/promises'
import { errorCode } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { scoped } from '../events/scoped.js'
import type { NodeTarget } from '../redis/redis.js'
import type { StateStore } from '../state/state-store.js'
import { act } from './act.js'
import { keepKeyring } from './auth/keep-keyring.js'
import { authView, nodeAuth, type NodeAuth } from './auth/node-auth.js'
import { nodeReaders } from './auth/users-seen.js'
import { encryptionOf } from './encryption.js'
import { factsOfNode } from './node-facts.js'
import { nodeTarget, type Eyes } from './observe/observe.js'
import { loginTo } from './observe/source.js'
import type { PassInput, ReconcilerTools } from './pass-input.js'
import { lookAt, type Look, type Outcome } from './pass.js'
import { followedSource } from './plan/followed-source.js'
import { rightfulOrdinal } from './plan/mastership.js'
import type { Plan } from './plan/plan.js'
import { tell } from './tell.js'

/** One pass: look, decide, object, do, tell. Never rejects for what the world does. */
export async function reconcile(tools: ReconcilerTools, pass: PassInput): Promise<Outcome> {
  const events = scoped(tools.events, { flotilla: pass.spec.name, pass: passId(tools.random) })
  try {
    const { environment } = tools
    const { inHaste } = pass
    if (!inHaste) await writeLostFiles(tools.store, pass.spec.name, events)
    const passwords = await keepKeyring(tools.store, pass.spec, { environment, events, inHaste })
    const tls = await tools.store.certificates.refresh(pass.spec, tools.clock.nowMs(), { inHaste })
    const auth = nodeAuth(passwords.keyring, pass.spec, encryptionOf(pass.spec, pass.record.memory, tls))
    const setting = {
      spec: pass.spec,
      publish: tools.eyes.reach === 'published',
      flotillaVersion: tools.flotillaVersion,
    }
    const following = followedSource({ spec: pass.spec, memory: pass.record.memory })
    const sourceLogin = await loginTo(pass.spec.name, following, tools.store.readSecretFile)
    const look = await lookAt(tools.eyes, {
      spec: pass.spec,
      sourceLogin,
      memory: pass.record.memory,
      credentials: auth.credentials,
      auth: authView(passwords, auth),
      readers: nodeReaders(
        { auth, keyring: passwords.keyring, spec: pass.spec },
        { followsSource: following !== null },
      ),
      tls,
      setting,
      inHaste: pass.inHaste,
      mind: tools.mind,
    })
    if (pass.inHaste && !isUrgent(look.plan))
      return { kind: 'again', inMs: 2, because: 'the master was lost just now' }
    pass.record.keepMemory(look.input.memory)
    pass.onMaster(reigningMaster(tools.eyes, look, auth))
    // What is done next may be a promotion that clients wait for: only the record of it is written before, everything else after. In haste even the words for what was
    // seen are found when the first orders have gone out, while the answers to them are on their way.
    const tellSeen = (): void => tell(pass, look, { events, failure: null })
    if (!pass.inHaste) tellSeen()
    const [outcome] = await Promise.all([
      act(tools, pass, look, { events, auth, sourceLogin }),
      pass.inHaste ? endOfTurn().then(() => (pass.record.look === look ? undefined : tellSeen())) : null,
    ])
    await pass.record.saveMemory(memory => memory)
    await pass.record.saveStatus()
    return outcome
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** What a running daemon knows outlasts its files, for as long as it runs. */
async function writeLostFiles(store: StateStore, flotilla: string, events: EventSink): Promise<void> {
  const lost = store.lostFiles(flotilla)
  if (lost.length === 0) return
  await store.writeLostFiles(flotilla)
  events.publish('state.restored', { files: lost })
}

/** Eight hexadecimal digits, by which the events of one pass are found. */
function passId(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

function reigningMaster(eyes: Eyes, { input }: Look, { credentials }: NodeAuth): NodeTarget | null {
  const rightful = rightfulOrdinal(input)
  const node = input.seen.nodes.find(one => one.ordinal === rightful)
  if (node === undefined || factsOfNode(node)?.role !== 'master') return null
  return nodeTarget(eyes.reach, { flotilla: input.spec.name, credentials }, node.container)
}

/** A hasty look is good for one thing: to replace a master whose process is gone. Everything else is worth a look at the engine. */
function isUrgent(plan: Plan): boolean {
  return plan.stages.flat().some(action => action.kind === 'promote' || action.kind === 'begin-operation')
}

/** Errors of the engine itself, as against those of one action: while it doesn't answer there is nothing to decide. */
export function isEngineTrouble(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'runtime/unreachable' ||
    code === 'runtime/timeout' ||
    code === 'runtime/permission-denied' ||
    code === 'runtime/failed' ||
    code === 'runtime/engine-too-old'
  )
}
