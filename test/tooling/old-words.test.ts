import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

/**
 * Words that only this project used for what Redis, Docker and Kubernetes have names for, each with the name
 * to use. They stay out of names, comments, messages and documents.
 */
const oldWords: Readonly<Record<string, string>> = {
  'crown(?:ed|ing|s)?': 'promote',
  uncrowned: 'unpromoted',
  'reign(?:s|ed|ing)?': 'active',
  rightful: 'recorded master',
  'heirs?': 'successor',
  'usurpers?': 'unexpected master',
  'stray(?: master)': 'unexpected master',
  astray: 'wrong upstream',
  lifeless: 'unreachable',
  mastership: 'who is master',
  census: 'members',
  surplus: 'excess',
  haste: 'fast path',
  'nudg(?:e|ed|es|ing)': 'reconnect',
  'tun(?:e|es|ing)': 'apply config',
  foresee: 'preview',
  'attendants?': 'admin signals',
  'made anew': 'recreated',
  anew: 'again',
  'has most': 'most up to date',
  'somebody asks': 'someone requests',
  'what to type': 'how to fix it',
  'one node more': 'an extra node, the surge node',
  'time of grace': 'grace period',
  'for want of': 'for lack of; OOM-killed',
  'second judge': 'judge',
  'is brought along': 'is installed',
  'told whom to follow': 'just started',
  'stand-in': 'fallback image',
  'put right': 'fixed',
}

interface Exception {
  readonly what: RegExp
  readonly why: string
}

/** What may stay, because somebody else reads it under that name. */
const exceptions: readonly Exception[] = [
  { what: /io\.flotilla\.stand-in/g, why: 'a label on images that are on engines already' },
  { what: /`?image\.stand-in`?/g, why: 'docs/upgrading.md sets old names of events beside new ones' },
  { what: /\bTune:|fine-tun\w+/g, why: 'English' },
]

/**
 * The decisions and the list of changes tell what was; the page on upgrading sets old names beside new ones.
 */
const history = /^(?:docs\/adr\/|CHANGELOG\.md$|docs\/upgrading\.md$|test\/tooling\/old-words\.test\.ts$)/

const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .split('\n')
  .filter(file =>
    /^(?:src|cmd|docs|scripts|deploy|manifests|bench|test)\/|^[A-Z]+(?:\.zh-CN)?\.md$/.test(file),
  )
  .filter(file => /\.(?:tsx?|mjs|md|ya?ml|json|txt)$/.test(file) && !history.test(file))

test('no file speaks in words that the field has better ones for', () => {
  assert.ok(files.length > 500)
  assert.deepEqual(files.flatMap(oldWordsIn), [])
})

function oldWordsIn(file: string): readonly string[] {
  const text = exceptions.reduce((rest, { what }) => rest.replace(what, ''), readFileSync(file, 'utf8'))
  return Object.entries(oldWords).flatMap(([word, better]) =>
    [...text.matchAll(pattern(word))].map(match => `${file}: ${match[0]} → ${better}`),
  )
}

/**
 * As a word of its own or a part of a name: `census`, `Census`, `takeCensus`, `census.ts`; across a line's
 * end too.
 */
function pattern(word: string): RegExp {
  const first = word.charAt(0)
  const rest = word.slice(1).replaceAll(' ', '[\\s*/]+')
  return new RegExp(
    `(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))[${first}${first.toUpperCase()}]${rest}(?![a-z])`,
    'g',
  )
}
