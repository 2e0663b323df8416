import { readFileSync } from 'node:fs'
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'

/**
 * Module hooks of a process that judges mutants: sources come with their mutants in them, and node:test is
 * stood in for.
 */

let replaced: Readonly<Record<string, string>> = {}

export const initialize: InitializeHook<typeof replaced> = given => {
  replaced = given
}

export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  specifier === 'node:test'
    ? { url: new URL('collected-tests.js', import.meta.url).href, shortCircuit: true }
    : nextResolve(specifier, context)

export const load: LoadHook = (url, context, nextLoad) => {
  const file = replaced[url]
  return file === undefined
    ? nextLoad(url, context)
    : { format: 'module', source: readFileSync(file, 'utf8'), shortCircuit: true }
}
