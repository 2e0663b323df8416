import { FlotillaError } from '../../errors.js'
import type { RedisPort } from '../../redis/redis.js'
import { withNodeRecord, type FlotillaMemory } from '../../model/record.js'
import { processIncarnation } from '../desired/applied.js'
import { stopSeconds } from '../desired/desired-node.js'
import type { ExecutionContext } from './execution-context.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { NodeTarget } from '../../model/redis.js'
import type { RunningNode } from './transport.js'

/** A process that was killed is gone within milliseconds; one that is frozen, only once it is thawed. */
const pollIntervalMs = 5
const probeDeadlineMs = 100

/** Between two looks at whether a server that was told to has ended: to save can take minutes. */
const exitPollMs = { first: 20, most: 500 }

/** Ends a node in an orderly way. @throws FlotillaError runtime/… when the engine can't. */
export function stopNode(
  context: ExecutionContext,
  ordinal: number,
  container: ContainerFacts,
): Promise<void> {
  recordEndedRun(context, ordinal, container)
  const graceMs = stopSeconds(context.template.spec) * 1_000
  return context.runtime.stopContainer(container.containerId, { graceMs }, { signal: context.signal })
}

/** Ends a node's process at once. @throws FlotillaError runtime/… when the engine can't. */
export function killNode(
  context: ExecutionContext,
  ordinal: number,
  { container, target }: { readonly container: ContainerFacts; readonly target: NodeTarget | null },
): Promise<void> {
  recordEndedRun(context, ordinal, container)
  const { runtime, signal } = context
  return waitUntilGone(context, runtime.killContainer(container.containerId, { signal }), target)
}

/**
 * Has a server save what it holds and end by itself, and waits until the engine says how it ended, or that it
 * is another process by now: whatever ends it meanwhile, nobody else waits for the answer of a dead one.
 * @throws FlotillaError redis/refused-command where it can't save and goes on, redis/timeout when it has not
 * ended in time.
 */
export async function shutDownNode(
  context: ExecutionContext,
  { ordinal, container, target }: RunningNode,
  { snapshot, withinMs }: { readonly snapshot: boolean; readonly withinMs: number },
): Promise<void> {
  const { runtime, redis, nowMs, sleep, saveMemory, signal } = context
  const endMs = nowMs() + withinMs
  // Whoever finds it ended has to know that it was told to save: a SIGTERM of others ends it too.
  await saveMemory(memory => withEndedRun(memory, ordinal, container))
  const answer: { error: Error | null; came: boolean } = { error: null, came: false }
  const order = redis.shutDown(target, { save: snapshot, deadlineMs: withinMs }).then(
    () => void (answer.came = true),
    (error: Error) => void Object.assign(answer, { came: true, error }),
  )
  for (let pauseMs = exitPollMs.first; ; pauseMs = Math.min(pauseMs * 1.5, exitPollMs.most)) {
    await (answer.came ? sleep(pauseMs) : Promise.race([order, sleep(pauseMs)]))
    const facts = await runtime.inspectContainer(container.containerId, { signal })
    if (facts === null || facts.exit !== null) return
    if (processIncarnation(facts) !== processIncarnation(container)) return
    if (answer.error !== null) throw answer.error
    if (nowMs() >= endMs)
      throw new FlotillaError('redis/timeout', `${container.name} did not end after SHUTDOWN`, {
        hint: `What it said: docker logs ${container.name}`,
      })
  }
}

/** Before it is ordered: the exit code of a killed process is that of a crash, and this is none. */
function recordEndedRun({ setMemory }: ExecutionContext, ordinal: number, container: ContainerFacts): void {
  setMemory(memory => withEndedRun(memory, ordinal, container))
}

function withEndedRun(memory: FlotillaMemory, ordinal: number, container: ContainerFacts): FlotillaMemory {
  return withNodeRecord(memory, ordinal, record => ({ ...record, endedRun: processIncarnation(container) }))
}

/**
 * Resolves when a killed process is gone: when the engine says so, or, which is 0.1 to 0.6 s earlier (it
 * first clears up after the container), when nobody listens at its address any more. A socket is closed with
 * its process, and SIGKILL is on its way, so nobody opens it again. The engine's word goes on being waited
 * for, by nobody.
 *
 * @param kill what the engine has been asked for; rejections after the process has gone are not anybody's
 * trouble
 * @param target null where the node has no address to look at
 */
export async function waitUntilGone(
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
  const engine = { hasReplied: false }
  const told = kill.finally(() => (engine.hasReplied = true))
  const seen = async (): Promise<void> => {
    while (!engine.hasReplied) {
      const probe = await redis.probe(target, { deadlineMs: probeDeadlineMs })
      if (probe.kind === 'refused') return
      await sleep(pollIntervalMs)
    }
    return told
  }
  told.catch(() => undefined)
  return Promise.race([told, seen()])
}
