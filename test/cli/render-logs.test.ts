import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from '../../src/cli/colors.js'
import { mergeByTime, renderLine, type NodeLine } from '../../src/cli/render-logs.js'
import { compareScreens } from '../support/golden.js'

const lines: readonly NodeLine[] = [
  line(0, '12:00:00.000000001', 'Ready to accept connections'),
  line(0, '12:00:02.000000000', 'Replica shop-10:6379 asks for synchronization'),
  line(10, '12:00:00.000000000', 'Connecting to MASTER shop-0:6379'),
  line(10, '12:00:02.000000001', 'MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.'),
]

compareScreens('logs', ({ colors }) =>
  mergeByTime(lines)
    .map(one => renderLine(one, { colors, aliasWidth: 7 }))
    .join(''),
)

test('lines are in the order of their times, to the nanosecond', () => {
  assert.deepEqual(
    mergeByTime(lines).map(({ ordinal }) => ordinal),
    [10, 0, 0, 10],
  )
})

test('what a container writes draws nothing on the terminal', () => {
  const text = renderLine(line(1, '12:00:00.0', '\u001b[2Jgone'), {
    colors: createColors(false),
    aliasWidth: 6,
  })
  assert.equal(text, 'shop-1 | gone\n')
})

function line(ordinal: number, time: string, text: string): NodeLine {
  return { ordinal, alias: `shop-${ordinal}`, at: `2026-11-23T${time}Z`, text }
}
