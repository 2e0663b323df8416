import { resolve } from 'node:path'
import { StateStore } from '../state/state-store.js'
import { noSuchFlotilla } from './manifests.js'
import { renderHistory } from './render-history.js'
import type { Places } from './session.js'

/** What the state directory remembers of a flotilla's masters; asks no engine. */
export async function historyText(places: Places, name: string, format: 'text' | 'json'): Promise<string> {
  const store = new StateStore(resolve(places.state))
  const memory = await store.peekMemory(name)
  if (memory === null) throw noSuchFlotilla(name, await store.knownFlotillas(), places.state)
  return format === 'json'
    ? `${JSON.stringify({ flotilla: name, history: memory.history }, null, 2)}\n`
    : renderHistory(memory.history)
}
