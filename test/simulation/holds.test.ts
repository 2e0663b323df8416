import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { typingsIn } from '../../src/dashboard/model/typing.js'
import type { FlotillaStatus } from '../../src/reconciler/status/status.js'
import { remediesOfHolds } from '../support/remedies.js'
import { holdCases, type HoldCase, type Played } from './support/hold-cases.js'
import { stageBlank, stageReady, type Stage } from './support/stage.js'
import { typeWhatItSays } from './support/typist.js'

describe('what a hold says to type ends it', () => {
  for (const hold of holdCases) {
    const { code, says, because, proof } = hold
    if ('file' in proof) continue
    for (const [index, { command, note }] of typingsIn(says).entries()) {
      const name = [code, because, command ?? note].filter(words => words !== undefined)
      test(name.join(': '), () => typeAndSee(hold, proof, index))
    }
  }
})

/** @param way which of the ways out that it names is gone. */
async function typeAndSee(hold: HoldCase, played: Played, way: number): Promise<void> {
  const stage = played.isFromTheStart === true ? stageBlank(played.spec) : await stageReady(played.spec)
  const { run, until } = stage
  if (played.isFromTheStart !== true) {
    // Known by now to be in sync.
    const fromMs = run.world.clock.monotonicMs()
    await until('some seconds to pass', 9_000, () => run.world.clock.monotonicMs() - fromMs > 8_000)
  }
  played.comesOf(stage)
  run.start()
  await until(`the hold ${hold.says}`, 300_000, () => {
    played.goesOn?.(stage)
    return whatIsSaid(stage, hold) !== null
  })
  const whatToType = whatIsSaid(stage, hold) ?? ''
  played.mend?.(stage)
  const ways = typingsIn(whatToType)
  const command = ways[way]?.command ?? null
  if (command !== null) await typeWhatItSays(run, command)
  else played.inWords?.[ways.slice(0, way).filter(one => one.command === null).length]?.(stage)
  played.afterwards?.(stage)
  await until(`the end of ${hold.code} after: ${whatToType}`, 60_000, () => {
    const { status } = run.keeper
    return whatIsSaid(stage, hold) === null && status?.phase !== 'Held'
  })
  assert.equal(run.rules.violation, null)
}

test('each place in the program that says what to type has an entry in the table, and no entry is of none', () => {
  const places = remediesOfHolds()
  const written = places.map(({ words }) => words)
  const tried = holdCases.map(({ says }) => says)
  const untried = places.filter(({ words }) => countOf(written, words) > countOf(tried, words))
  assert.deepEqual(untried, [], 'say in hold-cases.ts how it is shown that this helps')
  assert.deepEqual(
    tried.filter(words => countOf(tried, words) > countOf(written, words)),
    [],
  )
})

test('a way out that is no command has somebody in the table who takes it', () => {
  for (const { says, proof } of holdCases) {
    if ('file' in proof) continue
    const inWords = typingsIn(says).filter(({ command }) => command === null)
    assert.equal(proof.inWords?.length ?? 0, inWords.length, says)
  }
})

test('what is to be typed can be copied as it is: a command ends where its explanation begins', () => {
  for (const { words, at } of remediesOfHolds())
    for (const { command } of typingsIn(words)) assert.doesNotMatch(command ?? '', /, |; | \(/, at)
})

test('a hold that the simulation can’t bring about is typed by the test that is named for it', () => {
  for (const { says, proof } of holdCases)
    if ('file' in proof) {
      const text = readFileSync(proof.file, 'utf8').replaceAll("\\'", "'")
      const start = text.indexOf(`test(${quoted(text, proof.title)}`)
      assert.ok('takes' in proof || proof.file.startsWith('test/e2e/'), says)
      assert.notEqual(start, -1, `${proof.file} has no test "${proof.title}" for: ${says}`)
    }
})

function quoted(text: string, title: string): string {
  return (
    ["'", '"', '`'].map(quote => `${quote}${title}${quote}`).find(one => text.includes(`test(${one}`)) ??
    title
  )
}

function countOf(all: readonly string[], one: string): number {
  return all.filter(other => other === one).length
}

/** What is said to type now by the place in the program that this is about; null when it says nothing. */
function whatIsSaid({ run }: Stage, { code, says, because = '' }: HoldCase): string | null {
  const isIt = (one: FlotillaStatus['refusing'][number]): boolean =>
    one.code === code && one.why.includes(because) && matches(says, one.whatToType)
  return run.keeper.status?.refusing.find(isIt)?.whatToType ?? null
}

function matches(says: string, words: string): boolean {
  const pattern = says.split('…').map(piece => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pattern.join('[^]*?')}$`).test(words)
}
