import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prettyWords } from '../../src/events/pretty-words.js'

const plain = { code: (text: string) => text, values: (text: string) => text }

function words(line: Readonly<Record<string, unknown>>): string {
  return prettyWords({ msg: 'a node is online', event: 'node.online', ...line }, 'msg', plain)
}

test('a line says its flotilla, code, message and values, in this order', () => {
  assert.equal(
    words({ level: 30, time: 1, pass: 'p1', flotilla: 'shop', node: 1, name: 'shop-replica-1' }),
    'shop  node.online  a node is online  node=1 name=shop-replica-1',
  )
})

test('what is not known is left out', () => {
  assert.equal(words({ from: null, afterMs: 12 }), 'node.online  a node is online  afterMs=12')
})

test('a value never breaks the line, nor looks like two', () => {
  assert.equal(
    words({ error: 'first\nsecond = "x"\u001b[31m' }),
    'node.online  a node is online  error="first\\nsecond = \\"x\\"\\u001b[31m"',
  )
})

test('a long list is cut', () => {
  assert.equal(
    words({ plan: ['a', 'b', 'c', 'd', 'e'] }),
    'node.online  a node is online  plan="a; b; c; and 2 more"',
  )
})
