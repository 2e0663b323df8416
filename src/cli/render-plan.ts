import { entryOf } from '../model/actions/action-kinds.js'
import { impactOf } from '../reconciler/plan/impact.js'
import type { Action, Plan } from '../model/plan.js'
import { planLines, renderAction, type PlanLine } from '../reconciler/plan/render-plan.js'
import { plural } from '../units.js'
import type { Style, Colors } from './colors.js'
import { wrap } from './table.js'

/** How the reader looks at it. */
export interface PlanContext {
  /** Width of the terminal; null in a pipe, where nothing is wrapped. */
  readonly columns: number | null
  readonly colors: Colors
}

/**
 * A plan as a diff: the lines of its one text, a mark before each action for what comes (+), goes (-) and
 * changes (~), and below it what it disrupts. Ends in a line that sums up, where there is anything to do.
 */
export function renderPlanDiff(plan: Plan, context: PlanContext): string {
  const lines = planLines(plan)
  if (lines.length === 1 && lines[0]?.kind === 'settled') return `${plan.flotilla}: ${lines[0].text}\n`
  const body = lines.flatMap(line => renderLine(line, plan, context))
  const sum = plan.stages.length === 0 ? [] : inLines(summary(plan), { indent: '', context, style: plain })
  return [context.colors.bold(`${plan.flotilla}:`), ...body, ...sum].map(line => `${line}\n`).join('')
}

/** For programs: each action with its words and what it disrupts. */
export function planFacts(plan: Plan): unknown {
  const stages = plan.stages.map(stage =>
    stage.map(action => ({
      ...action,
      text: renderAction(action),
      disrupts: impactOf(action, plan),
    })),
  )
  return { ...plan, stages }
}

function renderLine(line: PlanLine, plan: Plan, context: PlanContext): readonly string[] {
  const { colors } = context
  switch (line.kind) {
    case 'action': {
      const { mark, style } = markOf(line.action, colors)
      const disrupts = impactOf(line.action, plan)
      return [
        ...inLines(`${mark} ${line.text.trimStart()}`, { indent: '    ', context, style }),
        ...(disrupts === null
          ? []
          : inLines(`disrupts: ${disrupts}`, { indent: '        ', context, style: colors.warning })),
      ]
    }
    case 'settled':
    case 'stage':
    case 'wait':
    case 'failing':
      return inLines(line.text, { indent: '  ', context, style: plain })
    case 'refusal':
      return inLines(line.text, { indent: '  ', context, style: colors.bad })
    case 'command':
      return inLines(line.text.trimStart(), { indent: '    ', context, style: colors.bold })
  }
}

/** Lines that go on are set in below the first. */
function inLines(
  text: string,
  {
    indent,
    context,
    style,
  }: { readonly indent: string; readonly context: PlanContext; readonly style: Style },
): readonly string[] {
  const [first = '', ...more] =
    context.columns === null ? [text] : wrap(text, Math.max(20, context.columns - indent.length - 4))
  return [indent + style(first), ...more.map(rest => `${indent}    ${style(rest)}`)]
}

function markOf(action: Action, colors: Colors): { readonly mark: string; readonly style: Style } {
  const { mark = '~' } = entryOf(action)
  return { mark, style: mark === '+' ? colors.good : mark === '-' ? colors.bad : plain }
}

/** What people look for first: how much is done, and what somebody will notice of it. */
function summary(plan: Plan): string {
  const actions = plan.stages.flat()
  const noticed = actions.flatMap(action => impactOf(action, plan)?.split(':')[0] ?? [])
  const disrupts = noticed.length === 0 ? 'nothing' : [...new Set(noticed)].join('; ')
  return `${plural(actions.length, 'action')} in ${plural(plan.stages.length, 'stage')}; disrupts: ${disrupts}`
}

const plain: Style = text => text
