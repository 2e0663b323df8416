import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { BenchWriter, type WriterSetting } from './bench-writer.js'

// Runs in a container on the flotilla's network, where the master's name means something, and does what the
// bench tells it over a Unix socket: one line of JSON asks, one line answers.

const [socketPath = '', host = ''] = process.argv.slice(2)
const writers = new Map<string, BenchWriter>()

export type WriterCommand =
  | { readonly do: 'open'; readonly name: string; readonly setting: WriterSetting }
  /** How many writes were acknowledged so far. */
  | { readonly do: 'count'; readonly name: string }
  /** What happened since, by the kernel's monotonic clock. */
  | { readonly do: 'report'; readonly name: string; readonly sinceMs: number }
  /**
   * Ends it, waits for the answers that are on their way, and tells which acknowledged writes the master has
   * not.
   */
  | { readonly do: 'audit'; readonly name: string }
  | { readonly do: 'close'; readonly name: string }

async function execute(command: WriterCommand): Promise<unknown> {
  if (command.do === 'open') {
    writers.set(command.name, new BenchWriter(host, command.setting))
    return {}
  }
  const writer = writers.get(command.name)
  if (writer === undefined) throw new Error(`no writer ${command.name}`)
  switch (command.do) {
    case 'count':
      return { count: writer.count }
    case 'report':
      return writer.report(command.sinceMs)
    case 'audit':
      return writer.audit()
    case 'close':
      writers.delete(command.name)
      return writer.close()
  }
}

createServer(socket => {
  createInterface({ input: socket }).on('line', line => {
    execute(JSON.parse(line) as WriterCommand).then(
      answer => socket.write(`${JSON.stringify(answer ?? {})}\n`),
      (error: unknown) => socket.write(`${JSON.stringify({ error: String(error) })}\n`),
    )
  })
}).listen(socketPath)
