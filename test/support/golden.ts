import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createPaint, type Paint } from '../../src/cli/paint.js'
import { stripVTControlCharacters } from 'node:util'

/** How somebody looks at what a verb prints. */
export interface Look {
  readonly columns: number | null
  readonly paint: Paint
}

const looks = {
  80: { columns: 80, paint: createPaint(true) },
  200: { columns: 200, paint: createPaint(true) },
  pipe: { columns: null, paint: createPaint(false) },
} as const

/**
 * Keeps what a renderer makes of fixed facts as files, `test/cli/screens/<name>.<80|200|pipe>.txt`, so that a change of a screen is seen as one in review: on narrow and
 * wide terminals (colours as they are sent: look at them with `cat`) and in a pipe. `UPDATE_SCREENS=1 npm test -- cli/` writes them anew.
 */
export function keepScreens(name: string, render: (look: Look) => string): void {
  for (const [width, look] of Object.entries(looks)) {
    const path = `test/cli/screens/${name}.${width}.txt`
    test(`the screen ${name} at ${width} is as it is kept`, () => {
      const text = render(look)
      if (process.env['UPDATE_SCREENS'] === '1') writeFileSync(path, text)
      assert.ok(
        existsSync(path),
        `${path} is not there; look at the screen, then UPDATE_SCREENS=1 npm test -- cli/`,
      )
      assert.equal(text, readFileSync(path, 'utf8'))
    })
    test(`the screen ${name} at ${width} fits, and says the same without colour`, () => {
      const text = stripVTControlCharacters(render(look))
      // A command stays in one piece, to be copied.
      const tooLong = text
        .split('\n')
        .filter(line => look.columns !== null && line.length > look.columns && !/^ +type: /.test(line))
      assert.deepEqual(tooLong, [])
      assert.equal(render({ ...look, paint: createPaint(false) }), text)
    })
  }
}
