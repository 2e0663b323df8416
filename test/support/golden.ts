import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createColors, type Colors } from '../../src/cli/colors.js'
import { stripVTControlCharacters } from 'node:util'

/** How somebody looks at what a verb prints. */
export interface ScreenSettings {
  readonly columns: number | null
  readonly colors: Colors
}

const screens = {
  80: { columns: 80, colors: createColors(true) },
  200: { columns: 200, colors: createColors(true) },
  pipe: { columns: null, colors: createColors(false) },
} as const

/** Whether goldens are written again instead of compared. */
export function updatesGoldens(): boolean {
  return process.env['UPDATE_GOLDENS'] === '1'
}

export const howToUpdate = 'npm run goldens writes it again; look at the diff'

/**
 * Keeps what a renderer makes of fixed facts as files, `test/cli/screens/<name>.<80|200|pipe>.txt`, so that a
 * change of a screen is seen as one in review: on narrow and wide terminals (colours as they are sent: look
 * at them with `cat`) and in a pipe. `npm run goldens` writes them again.
 */
export function compareScreens(name: string, render: (screen: ScreenSettings) => string): void {
  for (const [width, screen] of Object.entries(screens)) {
    const path = `test/cli/screens/${name}.${width}.txt`
    test(`the screen ${name} at ${width} is as it is kept`, () => {
      const text = render(screen)
      if (updatesGoldens()) writeFileSync(path, text)
      assert.ok(existsSync(path), `${path} is not there; ${howToUpdate}`)
      assert.equal(text, readFileSync(path, 'utf8'))
    })
    test(`the screen ${name} at ${width} fits, and says the same without colour`, () => {
      const text = stripVTControlCharacters(render(screen))
      // A command stays in one piece, to be copied.
      const tooLong = text
        .split('\n')
        .filter(line => screen.columns !== null && line.length > screen.columns && !/^ +fix: /.test(line))
      assert.deepEqual(tooLong, [])
      assert.equal(render({ ...screen, colors: createColors(false) }), text)
    })
  }
}
