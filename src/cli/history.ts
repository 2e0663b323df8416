import { resolve } from 'node:path'
import { StateStore } from '../state/state-store.js'
import { noSuchFlotilla } from './manifests.js'
import type { Output } from './output.js'
import { renderHistory } from './render-history.js'
import type { Places } from './open-store.js'
import { viewOf } from './view.js'

/** What the state directory remembers of a flotilla's masters; asks no engine. */
export async function showHistory(
  {
    places,
    name,
    format,
  }: { readonly places: Places; readonly name: string; readonly format: 'text' | 'json' },
  output: Output,
): Promise<void> {
  const store = new StateStore(resolve(places.state))
  const memory = await store.peekMemory(name)
  if (memory === null) throw noSuchFlotilla(name, await store.knownFlotillas(), places.state)
  output.result(
    format === 'json'
      ? `${JSON.stringify({ flotilla: name, history: memory.history }, null, 2)}\n`
      : renderHistory(memory.history, viewOf(output)),
  )
}
