import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { quitSignal, type Terminal } from '../../src/cli/interrupt.js'

/** A terminal that is in raw mode or not, and has keys. */
function terminal() {
  const keys = new EventEmitter()
  const modes: boolean[] = []
  const port = Object.assign(keys, {
    isTTY: true,
    setRawMode(raw: boolean) {
      modes.push(raw)
      return port
    },
    pause: () => port,
  }) as unknown as Terminal
  return { port, modes, press: (key: string) => keys.emit('data', Buffer.from(key)) }
}

for (const [name, key] of [
  ['q', 'q'],
  ['Ctrl-C', '\u0003'],
] as const)
  test(`${name} ends what is drawn on a terminal, and leaves the terminal as it was`, () => {
    const { port, modes, press } = terminal()
    const signal = quitSignal(port)
    press('x')
    assert.equal(signal.aborted, false)
    press(key)
    assert.equal(signal.aborted, true)
    assert.deepEqual(modes, [true, false])
  })
