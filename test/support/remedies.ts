import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import type { Refusal } from '../../src/model/plan.js'
import { readSources } from '../tooling/source-tree.js'

/** One way that the program has of saying how to fix it, as it is written in the source. */
export interface Remedy {
  /** With its line: `src/…/evidence.ts:69`. */
  readonly at: string
  /** With `…` for each value that is put in: `flotilla failover … --to … --force`. */
  readonly words: string
}

/** Of an object that holds, a function and a variable that make it. */
const field: keyof Refusal = 'remedy'
const makers: readonly string[] = [field, 'howToRepair']

/**
 * Every remedy of a hold, each branch by itself. @throws for one that is made in a way that can't be read
 * here, so that none is passed over.
 */
export function remediesOfHolds(): readonly Remedy[] {
  return readSources(['src/reconciler']).flatMap(({ path }) => remediesIn(path, readFileSync(path, 'utf8')))
}

/** A node of the syntax tree, as far as it is looked at. */
interface Syntax {
  readonly type: string
  readonly start: number
  readonly [key: string]: unknown
}

function remediesIn(path: string, text: string): readonly Remedy[] {
  const remedies: Remedy[] = []
  const values = new Map<string, Syntax>()
  const take = (node: Syntax): void => {
    const at = `${path}:${text.slice(0, node.start).split('\n').length}`
    for (const branch of branchesOf(node)) {
      const words = wordsOf(branch, values)
      if (words !== null) remedies.push({ at, words })
      else if (!isMadeElsewhere(branch))
        throw new Error(
          `${at}: nobody can tell what this says to type: ${text.slice(branch.start, branch.start + 60)}`,
        )
    }
  }
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const note = (node: Syntax): void => {
    if (node.type === 'VariableDeclarator' && isSyntax(node['init']) && isSyntax(node['id']))
      values.set(nameOf(node['id']), node['init'])
    for (const child of childrenOf(node)) note(child)
  }
  const walk = (node: Syntax): void => {
    if (node.type === 'VariableDeclarator' && isSyntax(node['init']) && isMaker(node['id']))
      take(node['init'])
    if (node.type === 'Property' && isMaker(node['key']) && isSyntax(node['value'])) take(node['value'])
    if (node.type === 'FunctionDeclaration' && isMaker(node['id']))
      for (const said of returnsOf(node)) take(said)
    for (const child of childrenOf(node)) walk(child)
  }
  note(program as unknown as Syntax)
  walk(program as unknown as Syntax)
  return remedies
}

function branchesOf(node: Syntax): readonly Syntax[] {
  const [one, other] =
    node.type === 'ConditionalExpression'
      ? [node['consequent'], node['alternate']]
      : node.type === 'LogicalExpression'
        ? [node['left'], node['right']]
        : []
  return isSyntax(one) && isSyntax(other) ? [...branchesOf(one), ...branchesOf(other)] : [node]
}

/**
 * A value that is put in and is a piece of the command itself is shown, as far as it is written in the same
 * file.
 */
function wordsOf(node: Syntax, values: ReadonlyMap<string, Syntax>): string | null {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type !== 'TemplateLiteral') return null
  const pieces = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[]
  const expressions = node['expressions'] as readonly Syntax[]
  return pieces
    .map(({ value }, index) => {
      const put = expressions[index]
      if (put === undefined) return value.cooked
      const known = put.type === 'Identifier' ? values.get(nameOf(put)) : undefined
      return `${value.cooked}${(known === undefined ? null : wordsOf(known, values)) ?? '…'}`
    })
    .join('')
}

/** Handed on from an object that has it, or made by a function that is named for it. */
function isMadeElsewhere(node: Syntax): boolean {
  switch (node.type) {
    case 'Identifier':
      return isMaker(node)
    case 'MemberExpression':
      return isMaker(node['property'])
    case 'CallExpression':
      return isMaker(node['callee']) || isShape(node['callee'])
    default:
      return false
  }
}

/** `z.string()`: what holds look like, and not one of them. */
function isShape(callee: unknown): boolean {
  return isSyntax(callee) && isSyntax(callee['object']) && nameOf(callee['object']) === 'z'
}

function returnsOf(node: Syntax): readonly Syntax[] {
  if (node.type === 'ReturnStatement') return isSyntax(node['argument']) ? [node['argument']] : []
  return childrenOf(node)
    .filter(({ type }) => !type.endsWith('FunctionExpression'))
    .flatMap(returnsOf)
}

function isMaker(node: unknown): boolean {
  return isSyntax(node) && makers.includes(nameOf(node))
}

function nameOf(node: Syntax): string {
  return node.type === 'Identifier' ? String(node['name']) : ''
}

function childrenOf(node: Syntax): readonly Syntax[] {
  return Object.values(node)
    .flatMap((value: unknown) => (Array.isArray(value) ? (value as readonly unknown[]) : [value]))
    .filter(isSyntax)
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'type' in value
}
