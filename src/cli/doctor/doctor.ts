import type { Output } from '../output.js'
import { createColors, type Colors } from '../colors.js'
import type { Paths } from '../../session/open-store.js'
import type { Environment } from '../../session/session.js'
import { wrap } from '../table.js'
import { runChecks, type CheckedFinding } from './checks.js'
import type { Verdict } from './finding.js'
import { gatherFacts } from './gather.js'

/** Looks at everything that Flotilla stands on. @returns whether nothing failed; a warning is no failure. */
export async function runDoctor(
  request: { readonly paths: Paths; readonly env: Environment; readonly format: 'text' | 'json' },
  output: Output,
): Promise<boolean> {
  const findings = runChecks(await gatherFacts(request.paths, request.env))
  const passed = findings.every(({ verdict }) => verdict !== 'failure')
  output.result(
    request.format === 'json'
      ? `${JSON.stringify({ passed, checks: findings }, null, 2)}\n`
      : renderFindings(findings, output),
  )
  return passed
}

/** Enough for `warning  engine-disk  `. */
const indent = 22

export function renderFindings(
  findings: readonly CheckedFinding[],
  { columns, color }: Pick<Output, 'columns' | 'color'>,
): string {
  const colors = createColors(color)
  const width = columns === null ? 10_000 : Math.max(columns - indent, 20)
  const blocks = findings.map(finding => renderFinding(finding, colors, width))
  return `${[...blocks.flat(), '', summarize(findings)].join('\n')}\n`
}

function renderFinding({ verdict, check, found, means, fix }: CheckedFinding, colors: Colors, width: number) {
  const mark = verdictStyle(verdict, colors)(verdict.padEnd(9))
  const [first = '', ...rest] = wrap(found, width)
  const more = [
    ...rest,
    ...(means === null ? [] : wrap(means, width)),
    // A command is not broken into lines: it is there to be copied.
    ...(fix === null ? [] : [`fix: ${fix}`]),
  ]
  return [`${mark}${check.padEnd(indent - 9)}${first}`, ...more.map(line => ' '.repeat(indent) + line)]
}

function verdictStyle(verdict: Verdict, colors: Colors): (text: string) => string {
  return { ok: colors.good, warning: colors.warning, failure: colors.bad, unknown: colors.dim }[verdict]
}

function summarize(findings: readonly CheckedFinding[]): string {
  const count = (verdict: Verdict): number => findings.filter(one => one.verdict === verdict).length
  const failures = count('failure')
  const warnings = count('warning')
  const rest = `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${count('ok')} ok, ${count('unknown')} unknown`
  return `${failures} ${failures === 1 ? 'failure' : 'failures'}, ${rest}`
}
