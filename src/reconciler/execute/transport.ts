import { containerTlsPlaces, tlsOptions, tlsPort } from '../../redis/tls.js'
import type { NodeTarget, RedisPort } from '../../redis/redis.js'
import type { ContainerFacts } from '../../runtime/runtime.js'
import { fingerprintOf } from '../../tls/material.js'
import { redisPort } from '../names.js'
import { putNodeFiles, type FileMeans } from './node-files.js'

/** Part of what the hands have. */
interface Means extends FileMeans {
  readonly redis: RedisPort
}

export interface RunningNode {
  readonly ordinal: number
  readonly container: ContainerFacts
  readonly target: NodeTarget
}

const deadlineMs = 10_000
/** For what clients may notice. */
const promptDeadlineMs = 1_000

/** The files first: a node that ends in between comes up with what it was to be given. */
export async function loadCertificate(
  means: Means,
  { ordinal, container, target }: RunningNode,
): Promise<void> {
  const material = await putNodeFiles(means, ordinal, container)
  if (material === null) return
  const options = tlsOptions(fingerprintOf(material), containerTlsPlaces)
  await means.redis.setConfig(target, options, { deadlineMs })
}

/** Whoever came by a port that is closed is sent away: an open connection would go on as it was for as long as it lasts. */
export async function setPort(
  means: Means,
  { ordinal, container, target }: RunningNode,
  { port, open }: { readonly port: 'plain' | 'encrypted'; readonly open: boolean },
): Promise<void> {
  const { redis } = means
  await putNodeFiles(means, ordinal, container)
  const [option, number] = port === 'plain' ? ['port', redisPort] : ['tls-port', tlsPort]
  await redis.setConfig(target, { [option]: open ? String(number) : '0' }, { deadlineMs })
  if (!open) await redis.dropClients(target, { deadlineMs: promptDeadlineMs, whoCameBy: number })
}

/** One that was down meanwhile may hold a certificate that is none any more. */
export async function refreshCertificate(
  means: Means,
  ordinal: number,
  container: ContainerFacts,
): Promise<void> {
  if ((await means.materialFor(ordinal)) !== null) await putNodeFiles(means, ordinal, container)
}
