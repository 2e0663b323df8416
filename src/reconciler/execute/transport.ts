import {
  clientAuthOption,
  clientAuthValues,
  containerTlsLayout,
  tlsOptions,
  tlsPort,
} from '../../redis/tls.js'
import type { RedisPort } from '../../redis/redis.js'
import { certificateFingerprint } from '../../tls/certificate-bundle.js'
import { redisPort } from '../../model/names.js'
import { writeNodeFiles, type NodeFilesContext } from './node-files.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { NodeTarget } from '../../model/redis.js'

/** Part of what the hands have. */
interface TransportContext extends NodeFilesContext {
  readonly redis: RedisPort
}

export interface RunningNode {
  readonly ordinal: number
  readonly container: ContainerFacts
  readonly target: NodeTarget
}

const deadlineMs = 10_000
/** For what clients may notice. */
const clientDeadlineMs = 1_000

/** The files first: a node that ends in between comes up with what it was to be given. */
export async function loadCertificate(
  context: TransportContext,
  { ordinal, container, target }: RunningNode,
): Promise<void> {
  const bundle = await writeNodeFiles(context, ordinal, container)
  if (bundle === null) return
  const { redis } = context
  const options = tlsOptions(certificateFingerprint(bundle), containerTlsLayout, bundle.clientAuth)
  const letsInAnybody = bundle.clientAuth === 'require' && !(await demandsCertificates(redis, target))
  await redis.setConfig(target, options, { deadlineMs })
  // Whoever came without a certificate would stay for as long as the connection lasts.
  if (letsInAnybody) await redis.disconnectClients(target, { deadlineMs: clientDeadlineMs, viaPort: tlsPort })
}

async function demandsCertificates(redis: RedisPort, target: NodeTarget): Promise<boolean> {
  const { [clientAuthOption]: value } = await redis.getConfig(target, [clientAuthOption], { deadlineMs })
  return value === clientAuthValues.require
}

/**
 * Whoever came by a port that is closed is sent away: an open connection would go on as it was for as long as
 * it lasts.
 */
export async function setPort(
  context: TransportContext,
  { ordinal, container, target }: RunningNode,
  { port, open }: { readonly port: 'plain' | 'encrypted'; readonly open: boolean },
): Promise<void> {
  const { redis } = context
  await writeNodeFiles(context, ordinal, container)
  const [option, number] = port === 'plain' ? ['port', redisPort] : ['tls-port', tlsPort]
  await redis.setConfig(target, { [option]: open ? String(number) : '0' }, { deadlineMs })
  if (!open) await redis.disconnectClients(target, { deadlineMs: clientDeadlineMs, viaPort: number })
}

/** One that was down meanwhile may hold a certificate that is none any more. */
export async function refreshCertificate(
  context: TransportContext,
  ordinal: number,
  container: ContainerFacts,
): Promise<void> {
  if ((await context.certificateFor(ordinal)) !== null) await writeNodeFiles(context, ordinal, container)
}
