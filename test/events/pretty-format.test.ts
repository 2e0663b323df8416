import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPrettyLine } from '../../src/events/pretty-format.js'

const plain = { code: (text: string) => text, values: (text: string) => text }

function pretty(line: Readonly<Record<string, unknown>>): string {
  return formatPrettyLine({ msg: 'node is online', event: 'node.online', ...line }, 'msg', plain)
}

test('a line says its flotilla, code, message and values, in this order', () => {
  assert.equal(
    pretty({ level: 30, time: 1, pass: 'p1', flotilla: 'shop', node: 1, name: 'shop-replica-1' }),
    'shop  node.online  node is online  node=1 name=shop-replica-1',
  )
})

test('what is not known is left out', () => {
  assert.equal(pretty({ from: null, afterMs: 12 }), 'node.online  node is online  afterMs=12')
})

test('a value never breaks the line, nor looks like two', () => {
  assert.equal(
    pretty({ error: 'first\nsecond = "x"\u001b[31m' }),
    'node.online  node is online  error="first\\nsecond = \\"x\\"\\u001b[31m"',
  )
})

test('a long list is cut', () => {
  assert.equal(
    pretty({ plan: ['a', 'b', 'c', 'd', 'e'] }),
    'node.online  node is online  plan="a; b; c; and 2 more"',
  )
})
