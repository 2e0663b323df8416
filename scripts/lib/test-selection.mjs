import { readdirSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/**
 * @typedef {'unit' | 'engine' | 'alone'} TestKind
 * unit: needs no engine. engine: runs against one, beside others. alone: may kill or restart the engine.
 */

const suffix = '.test.ts'

/**
 * Every test file's path below test/, without its ending, sorted: `manifest/spec`, `e2e/scale`. Read from the
 * sources, because dist/ still holds what was compiled from files that are gone.
 * @param {string} folder
 * @returns {readonly string[]}
 */
export function listTests(folder) {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return entries
    .filter(path => path.endsWith(suffix))
    .map(path => relative(folder, join(folder, path)).split(sep).join('/').slice(0, -suffix.length))
    .toSorted()
}

/**
 * The tests that the words select: `unit`, `engine` and `alone` by kind, anything else by a part of the path.
 * No words select all.
 * @param {{ readonly tests: readonly string[], readonly words: readonly string[] }} wanted
 * @returns {readonly string[]}
 */
export function selectTests({ tests, words }) {
  if (words.length === 0) return tests
  return tests.filter(test => words.some(word => isMeant(test, word)))
}

/**
 * In the order in which they are begun: files run side by side, and a long one that is begun last keeps
 * everybody waiting. How long its source is tells well enough how long it runs, on a machine too that has
 * never run it.
 * @param {string} folder
 * @param {readonly string[]} tests
 * @returns {readonly string[]}
 */
export function longestFirst(folder, tests) {
  const bytesOf = (/** @type {string} */ test) => statSync(join(folder, `${test}${suffix}`)).size
  const sizes = new Map(tests.map(test => [test, bytesOf(test)]))
  return tests.toSorted((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0))
}

/** @param {string} test @param {string} word */
function isMeant(test, word) {
  if (isKind(word)) return kindOf(test) === word
  // A whole file name means that file, not each one that starts like it.
  return word.includes('.test') ? test === tidy(word) : test.includes(tidy(word))
}

/** @param {string} test @returns {TestKind} */
export function kindOf(test) {
  // What is in memory keeps the contracts as well, and needs no engine for that.
  if (!/^(contract|e2e)\//.test(test) || test.endsWith('-fake')) return 'unit'
  return test.endsWith('.alone') ? 'alone' : 'engine'
}

/** @param {string} word @returns {word is TestKind} */
function isKind(word) {
  return word === 'unit' || word === 'engine' || word === 'alone'
}

/** People paste paths as they see them: `test/e2e/scale.test.ts`. @param {string} word */
function tidy(word) {
  return word.replace(/^(\.\/)?(dist\/)?test\//, '').replace(/\.test(\.[jt]s)?$/, '')
}
