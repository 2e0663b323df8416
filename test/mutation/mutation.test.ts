import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { renderResult, scoreOf, toReport } from './support/report.js'
import { testMutants, type MutationResult } from './support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-mutation-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/**
 * A project of one source and one test file. What the source was compiled to is not looked at, but must be
 * there.
 */
async function judge(
  name: string,
  { source, tests }: { readonly source: string; readonly tests: string },
): Promise<MutationResult> {
  const root = join(folder, name)
  mkdirSync(join(root, 'src'), { recursive: true })
  mkdirSync(join(root, 'dist/src'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'src/one.ts'), source)
  writeFileSync(join(root, 'dist/src/one.js'), '')
  const head = `import assert from 'node:assert/strict'\nimport { describe, test } from 'node:test'\nimport * as one from './src/one.js'\n`
  writeFileSync(join(root, 'dist/one.test.js'), head + tests)
  return testMutants({
    root,
    sources: ['src/one.ts'],
    tests: ['dist/one.test.js'],
    processes: 1,
    testMsMax: 1_000,
  })
}

/** `original → replacement: verdict`, those of one mutator. */
function verdicts({ results }: MutationResult, mutator: string): readonly string[] {
  return results
    .filter(({ mutant }) => mutant.mutator === mutator)
    .map(({ mutant, verdict }) => `${mutant.original} → ${mutant.replacement}: ${verdict.kind}`)
}

test('a mutant that a test notices is killed, one that none notices survives', async () => {
  const result = await judge('boundary', {
    source: 'export function isAdult(years: number): boolean {\n  return years >= 18\n}\n',
    tests: `test('a grown-up is one', () => assert.ok(one.isAdult(30)))\ntest('a child is none', () => assert.ok(!one.isAdult(3)))`,
  })
  assert.deepEqual(verdicts(result, 'EqualityOperator'), [
    'years >= 18 → years > 18: survived',
    'years >= 18 → years < 18: killed',
  ])
  assert.match(renderResult(result), /src\/one\.ts:2:10 EqualityOperator: years >= 18 → years > 18\n/)
  assert.equal(scoreOf(result.results), 4 / 5)
})

test('a mutant in a place that no test passes is told apart, and counts as not found', async () => {
  const result = await judge('unreached', {
    source: `export const half = (n: number): number => n / 2\nexport const twice = (n: number): number => n * 2\n`,
    tests: `describe('one', () => test('halves', () => assert.equal(one.half(8), 4)))`,
  })
  assert.deepEqual(verdicts(result, 'ArithmeticOperator'), [
    'n / 2 → n * 2: killed',
    'n * 2 → n / 2: unreached',
  ])
  assert.match(renderResult(result), /n \* 2 → n \/ 2 \(no test passes here\)/)
})

test('what is made while files are imported is judged too', async () => {
  const result = await judge('static', {
    source: `const names = ['a']\nexport const count = names.length\nexport const greeting = 'hello'\n`,
    tests: `test('there is one', () => assert.equal(one.count, 1))`,
  })
  assert.deepEqual(verdicts(result, 'ArrayDeclaration'), [`['a'] → []: killed`])
  assert.deepEqual(verdicts(result, 'StringLiteral'), [`'a' → "": survived`, `'hello' → "": survived`])
})

test('a mutant that never ends is found, and ends', async () => {
  const result = await judge('endless', {
    source: `export function count(upTo: number): number {\n  let n = 0\n  while (n < upTo) n++\n  return n\n}\n`,
    tests: `test('counts', () => assert.equal(one.count(3), 3))`,
  })
  assert.deepEqual(verdicts(result, 'UpdateOperator'), ['n++ → n--: hung'])
})

test('tests that fail without a mutant prove nothing, and that is said', async () => {
  await assert.rejects(
    judge('broken', {
      source: 'export const one = 1\n',
      tests: `test('is two', () => assert.equal(one.one, 2))`,
    }),
    /“is two” fails without any mutant/,
  )
})

test('tests that leave something behind are found out', async () => {
  await assert.rejects(
    judge('leftovers', {
      source: 'export const isOdd = (n: number): boolean => n % 2 === 1\n',
      tests: `let runs = 0\ntest('runs once', () => { runs += 1; assert.ok(one.isOdd(3)); assert.ok(runs <= 1) })`,
    }),
    /tests leave something behind/,
  )
})

test('the report that viewers read names every mutant, where it is and what came of it', async () => {
  const result = await judge('report', {
    source: 'export const isOne = (n: number): boolean => n === 1\n',
    tests: `test('one is one', () => assert.equal(one.isOne(1), true))`,
  })
  const report = toReport(join(folder, 'report'), result) as {
    readonly files: Readonly<Record<string, { readonly mutants: readonly Record<string, unknown>[] }>>
  }
  const mutant = report.files['src/one.ts']?.mutants.find(one => one['replacement'] === 'n !== 1')
  assert.deepEqual(mutant, {
    id: mutant?.['id'],
    mutatorName: 'EqualityOperator',
    replacement: 'n !== 1',
    location: { start: { line: 1, column: 46 }, end: { line: 1, column: 53 } },
    status: 'Killed',
    statusReason: 'one is one',
  })
})
