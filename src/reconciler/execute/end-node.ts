import type { NodeTarget, RedisPort } from '../../redis/redis.js'
import type { ContainerFacts } from '../../runtime/runtime.js'
import { withNodeRecord } from '../memory.js'
import { runOf } from '../tuned-to.js'
import type { Hands } from './hands.js'

/** A process that was killed is gone within milliseconds; one that is frozen, only once it is thawed. */
const lookEveryMs = 5
const lookDeadlineMs = 100

/** How long a server has to save what it holds. */
const graceMs = 20_000

/** Ends a node in an orderly way. @throws FlotillaError runtime/… when the engine can't. */
export function stopNode(hands: Hands, ordinal: number, container: ContainerFacts): Promise<void> {
  noteEnd(hands, ordinal, container)
  return hands.runtime.stopContainer(container.containerId, { graceMs }, { signal: hands.signal })
}

/** Ends a node's process at once. @throws FlotillaError runtime/… when the engine can't. */
export function killNode(
  hands: Hands,
  ordinal: number,
  { container, target }: { readonly container: ContainerFacts; readonly target: NodeTarget | null },
): Promise<void> {
  noteEnd(hands, ordinal, container)
  const { runtime, signal } = hands
  return untilGone(hands, runtime.killContainer(container.containerId, { signal }), target)
}

/** Before it is ordered: the exit code of a killed process is that of a crash, and this is none. */
function noteEnd({ keepMemory }: Hands, ordinal: number, container: ContainerFacts): void {
  keepMemory(memory => withNodeRecord(memory, ordinal, record => ({ ...record, endedRun: runOf(container) })))
}

/**
 * Resolves when a killed process is gone: when the engine says so, or, which is 0.1 to 0.6 s earlier (it first clears up after the container), when nobody listens at its address any
 * more. A socket is closed with its process, and SIGKILL is on its way, so nobody opens it again. The engine's word goes on being waited for, by nobody.
 *
 * @param kill what the engine has been asked for; rejections after the process has gone are not anybody's trouble
 * @param target null where the node has no address to look at
 */
export async function untilGone(
  {
    redis,
    sleep,
  }: {
    readonly redis: Pick<RedisPort, 'probe'>
    readonly sleep: (ms: number) => Promise<void>
  },
  kill: Promise<void>,
  target: NodeTarget | null,
): Promise<void> {
  if (target === null) return kill
  const engine = { hasTold: false }
  const told = kill.finally(() => (engine.hasTold = true))
  const seen = async (): Promise<void> => {
    while (!engine.hasTold) {
      const probe = await redis.probe(target, { deadlineMs: lookDeadlineMs })
      if (probe.kind === 'refused') return
      await sleep(lookEveryMs)
    }
    return told
  }
  told.catch(() => undefined)
  return Promise.race([told, seen()])
}
