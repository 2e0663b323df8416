import { FlotillaError } from '../errors.js'
import type { DesiredState, DesiredFlotilla } from '../manifest/desired-state.js'
import { renderDiagnostic } from '../manifest/diagnostic.js'
import { suggest } from '../manifest/suggest.js'

/**
 * The flotillas that a command is about: those named, or all.
 * @throws FlotillaError usage/invalid with a did-you-mean for a name that is not there.
 */
export function selectFlotillas(
  desired: DesiredState,
  names: readonly string[],
  path: string,
): readonly DesiredFlotilla[] {
  if (names.length === 0) return [...desired.flotillas.values()]
  return names.map(name => selectFlotilla(desired, name, path))
}

export function selectFlotilla(desired: DesiredState, name: string, path: string): DesiredFlotilla {
  const found = desired.flotillas.get(name)
  if (found !== undefined) return found
  throw noSuchFlotilla(name, [...desired.flotillas.keys()], path)
}

/**
 * Of the flotillas that a command is about, those that it can go by their manifests, and what is wrong with
 * the others.
 */
export interface ValidFlotillas {
  readonly valid: readonly DesiredFlotilla[]
  readonly problems: readonly string[]
}

/**
 * Each document stands for itself: what is wrong with one keeps nobody from another. A flotilla that is named
 * must be sound.
 * @throws FlotillaError manifest/invalid when one that is named is broken, or when nothing is sound;
 * usage/invalid for a name that is not there.
 */
export function selectValid(desired: DesiredState, names: readonly string[], path: string): ValidFlotillas {
  const isValid = ({ diagnostics }: DesiredFlotilla): boolean => diagnostics.length === 0
  const everyProblem = desired.diagnostics.map(renderDiagnostic)
  // A broken document that was never accepted is in none of those that are wanted.
  if (everyProblem.length > 0 && names.some(name => !desired.flotillas.has(name)))
    throw new FlotillaError('manifest/invalid', everyProblem.join('\n'))
  const selected = selectFlotillas(desired, names, path)
  const valid = selected.filter(isValid)
  const problems = names.length === 0 ? everyProblem : problemsOf(selected)
  if (problems.length > 0 && (names.length > 0 || valid.length === 0))
    throw new FlotillaError('manifest/invalid', problems.join('\n'))
  return { valid, problems }
}

function problemsOf(flotillas: readonly DesiredFlotilla[]): readonly string[] {
  return [...new Set(flotillas.flatMap(({ diagnostics }) => diagnostics.map(renderDiagnostic)))]
}

export function noSuchFlotilla(name: string, known: readonly string[], where: string): FlotillaError {
  const near = suggest(name, known)
  return new FlotillaError('usage/invalid', `there is no flotilla called ${name} in ${where}`, {
    hint:
      near !== null
        ? `Did you mean ${near}?`
        : known.length === 0
          ? `There is none in ${where}.`
          : `There is: ${known.join(', ')}.`,
  })
}
