import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from '../../src/cli/colors.js'
import { renderTable, wrap } from '../../src/cli/table.js'

const head = ['NAME', 'REASON', 'AGE']
const rows = [['shop', 'a master and 2 of 2 replicas online', '3d']]

test('columns are two spaces apart, and no line ends in spaces', () => {
  assert.equal(
    renderTable(
      ['A', 'B'],
      [
        ['x', ''],
        ['long', 'y'],
      ],
    ),
    'A     B\nx\nlong  y',
  )
})

test('colours take no room', () => {
  const { bad } = createColors(true)
  assert.equal(
    renderTable(
      ['A', 'B'],
      [
        [bad('x'), 'y'],
        ['z', 'y'],
      ],
    ),
    `A  B\n${bad('x')}  y\nz  y`,
  )
})

test('in a pipe nothing is wrapped', () => {
  assert.equal(renderTable(head, rows, { flexible: 1 }).split('\n').length, 2)
})

test('on a terminal the flexible column gives way', () => {
  assert.equal(
    renderTable(head, rows, { columns: 34, flexible: 1 }),
    ['NAME  REASON                   AGE', 'shop  a master and 2 of 2      3d', '      replicas online'].join(
      '\n',
    ),
  )
})

test('a word that is longer than the line is cut', () => {
  assert.deepEqual(wrap('ab cdefgh i', 4), ['ab', 'cdef', 'gh i'])
})
