import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../../test/support/until.js'
import type { Audit, WriterReport, WriterSetting } from './bench-writer.js'
import type { BenchWorld } from './bench-world.js'
import type { WriterCommand } from './writer-program.js'

/** A container on a flotilla's network in which writers run: they find the master as any application does. */
export interface WriterContainer {
  open(name: string, setting: WriterSetting): Promise<OpenWriter>
  remove(): Promise<void>
}

export interface OpenWriter {
  /** Resolves when so many writes more than now are acknowledged. */
  more(count: number): Promise<void>
  report(sinceMs: number): Promise<WriterReport>
  /**
   * Resolves when it has written over a new connection, with what happened since. @throws after `withinMs`.
   */
  back(sinceMs: number, withinMs: number): Promise<WriterReport & { readonly backAtMs: number }>
  audit(): Promise<Audit>
  close(): Promise<void>
}

const node = '/node'
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const program = '/flotilla/dist/bench/support/writer-program.js'

/** There is no registry to get an image of Node from, so the container sees this machine's own, read-only. */
export async function openWriterContainer(
  { engine, image }: BenchWorld,
  { network, host }: { readonly network: string; readonly host: string },
): Promise<WriterContainer> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-writers-'))
  const { Id } = (await engine.call('POST', '/containers/create', {
    Image: image,
    User: '0:0',
    Entrypoint: [node],
    Cmd: [program, '/writers/socket', host],
    HostConfig: {
      NetworkMode: network,
      DnsOptions: ['ndots:1'],
      Binds: [
        `${folder}:/writers`,
        `${repository}:/flotilla:ro`,
        `${process.execPath}:${node}:ro`,
        ...['/usr', '/lib', '/lib64'].filter(path => existsSync(path)).map(path => `${path}:${path}:ro`),
      ],
    },
  })) as { Id: string }
  await engine.call('POST', `/containers/${Id}/start`)
  const line = await lineTo(join(folder, 'socket'))
  return {
    async open(name, setting) {
      await line.ask({ do: 'open', name, setting })
      return writerAt(line, name)
    },
    async remove() {
      line.close()
      await engine.call('DELETE', `/containers/${Id}?force=1`, undefined, [404])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function writerAt(line: Line, name: string): OpenWriter {
  const report = (sinceMs: number): Promise<WriterReport> =>
    line.ask({ do: 'report', name, sinceMs }) as Promise<WriterReport>
  const count = async (): Promise<number> =>
    ((await line.ask({ do: 'count', name })) as { count: number }).count
  return {
    report,
    async more(wanted) {
      const before = await count()
      await until(`${wanted} more writes of ${name}`, 60_000, async () => (await count()) >= before + wanted)
    },
    async back(sinceMs, withinMs) {
      await until(`${name} to write again`, withinMs, async () => (await report(sinceMs)).backAtMs !== null)
      const told = await report(sinceMs)
      return { ...told, backAtMs: told.backAtMs ?? Number.NaN }
    },
    audit: () => line.ask({ do: 'audit', name }) as Promise<Audit>,
    close: async () => void (await line.ask({ do: 'close', name })),
  }
}

interface Line {
  ask(command: WriterCommand): Promise<unknown>
  close(): void
}

/** The program listens a moment after its container has started. */
async function lineTo(path: string): Promise<Line> {
  const endMs = performance.now() + 20_000
  for (;;) {
    const socket = await dial(path)
    if (socket !== null) return lineOver(socket)
    if (performance.now() > endMs) throw new Error('the writers’ program did not start')
    await sleepFor(20)
  }
}

function dial(path: string): Promise<Socket | null> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(null))
  })
}

function lineOver(socket: Socket): Line {
  const waiting: ((answer: unknown) => void)[] = []
  createInterface({ input: socket }).on('line', text => waiting.shift()?.(JSON.parse(text)))
  socket.on('error', () => undefined)
  return {
    async ask(command) {
      const answer = await new Promise<unknown>(resolve => {
        waiting.push(resolve)
        socket.write(`${JSON.stringify(command)}\n`)
      })
      const { error } = answer as { error?: string }
      if (error !== undefined) throw new Error(`writer: ${error}`)
      return answer
    },
    close: () => void socket.destroy(),
  }
}
