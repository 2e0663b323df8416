import { resolve } from 'node:path'
import { StateStore } from '../state/state-store.js'
import { noSuchFlotilla } from '../session/manifests.js'
import type { Output } from './output.js'
import { renderHistory } from './render-history.js'
import type { Paths } from '../session/open-store.js'
import { renderContext } from './render-context.js'

/** What the state directory remembers of a flotilla's masters; asks no engine. */
export async function showHistory(
  { paths, name, format }: { readonly paths: Paths; readonly name: string; readonly format: 'text' | 'json' },
  output: Output,
): Promise<void> {
  const store = new StateStore(resolve(paths.state))
  const memory = await store.peekMemory(name)
  if (memory === null) throw noSuchFlotilla(name, await store.knownFlotillas(), paths.state)
  output.result(
    format === 'json'
      ? `${JSON.stringify({ flotilla: name, history: memory.history }, null, 2)}\n`
      : renderHistory(memory.history, renderContext(output)),
  )
}
