import { FlotillaError } from '../errors.js'
import type { Desires, DesiredFlotilla } from '../manifest/desired.js'
import { suggest } from '../manifest/suggest.js'

/**
 * The flotillas that a command is about: those named, or all.
 * @throws FlotillaError usage/invalid with a did-you-mean for a name that is not there.
 */
export function selectFlotillas(
  desired: Desires,
  names: readonly string[],
  path: string,
): readonly DesiredFlotilla[] {
  if (names.length === 0) return [...desired.flotillas.values()]
  return names.map(name => selectFlotilla(desired, name, path))
}

export function selectFlotilla(desired: Desires, name: string, path: string): DesiredFlotilla {
  const found = desired.flotillas.get(name)
  if (found !== undefined) return found
  throw noSuchFlotilla(name, [...desired.flotillas.keys()], path)
}

export function noSuchFlotilla(name: string, known: readonly string[], place: string): FlotillaError {
  const near = suggest(name, known)
  return new FlotillaError('usage/invalid', `there is no flotilla called ${name} in ${place}`, {
    hint:
      near !== null
        ? `Did you mean ${near}?`
        : known.length === 0
          ? `There is none in ${place}.`
          : `There is: ${known.join(', ')}.`,
  })
}
