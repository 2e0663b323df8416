import { readDesired } from '../daemon/manifest-source.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import { nobodyActs, whoActs } from './acting.js'
import { interruption } from './interrupt.js'
import { keepLooking } from './keep-looking.js'
import { statusNow } from './look.js'
import { selectFlotillas } from './manifests.js'
import type { Output } from './output.js'
import { renderTop, topJson } from './render-top.js'
import { openScreen } from './screen.js'
import type { Places } from './open-store.js'
import { openSession, type Environment, type Session } from './session.js'
import { viewOf } from './view.js'

export interface TopRequest {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'json'
}

/** What the nodes do: drawn anew every second on a terminal until it is interrupted, one sample in a pipe or as JSON. */
export async function showTop(request: TopRequest, output: Output): Promise<void> {
  const session = await openSession(request.places, request.env)
  try {
    if (!output.stdoutIsTerminal || request.format === 'json') {
      const view = viewOf(output)
      output.result(
        request.format === 'json'
          ? topJson(await sample(session, request), view.nowMs)
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
  const signal = interruption()
  const screen = openScreen(output)
  try {
    await keepLooking({
      look: async () => screen.draw(await topText(session, request, output)),
      onTrouble: why => screen.draw(why),
      everyMs: 1_000,
      signal,
    })
  } finally {
    screen.close()
  }
}

async function topText(session: Session, request: TopRequest, output: Output): Promise<string> {
  const statuses = await sample(session, request)
  const view = viewOf(output)
  return nobodyActs(await whoActs(request.places), request.places, view) + renderTop(statuses, view)
}

async function sample(session: Session, { places, names }: TopRequest): Promise<readonly FlotillaStatus[]> {
  const { desired } = await readDesired(places.manifests, session.store)
  const selected = selectFlotillas(desired, names, places.manifests)
  return Promise.all(selected.map(({ spec }) => statusNow(session, spec)))
}
