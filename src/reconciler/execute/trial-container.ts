import { persistenceByDefault } from '../../manifest/sections/persistence.js'
import { FlotillaError } from '../../errors.js'
import { oneLine } from '../../printable.js'
import { aclFilePath, configFilePath, containerPlaces, renderRedisConfig } from '../../redis/config.js'
import { aclUsers, plainKeys, renderAcl } from '../../redis/acl.js'
import type { RedisOptions } from '../../redis/options.js'
import { isLoading, lastWarnings, readIdentity, type ServerIdentity } from '../../redis/trial-replies.js'
import { Secret } from '../../secret.js'
import { trialLabel } from '../../runtime/labels.js'
import {
  noNetwork,
  type ContainerFile,
  type ContainerSpec,
  type ImageFacts,
  type Runtime,
} from '../../runtime/runtime.js'
import { flotillaLabels, type NodeSetting } from '../desired-node.js'
import { serverCommand } from '../server-image.js'
import { createServerContainer, findServerUser } from './server-user.js'

/** A server with nothing to load listens within some 20 ms of its start; a host under load may need seconds. One with data to load gets as long again, and more. */
const answersWithinMs = { empty: 20_000, loading: 60_000 } as const

export interface TrialTools {
  readonly runtime: Runtime
  readonly setting: NodeSetting
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

/** A server to ask, or why there is none: what its container said last. */
export type TrialServer =
  | {
      readonly kind: 'up'
      readonly identity: ServerIdentity
      readonly ask: (...command: readonly string[]) => Promise<string>
    }
  | { readonly kind: 'down'; readonly reason: string; readonly log: readonly string[] }

/**
 * Runs a server of the image as a node would run it, with these options, and lets `question` ask it. It has no network, no volume and no secret, what data it is given lies in a
 * folder of its own that is only its server's, and it is asked by redis-cli inside its container: that works wherever the engine is. Gone at the end, whatever happened; one that outlives its
 * Flotilla is known by its label.
 * @throws FlotillaError runtime/… where the engine is to blame, not the image.
 */
export async function withTrialServer<Answer>(
  tools: TrialTools,
  wanted: {
    readonly image: string
    readonly facts: ImageFacts
    /** Null: none of ours either, so that it is as the image's server is by itself. */
    readonly options: RedisOptions | null
    /** An RDB file to start on; left out: it starts empty. */
    readonly snapshot?: Uint8Array
  },
  question: (server: TrialServer) => Promise<Answer>,
): Promise<Answer> {
  const { runtime, signal } = tools
  const { image, facts, options, snapshot } = wanted
  const containerId = await createServerContainer(
    runtime,
    {
      spec: trialContainer(tools.setting, { image, facts }),
      image: facts,
      filesFor: owner => trialFiles(options, { owner, hasData: snapshot !== undefined }),
    },
    signal,
  )
  try {
    if (snapshot !== undefined) await putSnapshot(tools, { containerId, facts, snapshot })
    return await question(await start(tools, containerId, snapshot === undefined ? 'empty' : 'loading'))
  } finally {
    // Without the signal: after an abort there is still something to clear up.
    await runtime.removeContainer(containerId)
  }
}

async function start(
  tools: TrialTools,
  containerId: string,
  how: keyof typeof answersWithinMs,
): Promise<TrialServer> {
  const { runtime, signal, nowMs, sleep } = tools
  try {
    await runtime.startContainer(containerId, { signal })
  } catch (error) {
    const facts = await runtime.inspectContainer(containerId, { signal })
    const reason = facts?.exit?.error ?? null
    if (reason === null) throw error
    return { kind: 'down', reason, log: [] }
  }
  const askOrFail = async (...command: readonly string[]): Promise<string> => {
    const said = await ask(tools, containerId, command)
    if (said !== null) return said
    throw new FlotillaError(
      'runtime/failed',
      `try image ${tools.setting.spec.image}: its server ended while it was asked`,
    )
  }
  const endMs = nowMs() + answersWithinMs[how]
  for (;;) {
    const said = await ask(tools, containerId, ['INFO'])
    const identity = readIdentity(said ?? '')
    if (identity !== null && !isLoading(said ?? '')) return { kind: 'up', identity, ask: askOrFail }
    const facts = await runtime.inspectContainer(containerId, { signal })
    if (facts === null || facts.state !== 'running')
      return ended(tools, containerId, facts?.exit?.code ?? null)
    if (nowMs() >= endMs)
      return {
        kind: 'down',
        reason:
          identity === null
            ? `it does not answer within ${answersWithinMs[how] / 1_000} s${said === null ? '' : ` (${said.trim()})`}`
            : `it has not loaded within ${answersWithinMs[how] / 1_000} s`,
        log: [],
      }
    await sleep(50)
  }
}

async function ended(tools: TrialTools, containerId: string, code: number | null): Promise<TrialServer> {
  const log = await tools.runtime.readLogs(containerId, { tailLines: 30 }, { signal: tools.signal })
  const said = lastWarnings(log)
  return {
    kind: 'down',
    reason: `it ended with exit code ${code ?? 'unknown'}${said === null ? '' : `: ${oneLine(said, 300)}`}`,
    log,
  }
}

/** Null when the container does not run any more. */
async function ask(
  { runtime, signal }: TrialTools,
  containerId: string,
  command: readonly string[],
): Promise<string | null> {
  try {
    const { stdout } = await runtime.execInContainer(containerId, ['redis-cli', ...command], { signal })
    return stdout
  } catch (error) {
    const facts = await runtime.inspectContainer(containerId, { signal })
    if (facts?.state === 'running') throw error
    return null
  }
}

/** Not /data, which is memory that comes with the start. On the container's own file system, which goes with it. */
const dataFolder = '/flotilla-trial'

async function putSnapshot(
  { runtime, nowMs, signal }: TrialTools,
  given: { readonly containerId: string; readonly facts: ImageFacts; readonly snapshot: Uint8Array },
): Promise<void> {
  const { containerId, facts, snapshot } = given
  const uid = await findServerUser(runtime, { containerId, image: facts }, signal)
  const owned = { uid, gid: uid, modifiedAtMs: nowMs() }
  await runtime.makePaths(
    containerId,
    [
      { kind: 'folder', path: dataFolder, mode: 0o700, ...owned },
      { kind: 'file', path: `${dataFolder}/dump.rdb`, mode: 0o400, content: snapshot, ...owned },
    ],
    { signal },
  )
}

function trialContainer(
  setting: NodeSetting,
  { image, facts }: { readonly image: string; readonly facts: ImageFacts },
): ContainerSpec {
  const name = `${setting.spec.name}-trial`
  return {
    name,
    image,
    command: serverCommand(facts),
    labels: { ...flotillaLabels(setting), [trialLabel]: '1' },
    attachment: noNetwork,
    mounts: [],
    // Images declare a volume at /data, and one without a name would stay when the container goes.
    scratchPaths: ['/data'],
    dnsOptions: [],
    openFilesMax: 10_240,
    stopGraceSeconds: 1,
    publishPort: null,
    hostname: name,
  }
}

/** As a node's, but that nobody is followed and everybody let in: nobody can reach it, and there is nothing to be had. */
function trialFiles(
  options: RedisOptions | null,
  { owner, hasData }: { readonly owner: number; readonly hasData: boolean },
): readonly ContainerFile[] {
  const file = (path: string, content: string) => ({ path, content, mode: 0o400, uid: owner, gid: owner })
  if (options === null) return [file(configFilePath, '')]
  const password = new Secret('trial')
  const nobody = { control: password, replication: password, application: null }
  const config = renderRedisConfig({
    nodeAlias: 'trial',
    persistence: persistenceByDefault('none'),
    replication: nobody.replication,
    tls: null,
    openToAll: true,
    options,
    places: { ...containerPlaces, upstream: null, ...(hasData ? { dataDirectory: dataFolder } : {}) },
  })
  return [file(configFilePath, config.text), file(aclFilePath, renderAcl(aclUsers(plainKeys(nobody))))]
}
