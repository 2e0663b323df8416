import type { Duplex } from 'node:stream'
import type { ExecTerminal } from '../runtime.js'
import { createFrameReader } from './frames.js'

type Size = { readonly columns: number; readonly rows: number }

/**
 * Joins a command's raw stream with a terminal or with pipes until the command ends, then leaves the terminal
 * as it was. With a pty the caller's terminal goes raw, so that every key (Ctrl-C too) is the command's.
 */
export function connectTerminal(given: {
  readonly socket: Duplex
  readonly terminal: ExecTerminal
  readonly onSize: (size: Size) => void
}): Promise<void> {
  const { socket, terminal, onSize } = given
  const stdin = terminal.stdin as NodeJS.ReadableStream & {
    setRawMode?: (raw: boolean) => unknown
    unref?: () => void
  }
  const sendSize = () => {
    const { columns, rows } = terminal.stdout as Partial<Size>
    if (columns && rows) onSize({ columns, rows })
  }
  const readFrames = createFrameReader((stream, piece) => terminal[stream].write(piece))
  return new Promise(resolve => {
    const finish = () => {
      socket.removeListener('end', finish)
      socket.removeListener('close', finish)
      stdin.unpipe(socket)
      stdin.pause()
      // A terminal that nobody reads must not keep the process alive.
      stdin.unref?.()
      if (terminal.tty) stdin.setRawMode?.(false)
      terminal.stdout.removeListener('resize', sendSize)
      socket.destroy()
      resolve()
    }
    socket.on('data', (chunk: Buffer) => (terminal.tty ? terminal.stdout.write(chunk) : readFrames(chunk)))
    socket.once('end', finish)
    socket.once('close', finish)
    if (terminal.tty) {
      stdin.setRawMode?.(true)
      terminal.stdout.on('resize', sendSize)
      sendSize()
    }
    // Ends the command's stdin when ours ends, so that `flotilla cli < commands.txt` finishes.
    stdin.pipe(socket)
    stdin.resume()
  })
}
