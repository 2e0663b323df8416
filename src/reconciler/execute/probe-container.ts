import { defaultPersistence } from '../../manifest/sections/persistence.js'
import { FlotillaError } from '../../errors.js'
import { oneLine } from '../../printable.js'
import { aclFilePath, configFilePath, containerLayout, renderRedisConfig } from '../../redis/config.js'
import { aclUsers, aclPasswordsOf, renderAcl } from '../../redis/acl.js'
import {
  isLoading,
  lastWarnings,
  readIdentity,
  readLoading,
  type ServerIdentity,
} from '../../redis/probe-replies.js'
import { Secret } from '../../secret.js'
import { probeLabel } from '../../runtime/labels.js'
import {
  insideItsContainer,
  overTheNetwork,
  type AskWay,
  type Heard,
  type RequestTools,
} from './ask-probe-server.js'
import { flotillaLabels, type NodeTemplate } from '../desired/desired-node.js'
import { containerSettings, serverCommand } from '../desired/server-image.js'
import { createServerContainer, findServerUser } from './server-user.js'
import type { ContainerFile, ContainerSpec, ImageFacts } from '../../model/engine.js'
import type { RdbSource } from '../../model/rdb-source.js'
import type { RedisOptions } from '../../model/redis.js'

/**
 * A server with nothing to load listens within some 20 ms of its start; a host under load may need seconds.
 * One with data to load gets as long again, and more.
 */
const startTimeoutMs = { empty: 20_000, loading: 60_000 } as const

export interface ProbeTools extends RequestTools {
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
}

export interface Wanted {
  readonly image: string
  readonly facts: ImageFacts
  /** Null: none of ours either, so that it is as the image's server is by itself. */
  readonly options: RedisOptions | null
  /** What it starts on; left out: it starts empty. */
  readonly data?: RdbSource
  /** What it is called, and what else its labels say; left out: a probe of the flotilla's own pass. */
  readonly as?: ServerName | undefined
  /** Called as its data comes to it, and then as it reads that. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
}

export interface ServerName {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface LoadProgress {
  readonly step: 'copying' | 'loading'
  readonly doneBytes: number
  readonly totalBytes: number
}

/** A server to ask, or why there is none: what its container said last. */
export type ProbeServer =
  | {
      readonly kind: 'up'
      readonly containerId: string
      readonly identity: ServerIdentity
      readonly ask: (...command: readonly string[]) => Promise<string>
      /** The reply to a Lua script, an element of an array on each line. */
      readonly evaluate: (script: string) => Promise<string>
    }
  | { readonly kind: 'down'; readonly reason: string; readonly log: readonly string[] }

/**
 * Runs a server of the image as a node would run it, with these options, and lets `question` ask it. It has
 * no network, no volume and no secret of the flotilla's, what data it is given lies in a folder of its own
 * that is only its server's, and it is asked by redis-cli inside its container; where its image has none,
 * over the network, as nodes are. Gone at the end, whatever happened; one that outlives its Flotilla is known
 * by its label.
 * @throws FlotillaError runtime/… where the engine is to blame, not the image.
 */
export async function withProbeServer<Answer>(
  tools: ProbeTools,
  wanted: Wanted,
  question: (server: ProbeServer) => Promise<Answer>,
): Promise<Answer> {
  const inside = await askedBy(tools, { ...wanted, way: insideItsContainer(tools) }, question)
  if (inside !== 'no-program') return inside.answer
  const way = await overTheNetwork(tools)
  const outside = await askedBy(tools, { ...wanted, way }, question)
  if (outside !== 'no-program') return outside.answer
  throw new Error('a way over the network needs no program')
}

async function askedBy<Answer>(
  tools: ProbeTools,
  wanted: Wanted & { readonly way: AskWay },
  question: (server: ProbeServer) => Promise<Answer>,
): Promise<{ readonly answer: Answer } | 'no-program'> {
  const { runtime, signal } = tools
  const { image, facts, options, data, way, as, onProgress } = wanted
  const containerId = await createServerContainer(
    runtime,
    {
      spec: probeContainer(tools.template, { image, facts, way, as }),
      image: facts,
      filesFor: owner => probeFiles(options, { owner, way, hasData: data !== undefined }),
    },
    signal,
  )
  try {
    if (data !== undefined) await putData(tools, { containerId, facts, data, onProgress })
    const server = await start(tools, {
      ...{ containerId, way, onProgress },
      how: data === undefined ? 'empty' : 'loading',
    })
    return server === 'no-program' ? server : { answer: await question(server) }
  } finally {
    // Without the signal: after an abort there is still something to clear up.
    await runtime.removeContainer(containerId)
  }
}

async function start(
  tools: ProbeTools,
  {
    containerId,
    way,
    how,
    onProgress,
  }: Pick<Wanted, 'onProgress'> & {
    readonly containerId: string
    readonly way: AskWay
    readonly how: keyof typeof startTimeoutMs
  },
): Promise<ProbeServer | 'no-program'> {
  const { runtime, signal, nowMs, sleep } = tools
  try {
    await runtime.startContainer(containerId, { signal })
  } catch (error) {
    const facts = await runtime.inspectContainer(containerId, { signal })
    const reason = facts?.exit?.error ?? null
    if (reason === null) throw error
    return { kind: 'down', reason, log: [] }
  }
  const textOf = (heard: Heard): string => {
    if (heard.kind === 'said') return heard.text
    if (heard.kind === 'unheard') throw heard.error
    throw new FlotillaError(
      'runtime/failed',
      `try image ${tools.template.spec.image}: its server ended while it was asked`,
    )
  }
  const ask = async (...command: readonly string[]) => textOf(await way.ask(containerId, command))
  const evaluate = async (script: string) => textOf(await way.evaluate(containerId, script))
  let endMs = nowMs() + startTimeoutMs[how]
  let loadedBytes = 0
  for (;;) {
    const heard = await way.ask(containerId, ['INFO'])
    if (heard.kind === 'no-program') return heard.kind
    const reply = heard.kind === 'said' ? heard.text : heard.kind === 'unheard' ? heard.error.message : ''
    const identity = readIdentity(reply)
    if (identity !== null && !isLoading(reply)) return { kind: 'up', containerId, identity, ask, evaluate }
    const loading = readLoading(reply)
    // However large its data, it has as long again for each part of it.
    if (loading !== null && loading.doneBytes > loadedBytes) {
      loadedBytes = loading.doneBytes
      endMs = nowMs() + startTimeoutMs[how]
      onProgress?.({ step: 'loading', ...loading })
    }
    const facts = await runtime.inspectContainer(containerId, { signal })
    if (facts === null || facts.state !== 'running')
      return exited(tools, containerId, facts?.exit?.code ?? null)
    if (nowMs() >= endMs)
      return {
        kind: 'down',
        reason:
          identity === null
            ? `it does not answer within ${startTimeoutMs[how] / 1_000} s${reply === '' ? '' : ` (${reply.trim()})`}`
            : `it has not loaded within ${startTimeoutMs[how] / 1_000} s`,
        log: [],
      }
    await sleep(50)
  }
}

async function exited(tools: ProbeTools, containerId: string, code: number | null): Promise<ProbeServer> {
  const log = await tools.runtime.readLogs(containerId, { tailLines: 30 }, { signal: tools.signal })
  const reply = lastWarnings(log)
  return {
    kind: 'down',
    reason: `it ended with exit code ${code ?? 'unknown'}${reply === null ? '' : `: ${oneLine(reply, 300)}`}`,
    log,
  }
}

/**
 * Not /data, which is memory that comes with the start. On the container's own file system, which goes with
 * it.
 */
const dataFolder = '/flotilla-trial'

async function putData(
  { runtime, nowMs, signal }: ProbeTools,
  given: Pick<Wanted, 'facts' | 'onProgress'> & { readonly containerId: string; readonly data: RdbSource },
): Promise<void> {
  const { containerId, facts, data, onProgress } = given
  const uid = await findServerUser(runtime, { containerId, image: facts }, signal)
  const owned = { uid, gid: uid, modifiedAtMs: nowMs() }
  const folder = { kind: 'folder', path: dataFolder, mode: 0o700, ...owned } as const
  await runtime.makePaths(containerId, [folder], { signal })
  const { sizeBytes } = data
  const bytes = counted(await data.open(), doneBytes =>
    onProgress?.({ step: 'copying', doneBytes, totalBytes: sizeBytes }),
  )
  const file = { path: `${dataFolder}/dump.rdb`, mode: 0o400, sizeBytes, bytes, ...owned }
  await runtime.putStream(containerId, file, { signal })
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (sum: number) => void,
): AsyncGenerator<Uint8Array> {
  let sum = 0
  for await (const piece of bytes) {
    yield piece
    onBytes((sum += piece.length))
  }
}

function probeContainer(
  template: NodeTemplate,
  { image, facts, way, as }: Pick<Wanted, 'image' | 'facts' | 'as'> & { readonly way: AskWay },
): ContainerSpec {
  const { name, labels } = as ?? { name: `${template.spec.name}-trial`, labels: { [probeLabel]: '1' } }
  return {
    name,
    image,
    command: serverCommand(facts),
    labels: { ...flotillaLabels(template), ...labels },
    attachment: way.attachment,
    mounts: [],
    // Images declare a volume at /data, and one without a name would stay when the container goes.
    tmpfsPaths: ['/data'],
    dnsOptions: [],
    openFilesMax: 10_240,
    stopGraceSeconds: 1,
    publishPort: way.publishPort,
    hostname: name,
    ...containerSettings(template.spec, facts),
  }
}

/**
 * As a node's, but that nobody is followed, and that everybody is let in whom it can be reached by only
 * through its container: there is nothing to be had.
 */
function probeFiles(
  options: RedisOptions | null,
  { owner, way, hasData }: { readonly owner: number; readonly way: AskWay; readonly hasData: boolean },
): readonly ContainerFile[] {
  const file = (path: string, content: string) => ({ path, content, mode: 0o400, uid: owner, gid: owner })
  const password = new Secret('trial')
  const keys = way.credentials ?? { control: password, replication: password, application: null }
  const acl = renderAcl(aclUsers(aclPasswordsOf(keys)))
  // The lines of an ACL file are lines of a redis.conf too.
  if (options === null) return [file(configFilePath, way.credentials === null ? '' : acl)]
  const config = renderRedisConfig({
    nodeAlias: 'trial',
    persistence: defaultPersistence('none'),
    replication: keys.replication,
    tls: null,
    isPasswordless: keys.application === null,
    options,
    layout: { ...containerLayout, upstream: null, ...(hasData ? { dataDirectory: dataFolder } : {}) },
  })
  return [file(configFilePath, config.text), file(aclFilePath, acl)]
}
