import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { explainError, FlotillaError } from '../errors.js'
import { renderDiagnostic } from './diagnostic.js'
import { explainIssues } from './explain.js'
import { linePositions } from './positions.js'
import { readYaml } from './yaml-tree.js'

/** What a file of settings is, and what is said to somebody whose file holds none of them. */
export interface SettingsFile<Schema extends z.ZodObject> {
  readonly schema: Schema
  /** Completes "<file>: …". */
  readonly example: string
}

/** The text of a file that an option names. @throws FlotillaError usage/invalid */
export async function readOrExplain(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw invalidSettings([`${what} can't be read: ${explainError(error)}`])
  }
}

/** One YAML document of settings. @throws FlotillaError usage/invalid with the place of each mistake. */
export function parseSettings<Schema extends z.ZodObject>(
  text: string,
  file: string,
  { schema, example }: SettingsFile<Schema>,
): z.output<Schema> {
  const [document, ...more] = readYaml(text)
  const positionOf = linePositions(text)
  if (document === undefined || more.length > 0 || (document.root === null && document.problems.length === 0))
    throw invalidSettings([`${file}: ${example}`])
  const { root, problems } = document
  const result = root === null ? null : schema.safeParse(root.value)
  if (result?.success === true) return result.data
  if (root !== null && !Object.keys(schema.shape).some(key => root.children.has(key)))
    throw invalidSettings([`${file}: ${example}`])
  const explained =
    root === null || result === null
      ? problems
      : explainIssues(schema, root, { issues: result.error.issues, most: 20 }).problems
  throw invalidSettings(
    explained.map(({ offset, message }) => renderDiagnostic({ file, position: positionOf(offset), message })),
  )
}

export function invalidSettings(problems: readonly string[], hint?: string): FlotillaError {
  return new FlotillaError('usage/invalid', problems.join('\n'), hint === undefined ? {} : { hint })
}
