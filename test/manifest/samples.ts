import type { Diagnostic } from '../../src/manifest/diagnostic.js'
import { renderDiagnostic } from '../../src/manifest/diagnostic.js'
import type { LoadResult } from '../../src/manifest/load.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { allowAll } from '../../src/manifest/policy.js'

/** A sound manifest; `spec` replaces the lines under `spec:`. */
export function manifest(name = 'shop', spec = '  replicas: 2'): string {
  return `apiVersion: flotilla/v1\nkind: RedisReplication\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`
}

/** What a user reads, one line each. */
export function complaints(text: string, file = 'shop.yaml'): readonly string[] {
  return rendered(parseManifest(text, { file, policy: allowAll }).diagnostics)
}

export function rendered(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(renderDiagnostic)
}

/**
 * A load of these texts, as if they stood in the directory `m`; null stands for a file that can't be read.
 */
export function loaded(files: Readonly<Record<string, string | null>>): LoadResult {
  const outcomes = Object.entries(files).map(([name, text]) => {
    const file = `m/${name}`
    const unreadable = {
      file,
      position: null,
      message: 'may not be read by this user; give it read permission',
    }
    return text === null
      ? ({ kind: 'unreadable', file, diagnostics: [unreadable] } as const)
      : ({ kind: 'parsed', file, ...parseManifest(text, { file, policy: allowAll }) } as const)
  })
  return { kind: 'loaded', path: 'm', fingerprint: JSON.stringify(files), files: outcomes }
}
