import { errorCode, FlotillaError } from '../../errors.js'
import type { GatewayAction } from '../../model/actions/gateway.js'
import { addressOn } from '../../model/engine.js'
import type { GatewayServer } from '../../model/gateway.js'
import { networkName, gatewayName } from '../../model/names.js'
import type { ActionOf } from '../../model/plan.js'
import {
  desiredGateway,
  gatewayFiles,
  gatewayFilesOfRunning,
  type GatewayTemplate,
} from '../desired/desired-gateway.js'
import { numericUid } from '../desired/server-image.js'
import { gatewayTarget } from '../observe/gateway.js'
import type { Execution } from './execution.js'
import type { Performers } from './performer.js'

export const gatewayPerformers: Performers<GatewayAction['kind']> = {
  'create-gateway': createGateway,
  'start-gateway': startGateway,
  'stop-gateway': ({ context: { runtime, signal }, gateway }, { name }) =>
    runtime.stopContainer(gateway.idOf(name), { graceMs: 2_000 }, { signal }),
  'remove-gateway': ({ context: { runtime, signal }, gateway }, { name }) =>
    runtime.removeContainer(gateway.idOf(name), { signal }),
  'rename-gateway': async ({ context: { runtime, signal }, gateway }, { name, to }) => {
    await runtime.renameContainer(gateway.idOf(name), to, { signal })
    gateway.recordRenamed(name, to)
  },
  'give-gateway-files': (execution, { name }) =>
    writeFiles(execution, execution.gateway.idOf(name), gatewayFilesOfRunning),
  'attach-gateway': async ({ context, gateway }, { name, network }) => {
    const { runtime, template, signal } = context
    const attachment = { network, links: [], aliases: [gatewayName(template.spec.name)] }
    await runtime.attachNetwork(gateway.idOf(name), attachment, { signal })
    const facts = await runtime.inspectContainer(gateway.idOf(name), { signal })
    if (facts !== null) gateway.recordFacts(facts)
  },
  'detach-gateway': ({ context: { runtime, signal }, gateway }, { name, network }) =>
    runtime.detachNetwork(gateway.idOf(name), network, { signal }),
  'point-gateway': pointGateway,
  'end-gateway-sessions': (execution, { name, replicas }) =>
    pointGateway(execution, {
      ...{ name, replicas, master: null, lineage: null },
      ...{ keepsSessions: false, afterPromotionOf: null },
    }),
}

async function createGateway(execution: Execution, { name }: ActionOf<'create-gateway'>): Promise<void> {
  const { runtime, signal } = execution.context
  const template = templateOf(execution)
  const containerId = await runtime.createContainer(desiredGateway(template, name), [], { signal })
  try {
    await writeFiles(execution, containerId, gatewayFiles)
  } catch (error) {
    // Without the signal: after an abort there is still something to clear up.
    await runtime.removeContainer(containerId).catch(() => undefined)
    throw error
  }
  execution.gateway.recordCreated(name, containerId)
}

/** Its files are written again before each start: a person may have edited them. */
async function startGateway(execution: Execution, { name }: ActionOf<'start-gateway'>): Promise<void> {
  const { runtime, signal } = execution.context
  const containerId = execution.gateway.idOf(name)
  await writeFiles(execution, containerId, gatewayFiles)
  execution.gateway.recordFacts(await runtime.startContainer(containerId, { signal }))
}

async function writeFiles(
  execution: Execution,
  containerId: string,
  choose: typeof gatewayFiles,
): Promise<void> {
  const { runtime, signal } = execution.context
  const template = templateOf(execution)
  const image = await runtime.findImage(template.gateway.image, { signal })
  const owner = image === null ? null : numericUid(image)
  const passwd = owner === null ? await runtime.readFile(containerId, '/etc/passwd', { signal }) : null
  const files = choose(template, owner ?? uidOf(passwd, image?.user ?? ''))
  await runtime.putFiles(containerId, files, { signal })
}

/**
 * Of an image that names its user, by name; one that begins as root stays root, without any of its power.
 */
function uidOf(passwd: string | null, user: string): number {
  const line = passwd?.split('\n').find(one => one.startsWith(`${user}:`))
  return user === '' || line === undefined ? 0 : Number(line.split(':')[2] ?? 0)
}

/**
 * A gateway that does not answer is nobody's failure: who is master does not depend on it, and the next
 * look points it as soon as it answers.
 */
async function pointGateway(execution: Execution, action: GatewayOrder): Promise<void> {
  const { name, master, replicas, lineage, keepsSessions, afterPromotionOf } = action
  if (afterPromotionOf !== null) await execution.promotionOf(afterPromotionOf)
  const { gatewayPort, reach, template, events, signal, nowMs } = execution.context
  const { access } = templateOf(execution)
  const container = execution.gateway.containerOf(name)
  const target =
    container === null ? null : gatewayTarget({ reach, flotilla: template.spec.name, access }, container)
  const startedAtMs = nowMs()
  try {
    if (target === null) throw new FlotillaError('gateway/unreachable', `${name} has no address`)
    const pointing = {
      master: master === null ? null : serverOf(execution, master),
      replicas: replicas.map(ordinal => serverOf(execution, ordinal)),
      lineage,
    }
    await untilItListens(execution, action, () =>
      gatewayPort.point(target, pointing, {
        deadlineMs: orderDeadlineMs,
        keepSessions: keepsSessions,
        signal: isWaitedFor(action) ? abortedAfter(execution, changeDeadlineMs) : signal,
      }),
    )
    events.publish('gateway.pointed', {
      master,
      replicas: replicas.map(String),
      tookMs: nowMs() - startedAtMs,
    })
  } catch (error) {
    if (!(error instanceof FlotillaError) || errorCode(error)?.startsWith('gateway/') !== true) throw error
    events.publish('gateway.not-pointed', { master, error: error.message, hint: error.hint })
  }
}

type GatewayOrder = Omit<ActionOf<'point-gateway'>, 'kind' | 'cause'>

/** A pointing takes 1 to 4 ms, and many times that where every core is busy. */
const orderDeadlineMs = 1_000
/**
 * Nobody waits for longer than this; the order stays on its way all the same, and whatever is ordered next
 * goes behind it. To take its connection down as well would cost the next one a handshake.
 */
const changeDeadlineMs = 50

function abortedAfter({ context: { signal, sleep } }: Execution, ms: number): AbortSignal {
  const waited = new AbortController()
  const abort = (): void => waited.abort()
  sleep(ms).then(abort, abort)
  return AbortSignal.any([signal, waited.signal])
}

/**
 * Others wait for the stage that it is in: a gateway that does not answer must not hold up a change of
 * master.
 */
function isWaitedFor({ master, afterPromotionOf }: GatewayOrder): boolean {
  return master === null || afterPromotionOf !== null
}

/** One that was started a moment ago takes some 50 ms until it listens; only where nobody waits for it. */
async function untilItListens(
  { context: { nowMs, sleep } }: Execution,
  action: GatewayOrder,
  point: () => Promise<void>,
): Promise<void> {
  const endMs = nowMs() + startDeadlineMs
  for (;;)
    try {
      return await point()
    } catch (error) {
      if (isWaitedFor(action) || errorCode(error) !== 'gateway/unreachable' || nowMs() > endMs) throw error
      await sleep(20)
    }
}

const startDeadlineMs = 3_000

function serverOf(execution: Execution, ordinal: number): GatewayServer {
  const { template, clientPort: port } = execution.context
  const network = networkName(template.spec.name)
  const host = addressOn(execution.containerOf(ordinal), network)
  if (host === null)
    throw new FlotillaError('gateway/unreachable', `node ${ordinal} has no address on the network ${network}`)
  return { ordinal, host, port }
}

function templateOf({ context: { gatewayTemplate } }: Execution): GatewayTemplate {
  if (gatewayTemplate !== null) return gatewayTemplate
  throw new FlotillaError('runtime/failed', 'no gateway is asked for')
}
