import type { EventScope, FieldValue } from '../events/catalogue.js'
import type { Action } from '../model/plan.js'
import type { FlotillaStatus } from '../model/status.js'
import { LiveBlock } from './live-block.js'
import type { Output } from './output.js'
import { createColors } from './colors.js'
import { renderProgress, type FlotillaProgress } from './render-progress.js'

/**
 * The live picture below the lines of `up`: steps, nodes, bytes. Knows what the events and the looks have
 * told it.
 */
export class ProgressBoard {
  readonly #flotillas = new Map<string, FlotillaProgress>()
  readonly #block: LiveBlock
  readonly #output: Output

  /** @param output of a terminal. */
  constructor(output: Output, rows: () => number) {
    this.#output = output
    this.#block = new LiveBlock(output, rows)
  }

  /** For lines that stay. */
  get above(): Output {
    return this.#block.above
  }

  update(status: FlotillaStatus): void {
    this.#change(status.name, () => ({ status, steps: null, stepOf: new Map(), pull: null }))
  }

  handleEvent(
    code: string,
    fields: Readonly<Record<string, FieldValue | undefined>>,
    scope?: EventScope,
  ): void {
    const name = scope?.flotilla
    if (name === undefined) return
    switch (code) {
      case 'plan.started':
        return this.#change(name, () => ({
          steps: { done: 0, total: Number(fields['actions']), last: null },
          stepOf: new Map(),
        }))
      case 'action.done':
        return this.#change(name, before => ({
          steps: before.steps && {
            ...before.steps,
            done: before.steps.done + 1,
            last: String(fields['action']),
          },
          stepOf: withStep(before.stepOf, fields['node'], fields['kind']),
          pull: null,
        }))
      case 'image.pulling': {
        const [doneBytes, totalBytes] = [Number(fields['doneBytes']), Number(fields['totalBytes'])]
        return this.#change(name, () => ({ pull: { image: String(fields['image']), doneBytes, totalBytes } }))
      }
      default:
    }
  }

  close(): void {
    this.#block.clear()
  }

  #change(name: string, change: (before: FlotillaProgress) => Partial<FlotillaProgress>): void {
    const before = this.#flotillas.get(name) ?? {
      ...{ name, status: null, steps: null, pull: null },
      stepOf: new Map<number, string>(),
    }
    this.#flotillas.set(name, { ...before, ...change(before) })
    const flotillas = [...this.#flotillas.values()].sort((a, b) => a.name.localeCompare(b.name))
    const context = { columns: this.#output.columns ?? 80, colors: createColors(this.#output.color) }
    this.#block.draw(renderProgress(flotillas, context))
  }
}

function withStep(
  before: ReadonlyMap<number, string>,
  node: FieldValue | undefined,
  kind: FieldValue | undefined,
): ReadonlyMap<number, string> {
  const label = stepLabels[String(kind) as Action['kind']]
  return typeof node !== 'number' || label === undefined ? before : new Map([...before, [node, label]])
}

/** What can be said of a node after that step. */
const stepLabels: Readonly<Partial<Record<Action['kind'], string>>> = {
  'create-volume': 'creating',
  'create-container': 'created',
  'start-container': 'started',
  'stop-container': 'stopped',
  'kill-container': 'stopped',
  'remove-container': 'removed',
  'archive-data': 'its old data is set aside',
  promote: 'promoted',
  follow: 'synchronising',
}
