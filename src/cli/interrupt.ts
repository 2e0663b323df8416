/**
 * Aborts at the first Ctrl-C (or SIGTERM, SIGHUP): that is how a person ends what goes on for ever, so it is
 * no failure. A second one ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  return interruption().signal
}

function interruption(): { readonly signal: AbortSignal; interrupt(this: void): void } {
  const interrupted = new AbortController()
  const interrupt = (): void => {
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  return { signal: interrupted.signal, interrupt }
}

export type Terminal = Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'pause'>

const ctrlC = '\u0003'
const ctrlZ = '\u001a'

/** The same where a picture is drawn on a terminal: there `q` ends it too, as it ends top and less. */
export function quitSignal(terminal: Terminal = process.stdin): AbortSignal {
  const { signal, interrupt } = interruption()
  if (!terminal.isTTY) return signal
  // Without raw mode a key counts only once Enter was pressed; with it Ctrl-C and Ctrl-Z are keys as well.
  const begin = (): void => void terminal.setRawMode(true)
  const end = (): void => void terminal.setRawMode(false)
  const onKeys = (keys: Buffer): void => {
    const text = keys.toString('latin1')
    if (['q', 'Q', ctrlC].some(key => text.includes(key))) return interrupt()
    if (!text.includes(ctrlZ)) return
    end()
    process.once('SIGCONT', begin)
    process.kill(process.pid, 'SIGTSTP')
  }
  begin()
  terminal.on('data', onKeys)
  process.on('exit', end)
  signal.addEventListener('abort', () => {
    end()
    process.off('exit', end)
    terminal.off('data', onKeys)
    terminal.pause()
  })
  return signal
}
