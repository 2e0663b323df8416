import { readFileSync } from 'node:fs'

/** The version in package.json, which is two folders up from the built file and one from the source. */
export const flotillaVersion: string = readVersion()

function readVersion(): string {
  for (const path of ['../../package.json', '../package.json']) {
    try {
      const json = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: unknown }
      if (typeof json.version === 'string') return json.version
    } catch {
      // Not here: the other place is tried.
    }
  }
  return '0.0.0'
}
