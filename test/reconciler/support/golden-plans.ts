import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { howToUpdate, updatesGoldens } from '../../support/golden.js'

/** Where whole plan texts are kept, one file per test file and one section per situation. */
export const goldenPlansFolder = 'test/reconciler/plan/golden'

/**
 * The plan reads as it is kept. `name` is `<file>/<situation>`: the section `== <situation>` of that file.
 * Every sentence that a planner says is in one of them, so that a new wording is seen as a diff in review.
 */
export function compareGoldenPlan(name: string, text: string): void {
  const [file = '', situation = ''] = name.split('/')
  const path = `${goldenPlansFolder}/${file}.txt`
  const kept = readSections(path)
  if (updatesGoldens()) {
    mkdirSync(goldenPlansFolder, { recursive: true })
    writeFileSync(path, joinSections(new Map([...kept, [situation, text]])))
    return
  }
  assert.ok(kept.has(situation), `${path} has no plan for ${situation}; ${howToUpdate}`)
  assert.equal(text, kept.get(situation))
}

/** The kept plans of a file by their situation; none when there is no such file yet. */
export function readSections(path: string): ReadonlyMap<string, string> {
  if (!existsSync(path)) return new Map()
  const sections = readFileSync(path, 'utf8').split(/^== /m).slice(1)
  return new Map(
    sections.map(section => {
      const [situation = '', ...lines] = section.trimEnd().split('\n')
      return [situation, `${lines.join('\n')}\n`]
    }),
  )
}

function joinSections(sections: ReadonlyMap<string, string>): string {
  return [...sections].map(([situation, text]) => `== ${situation}\n${text}`).join('\n')
}
