import { z } from 'zod'
import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'

const processList = z.object({
  Titles: z.array(z.string()),
  Processes: z.array(z.array(z.string())).nullish(),
})

/**
 * As whom the first process of a container runs. The engine asks the `ps` of its own host, which also sees
 * what a container without any program of its own runs. An entrypoint may begin as root and become somebody
 * else, so only what is seen later counts.
 */
export function findProcessUser(
  client: EngineClient,
  containerId: string,
  call: CallOptions | undefined,
): Promise<number | null> {
  return client.call(
    {
      what: `ask as whom container ${containerId.slice(0, 12)} runs`,
      timeoutMs: 10_000,
      signal: call?.signal,
      // It does not run, is gone, or its host has no `ps`, or one that knows no such question.
      accept: [404, 409, 500],
    },
    docker => docker.getContainer(containerId).top({ ps_args: '-o pid,uid' }),
    ({ status, body }) => {
      if (status >= 400) return null
      const { Titles, Processes } = processList.parse(body)
      const uid = Processes?.[0]?.[Titles.indexOf('UID')]
      return uid !== undefined && /^\d+$/.test(uid) ? Number(uid) : null
    },
  )
}
