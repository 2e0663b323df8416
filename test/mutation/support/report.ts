import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderTable } from '../../../src/cli/table.js'
import type { Verdict } from './protocol.js'
import type { MutantResult, MutationResult } from './run.js'

/**
 * Share of mutants that a test finds: by failing, or by never ending. All that there are count, those that no
 * test passes as well.
 */
export function scoreOf(results: readonly MutantResult[]): number {
  const found = results.filter(({ verdict }) => isFound(verdict))
  return results.length === 0 ? 1 : found.length / results.length
}

/** The score of each file, and every mutant that nobody found. */
export function renderResult({ results, testTitles, leftOut }: MutationResult): string {
  const files = [...new Set(results.map(({ mutant }) => mutant.file))]
  const rows = files.map(file =>
    rowOf(
      file,
      results.filter(({ mutant }) => mutant.file === file),
    ),
  )
  const lost = results.filter(({ verdict }) => !isFound(verdict)).map(lineOf)
  return [
    ...(lost.length === 0 ? [] : ['not found by any test:', ...lost, '']),
    renderTable(
      ['FILE', 'SCORE', 'MUTANTS', 'KILLED', 'HUNG', 'SURVIVED', 'UNREACHED'],
      [...rows, rowOf('all', results)],
    ),
    ...leftOut.map(title => `left out, because it takes too long: “${title}”`),
    `${results.length} mutants, ${testTitles.length - leftOut.length} tests, score ${percent(scoreOf(results))}`,
    '',
  ].join('\n')
}

/**
 * The format that viewers of mutation tests read:
 * https://github.com/stryker-mutator/mutation-testing-elements
 */
export function toReport(root: string, { results, testTitles }: MutationResult): object {
  const files: Record<string, { language: string; source: string; mutants: object[] }> = {}
  for (const { mutant, verdict } of results) {
    const { id, file, mutator, start, end, replacement } = mutant
    files[file] ??= {
      language: 'typescript',
      source: readFileSync(join(root, file), 'utf8'),
      mutants: [],
    }
    files[file].mutants.push({
      id,
      mutatorName: mutator,
      replacement,
      location: { start, end },
      status: statusNames[verdict.kind],
      ...(verdict.kind === 'killed' && verdict.by !== null ? { statusReason: testTitles[verdict.by] } : {}),
    })
  }
  return { schemaVersion: '1', thresholds: { high: 90, low: 80 }, files }
}

const statusNames = {
  killed: 'Killed',
  hung: 'Timeout',
  survived: 'Survived',
  unreached: 'NoCoverage',
} as const satisfies Readonly<Record<Verdict['kind'], string>>

function isFound({ kind }: Verdict): boolean {
  return kind === 'killed' || kind === 'hung'
}

function rowOf(name: string, results: readonly MutantResult[]): readonly string[] {
  const count = (kind: Verdict['kind']): string =>
    String(results.filter(({ verdict }) => verdict.kind === kind).length)
  return [
    name,
    percent(scoreOf(results)),
    String(results.length),
    ...(['killed', 'hung', 'survived', 'unreached'] as const).map(count),
  ]
}

/** `plan/crashes.ts:19:10 EqualityOperator: a > b → a >= b`, and whether any test passes there. */
function lineOf({ mutant, verdict }: MutantResult): string {
  const { file, start, mutator, original, replacement } = mutant
  const unreached = verdict.kind === 'unreached' ? ' (no test passes here)' : ''
  return `  ${file}:${start.line}:${start.column} ${mutator}: ${onOneLine(original)} → ${onOneLine(replacement)}${unreached}`
}

function onOneLine(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ')
  return line.length <= codeMax ? line : `${line.slice(0, codeMax - 1)}…`
}

/** As much code as tells one mutant from another. */
const codeMax = 110

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
