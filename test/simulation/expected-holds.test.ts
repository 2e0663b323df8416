import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { remedySteps } from '../../src/dashboard/model/remedy-steps.js'
import type { RefusalCode } from '../../src/model/plan.js'
import type { FlotillaStatus } from '../../src/model/status.js'
import { remediesOfHolds } from '../support/remedies.js'
import { holdCases, type HoldCase, type Played } from './support/hold-cases.js'
import { stageBlank, readyScene, type Scene } from './support/scene.js'
import { runRemedy } from './support/run-remedy.js'

describe('what a hold says to type ends it', () => {
  for (const hold of holdCases) {
    const { code, says, because, proof } = hold
    if ('file' in proof) continue
    for (const [index, { command, note }] of remedySteps(says).entries()) {
      const name = [code, because, command ?? note].filter(words => words !== undefined)
      test(name.join(': '), () => typeAndSee(hold, proof, index))
    }
  }
})

/** @param way which of the ways out that it names is gone. */
async function typeAndSee(hold: HoldCase, played: Played, way: number): Promise<void> {
  const scene = played.isFromTheStart === true ? stageBlank(played.spec) : await readyScene(played.spec)
  const { run, until } = scene
  if (played.isFromTheStart !== true) {
    // Known by now to be in sync.
    const fromMs = run.world.clock.monotonicMs()
    await until('some seconds to pass', 9_000, () => run.world.clock.monotonicMs() - fromMs > 8_000)
  }
  played.comesOf(scene)
  run.start()
  await until(`the hold ${hold.says}`, 300_000, () => {
    played.goesOn?.(scene)
    return whatIsSaid(scene, hold) !== null
  })
  const remedy = whatIsSaid(scene, hold) ?? ''
  played.mend?.(scene)
  const ways = remedySteps(remedy)
  const command = ways[way]?.command ?? null
  if (command !== null) await runRemedy(scene, command)
  else played.inWords?.[ways.slice(0, way).filter(one => one.command === null).length]?.(scene)
  if (played.leadsTo !== undefined) await typeNext(scene, played.leadsTo)
  played.afterwards?.(scene)
  await until(`the end of ${hold.code} after: ${remedy}`, 60_000, () => {
    const { status } = run.daemon
    return whatIsSaid(scene, hold) === null && status?.phase !== 'Held'
  })
  assert.equal(run.rules.violation, null)
}

async function typeNext(scene: Scene, code: RefusalCode): Promise<void> {
  const remedyOfIt = (): string | null =>
    scene.run.daemon.status?.refusing.find(one => one.code === code)?.remedy ?? null
  await scene.until(`the hold ${code}`, 60_000, () => remedyOfIt() !== null)
  const [first] = remedySteps(remedyOfIt() ?? '')
  assert.ok(first?.command)
  await runRemedy(scene, first.command)
}

test('each place in the program that says how to fix it has an entry in the table, and no entry is of none', () => {
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
    const inWords = remedySteps(says).filter(({ command }) => command === null)
    assert.equal(proof.inWords?.length ?? 0, inWords.length, says)
  }
})

test('what is to be typed can be copied as it is: a command ends where its explanation begins', () => {
  for (const { words, at } of remediesOfHolds())
    for (const { command } of remedySteps(words)) assert.doesNotMatch(command ?? '', /, |; | \(/, at)
})

test('a hold that the simulation can’t bring about is typed by the test that is named for it', () => {
  for (const { says, proof } of holdCases)
    if ('file' in proof) {
      const text = readFileSync(proof.file, 'utf8').replaceAll("\\'", "'")
      const start = text.indexOf(`test(${quoted(text, proof.title)}`)
      assert.ok(proof.file.startsWith('test/e2e/'), says)
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
function whatIsSaid({ run }: Scene, { code, says, because = '', isFirstOfSeveral }: HoldCase): string | null {
  const isIt = (one: FlotillaStatus['refusing'][number]): boolean =>
    one.code === code &&
    one.reason.includes(because) &&
    matches(isFirstOfSeveral === true ? `${says}, or …` : says, one.remedy)
  const { status } = run.daemon
  if (code === null) return remedyInCondition(status, says)
  return status?.refusing.find(isIt)?.remedy ?? null
}

/** What is no hold says how to fix it at the end of a condition's message. */
function remedyInCondition(status: FlotillaStatus | null, says: string): string | null {
  const remedies = (status?.conditions ?? []).map(({ message }) => message.split('Fix: ')[1] ?? '')
  return remedies.find(remedy => matches(says, remedy)) ?? null
}

function matches(says: string, words: string): boolean {
  const pattern = says.split('…').map(piece => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pattern.join('[^]*?')}$`).test(words)
}
