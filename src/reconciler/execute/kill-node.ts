import type { NodeTarget, RedisPort } from '../../redis/redis.js'
import type { Hands } from './hands.js'

/** A process that was killed is gone within milliseconds; one that is frozen, only once it is thawed. */
const lookEveryMs = 5
const lookDeadlineMs = 100

/** Ends a node's process at once. @throws FlotillaError runtime/… when the engine can't. */
export function killNode(hands: Hands, containerId: string, target: NodeTarget | null): Promise<void> {
  const { runtime, signal } = hands
  return untilGone(hands, runtime.killContainer(containerId, { signal }), target)
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
