import { randomBytes } from 'node:crypto'
import { errorCode, FlotillaError } from '../../errors.js'
import { generatePassword } from '../../redis/credentials.js'
import { nodeAddress, type ReachMode } from '../../redis/reach.js'
import type { RedisPort } from '../../redis/redis.js'
import { renderReply } from '../../redis/render-reply.js'
import { flotillaLabel } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { NodeTemplate } from '../desired/desired-node.js'
import { networkName, redisPort } from '../../model/names.js'
import { noNetwork, type NetworkAttachment } from '../../model/engine.js'
import type { NodeCredentials } from '../../model/redis.js'

export interface RequestTools {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly reach: ReachMode
  readonly template: NodeTemplate
  readonly signal: AbortSignal
}

/** How the server of a throwaway container is asked, and what its container needs for that. */
export interface AskWay {
  readonly attachment: NetworkAttachment
  readonly publishPort: number | null
  /** With what it lets us in, and nobody else; null: nobody can get at it, so everybody is let in. */
  readonly credentials: NodeCredentials | null
  ask(containerId: string, command: readonly string[]): Promise<Heard>
  /** Runs a Lua script, in which keys of the flotilla may be named. */
  evaluate(containerId: string, script: string): Promise<Heard>
}

/** In the words of redis-cli, an error's too. */
export type Heard =
  | { readonly kind: 'said'; readonly text: string }
  /** Its container does not run any more. */
  | { readonly kind: 'ended' }
  /** It runs, and there is no way to it, or no answer. */
  | { readonly kind: 'unheard'; readonly error: FlotillaError }
  /** Its image has no program to ask it with. */
  | { readonly kind: 'no-program' }

/** By redis-cli in its container, which needs neither a network nor a password. */
export function insideItsContainer({ runtime, signal }: RequestTools): AskWay {
  const ask: AskWay['ask'] = async (containerId, command) => {
    try {
      const { exitCode, stdout } = await runtime.execInContainer(containerId, ['redis-cli', ...command], {
        signal,
      })
      if (isMissing(exitCode, stdout)) return { kind: 'no-program' }
      return { kind: 'said', text: stdout }
    } catch (error) {
      if (await isRunning(runtime, containerId, signal)) throw error
      return { kind: 'ended' }
    }
  }
  return {
    attachment: noNetwork,
    publishPort: null,
    credentials: null,
    ask,
    async evaluate(containerId, script) {
      // As a file: what it names would otherwise be in the arguments of a process.
      const file = { path: scriptPath, content: script, mode: 0o444, uid: 0, gid: 0 }
      await runtime.putFiles(containerId, [file], { signal })
      return ask(containerId, ['--eval', scriptPath])
    },
  }
}

const scriptPath = '/flotilla-trial.lua'

/** What the engine says in the program's place: 126 and 127, by version. */
function isMissing(exitCode: number, said: string): boolean {
  return (exitCode === 126 || exitCode === 127) && /not found|no such file/i.test(said)
}

/**
 * As nodes are asked: over the flotilla's network, with a password that is made for this one and known to
 * nobody. Before that network is made, as while an outside Redis is looked at, it is Docker's own bridge.
 * @throws FlotillaError runtime/failed where there is no way from here.
 */
export async function overTheNetwork(tools: RequestTools): Promise<AskWay> {
  const { runtime, redis, reach, template, signal } = tools
  const flotilla = template.spec.name
  const own = await runtime.findNetwork(networkName(flotilla), { signal })
  const isThere = own?.labels[flotillaLabel] === flotilla
  if (!isThere && reach === 'network')
    throw new FlotillaError(
      'runtime/failed',
      `try image ${template.spec.image}: it has no redis-cli, and Flotilla, in a container itself, reaches a server only on the network ${networkName(flotilla)}, which is not there yet`,
    )
  const network = isThere ? own.name : 'bridge'
  const password = generatePassword(randomBytes)
  const credentials = { control: password, replication: password, application: password }
  const ask: AskWay['ask'] = async (containerId, command) => {
    const container = await runtime.inspectContainer(containerId, { signal })
    if (container?.state !== 'running') return { kind: 'ended' }
    const nodeAlias = `${flotilla}-trial`
    const address = nodeAddress({ mode: reach, container, network, nodeAlias, redisPort })
    if (address.kind === 'unknown')
      return { kind: 'unheard', error: new FlotillaError('runtime/failed', address.reason) }
    const { host, port } = address
    const { startedAtMs } = container
    const target = { nodeAlias, flotilla, containerId, startedAtMs, host, port, credentials }
    try {
      const reply = await redis.command(target, command, { deadlineMs: answersWithinMs })
      return { kind: 'said', text: renderReply(reply) }
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error
      if (errorCode(error) === 'redis/refused-command')
        return { kind: 'said', text: withoutPlace(error.message, nodeAlias) }
      if (!(await isRunning(runtime, containerId, signal))) return { kind: 'ended' }
      return { kind: 'unheard', error }
    }
  }
  return {
    attachment: { network, links: [], aliases: [] },
    publishPort: reach === 'published' ? redisPort : null,
    credentials,
    ask,
    evaluate: (containerId, script) => ask(containerId, ['EVAL', script, '0']),
  }
}

const answersWithinMs = 5_000

/** `shop-trial: CONFIG: ERR …` → `ERR …` */
function withoutPlace(message: string, nodeAlias: string): string {
  const place = `${nodeAlias}: `
  if (!message.startsWith(place)) return message
  const orderEnd = message.indexOf(': ', place.length)
  return orderEnd < 0 ? message : message.slice(orderEnd + 2)
}

async function isRunning(runtime: Runtime, containerId: string, signal: AbortSignal): Promise<boolean> {
  return (await runtime.inspectContainer(containerId, { signal }))?.state === 'running'
}
