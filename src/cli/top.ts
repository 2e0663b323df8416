import { readDesired } from '../session/manifest-source.js'
import type { FlotillaStatus } from '../model/status.js'
import { noReconciler, findReconciler } from './active-reconciler.js'
import { quitSignal } from './interrupt.js'
import { poll } from './poll.js'
import { statusNow } from './observe-once.js'
import { selectFlotillas } from '../session/manifests.js'
import type { Output } from './output.js'
import { renderTop, topJson } from './render-top.js'
import type { TopOrder } from './top-order.js'
import { openScreen } from './screen.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'
import { renderContext } from './render-context.js'

export interface TopRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'json'
  readonly sort: TopOrder
}

/**
 * What the nodes do: refreshed every second on a terminal until it is interrupted, one sample in a pipe or
 * as JSON.
 */
export async function showTop(request: TopRequest, output: Output): Promise<void> {
  const session = await openSession(request.paths, request.env)
  try {
    if (!output.stdoutIsTerminal || request.format === 'json') {
      const context = renderContext(output)
      output.result(
        request.format === 'json'
          ? topJson(await sample(session, request), context.nowMs)
          : await topText(session, request, output),
      )
      return
    }
    await drawTop(session, request, output)
  } finally {
    session.close()
  }
}

async function drawTop(session: Session, request: TopRequest, output: Output): Promise<void> {
  const signal = quitSignal()
  const screen = openScreen(output)
  try {
    await poll({
      update: async () => screen.draw(await topText(session, request, output)),
      onTrouble: reason => screen.draw(reason),
      everyMs: 1_000,
      signal,
    })
  } finally {
    screen.close()
  }
}

async function topText(session: Session, request: TopRequest, output: Output): Promise<string> {
  const statuses = await sample(session, request)
  const context = renderContext(output)
  return (
    noReconciler(await findReconciler(request.paths), request.paths, context) +
    renderTop(statuses, request.sort, context)
  )
}

async function sample(session: Session, { paths, names }: TopRequest): Promise<readonly FlotillaStatus[]> {
  const { desired } = await readDesired(paths.manifests, session.store)
  const selected = selectFlotillas(desired, names, paths.manifests)
  return Promise.all(selected.map(({ spec }) => statusNow(session, spec)))
}
