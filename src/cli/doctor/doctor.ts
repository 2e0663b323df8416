import type { Output } from '../output.js'
import { createPaint, type Paint } from '../paint.js'
import type { Places } from '../open-store.js'
import type { Environment } from '../session.js'
import { wrap } from '../table.js'
import { examine, type CheckedFinding } from './checks.js'
import type { Verdict } from './finding.js'
import { gatherFacts } from './gather.js'

/** Looks at everything that Flotilla stands on. @returns whether nothing failed; a warning is no failure. */
export async function runDoctor(
  request: { readonly places: Places; readonly env: Environment; readonly format: 'text' | 'json' },
  output: Output,
): Promise<boolean> {
  const findings = examine(await gatherFacts(request.places, request.env))
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
  { columns, colour }: Pick<Output, 'columns' | 'colour'>,
): string {
  const paint = createPaint(colour)
  const width = columns === null ? 10_000 : Math.max(columns - indent, 20)
  const blocks = findings.map(finding => renderFinding(finding, paint, width))
  return `${[...blocks.flat(), '', summarize(findings)].join('\n')}\n`
}

function renderFinding({ verdict, check, found, means, fix }: CheckedFinding, paint: Paint, width: number) {
  const mark = brushOf(verdict, paint)(verdict.padEnd(9))
  const [first = '', ...rest] = wrap(found, width)
  const more = [
    ...rest,
    ...(means === null ? [] : wrap(means, width)),
    // A command is not broken into lines: it is there to be copied.
    ...(fix === null ? [] : [`fix: ${fix}`]),
  ]
  return [`${mark}${check.padEnd(indent - 9)}${first}`, ...more.map(line => ' '.repeat(indent) + line)]
}

function brushOf(verdict: Verdict, paint: Paint): (text: string) => string {
  return { ok: paint.good, warning: paint.doubtful, failure: paint.bad, unknown: paint.faint }[verdict]
}

function summarize(findings: readonly CheckedFinding[]): string {
  const count = (verdict: Verdict): number => findings.filter(one => one.verdict === verdict).length
  const failures = count('failure')
  const warnings = count('warning')
  const rest = `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${count('ok')} ok, ${count('unknown')} unknown`
  return `${failures} ${failures === 1 ? 'failure' : 'failures'}, ${rest}`
}
