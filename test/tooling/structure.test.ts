import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSource } from './source-tree.js'
import { circlesIn, functionsOf, roomGraph } from './structure.js'

test('the lines of a function are those that hold code', () => {
  const text = ['const one = 1', 'function add() {', '  // Why.', '', '  return one + 1', '}'].join('\n')
  assert.deepEqual(functionsOf({ path: 'x.ts', text }), [{ name: 'add, x.ts:2', lines: 3 }])
})

test('rooms that can be reached from each other are one circle, and others none', () => {
  const graph = roomGraph([
    parseSource({ path: 'src/tls/x.ts', text: `import { a } from '../state/a.js'` }),
    parseSource({ path: 'src/state/a.ts', text: `import { b } from '../reconciler/plan/b.js'` }),
    parseSource({ path: 'src/reconciler/plan/b.ts', text: `import type { X } from '../../tls/x.js'` }),
    parseSource({ path: 'src/cli/c.ts', text: `import { a } from '../state/a.js'` }),
  ])
  assert.deepEqual(circlesIn(graph), [['reconciler/plan', 'state', 'tls']])
})
