import { disruptionOf } from '../reconciler/plan/disruption.js'
import type { Action, Plan } from '../reconciler/plan/plan.js'
import { planLines, renderAction, type PlanLine } from '../reconciler/plan/text.js'
import type { Brush, Paint } from './paint.js'
import { wrap } from './table.js'

/** How the reader looks at it. */
export interface PlanView {
  /** Width of the terminal; null in a pipe, where nothing is wrapped. */
  readonly columns: number | null
  readonly paint: Paint
}

/**
 * A plan as a diff: the lines of its one text, a mark before each action for what comes (+), goes (-) and changes (~), and below it what it disrupts. Ends in
 * a line that sums up, where there is anything to do.
 */
export function renderPlanDiff(plan: Plan, view: PlanView): string {
  const lines = planLines(plan)
  if (lines.length === 1 && lines[0]?.kind === 'settled') return `${plan.flotilla}: ${lines[0].text}\n`
  const body = lines.flatMap(line => renderLine(line, plan, view))
  const sum = plan.stages.length === 0 ? [] : inLines(summary(plan), { indent: '', view, brush: asIs })
  return [view.paint.strong(`${plan.flotilla}:`), ...body, ...sum].map(line => `${line}\n`).join('')
}

/** For programs: each action with its words and what it disrupts. */
export function planFacts(plan: Plan): unknown {
  const stages = plan.stages.map(stage =>
    stage.map(action => ({
      ...action,
      text: renderAction(action),
      disrupts: disruptionOf(action, plan),
    })),
  )
  return { ...plan, stages }
}

function renderLine(line: PlanLine, plan: Plan, view: PlanView): readonly string[] {
  const { paint } = view
  switch (line.kind) {
    case 'action': {
      const { mark, brush } = markOf(line.action, paint)
      const disrupts = disruptionOf(line.action, plan)
      return [
        ...inLines(`${mark} ${line.text.trimStart()}`, { indent: '    ', view, brush }),
        ...(disrupts === null
          ? []
          : inLines(`disrupts: ${disrupts}`, { indent: '        ', view, brush: paint.doubtful })),
      ]
    }
    case 'settled':
    case 'stage':
    case 'wait':
    case 'failing':
      return inLines(line.text, { indent: '  ', view, brush: asIs })
    case 'refusal':
      return inLines(line.text, { indent: '  ', view, brush: paint.bad })
    case 'command':
      return inLines(line.text.trimStart(), { indent: '    ', view, brush: paint.strong })
  }
}

/** Lines that go on are set in below the first. */
function inLines(
  text: string,
  { indent, view, brush }: { readonly indent: string; readonly view: PlanView; readonly brush: Brush },
): readonly string[] {
  const [first = '', ...more] =
    view.columns === null ? [text] : wrap(text, Math.max(20, view.columns - indent.length - 4))
  return [indent + brush(first), ...more.map(rest => `${indent}    ${brush(rest)}`)]
}

function markOf(action: Action, paint: Paint): { readonly mark: string; readonly brush: Brush } {
  switch (action.kind) {
    case 'pull-image':
    case 'create-network':
    case 'create-volume':
    case 'create-container':
    case 'start-container':
      return { mark: '+', brush: paint.good }
    case 'stop-container':
    case 'kill-container':
    case 'remove-container':
    case 'remove-network':
    case 'remove-volume':
      return { mark: '-', brush: paint.bad }
    default:
      return { mark: '~', brush: asIs }
  }
}

/** What people look for first: how much is done, and what somebody will notice of it. */
function summary(plan: Plan): string {
  const actions = plan.stages.flat()
  const noticed = actions.flatMap(action => disruptionOf(action, plan)?.split(':')[0] ?? [])
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
  const disrupts = noticed.length === 0 ? 'nothing' : [...new Set(noticed)].join('; ')
  return `${count(actions.length, 'action')} in ${count(plan.stages.length, 'stage')}; disrupts: ${disrupts}`
}

const asIs: Brush = text => text
