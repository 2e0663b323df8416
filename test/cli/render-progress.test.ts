import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LiveBlock } from '../../src/cli/live-block.js'
import type { Output } from '../../src/cli/output.js'
import { renderProgress, type FlotillaProgress } from '../../src/cli/render-progress.js'
import { computeStatus } from '../../src/reconciler/report/compute-status.js'
import { decide } from '../../src/reconciler/plan/plan-flotilla.js'
import { master, follower, planInput, replica, settledNodes, type Case } from '../reconciler/support/world.js'
import type { FlotillaStatus } from '../../src/model/status.js'
import { compareScreens } from '../support/golden.js'

const nothing = { status: null, steps: null, stepOf: new Map<number, string>(), pull: null }

const progress: Readonly<Record<string, readonly FlotillaProgress[]>> = {
  pulling: [
    {
      ...nothing,
      name: 'cart',
      steps: { done: 1, total: 14, last: 'record creation: node 0 is to be master, epoch 1' },
      pull: { image: 'redis:8', doneBytes: 50 * 1024 ** 2, totalBytes: 110 * 1024 ** 2 },
    },
  ],
  starting: [
    {
      ...nothing,
      name: 'cart',
      steps: { done: 9, total: 17, last: 'start cart-replica-1' },
      stepOf: new Map([
        [0, 'started'],
        [1, 'started'],
        [2, 'created'],
      ]),
    },
    { ...nothing, name: 'shop', status: statusOf({ nodes: settledNodes(), seen: { resources: null } }) },
  ],
  synchronising: [
    {
      ...nothing,
      name: 'shop',
      status: statusOf({
        nodes: [
          master(0, { followers: [follower(1)] }),
          replica(1),
          replica(2, {
            upstream: { link: 'down', syncing: true, syncTotalBytes: 209_715_200, syncReadBytes: 90_177_536 },
          }),
        ],
        seen: { resources: null },
      }),
    },
  ],
}

for (const [name, flotillas] of Object.entries(progress))
  compareScreens(`progress-${name}`, update =>
    // In a pipe nothing is drawn; this is a terminal that says nothing of its width.
    renderProgress(flotillas, { columns: update.columns ?? 80, colors: update.colors }),
  )

describe('a block that is drawn over itself', () => {
  test('is taken away before a line that stays, and drawn again below it', () => {
    const { written, block } = blockOf(24)
    block.draw('a\nb\n')
    block.above.note('it stays')
    block.draw('c\n')
    block.clear()
    assert.deepEqual(written, [
      'a\nb\n',
      '\u001b[2A\u001b[J',
      'note: it stays',
      'a\nb\n',
      '\u001b[2A\u001b[Jc\n',
      '\u001b[1A\u001b[J',
    ])
  })

  test('is never higher than the terminal: what has scrolled away can’t be drawn over', () => {
    const { written, block } = blockOf(3)
    block.draw('a\nb\nc\nd\n')
    block.clear()
    assert.deepEqual(written, ['a\nb\n', '\u001b[2A\u001b[J'])
  })
})

function statusOf(facts: Case): FlotillaStatus {
  const input = planInput(facts)
  return computeStatus(input, decide(input), { specProblem: null, failure: null, previous: null })
}

function blockOf(rows: number): { readonly written: string[]; readonly block: LiveBlock } {
  const written: string[] = []
  const output: Output = {
    result: text => void written.push(text),
    note: text => void written.push(`note: ${text}`),
    draw: text => void written.push(text),
    ...{ stdoutIsTerminal: true, color: false, columns: 80 },
  }
  return { written, block: new LiveBlock(output, () => rows) }
}
