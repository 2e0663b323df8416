import type Docker from 'dockerode'
import { z } from 'zod'
import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { CallOptions, ExecTerminal } from '../runtime.js'
import { createFrameReader } from './frames.js'
import { inBody } from './intercepted-docker.js'
import type { EngineClient } from './engine-client.js'
import { createdObject } from './schemas.js'
import { connectTerminal } from './terminal.js'
import type { ExecResult } from '../../model/engine.js'

type Call = CallOptions | undefined

/**
 * Beyond this a command of ours has no business in Flotilla's memory, nor time. Docker can't end an exec: it
 * may go on running.
 */
const execTimeoutMs = 60_000

/**
 * Runs to the end and collects. A command that can't be started is exit code 126 or 127 with the reason in
 * `stdout`, as in a shell.
 */
export async function execInContainer(
  client: EngineClient,
  exec: { readonly containerId: string; readonly command: readonly string[]; readonly clock: Clock },
  call: Call,
): Promise<ExecResult> {
  const what = whatOf(exec)
  const options = { AttachStdout: true, AttachStderr: true, Cmd: [...exec.command] }
  const execId = await createExec(client, { what, containerId: exec.containerId, options }, call)
  const output = await client.call(
    { what, timeoutMs: execTimeoutMs, signal: call?.signal, format: 'bytes' },
    docker => docker.getExec(execId).start({ Detach: false, Tty: false }),
    ({ body }) => collect(body as Buffer),
  )
  return { ...output, exitCode: await readExitCode(client, { what, execId, clock: exec.clock }, call) }
}

/** Runs on the caller's terminal or pipes, as long as the command takes. */
export async function attachExec(
  client: EngineClient,
  exec: {
    readonly containerId: string
    readonly command: readonly string[]
    readonly terminal: ExecTerminal
    readonly clock: Clock
  },
): Promise<number> {
  const { terminal, clock } = exec
  const what = whatOf(exec)
  const options = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal.tty,
    Cmd: [...exec.command],
  }
  const execId = await createExec(client, { what, containerId: exec.containerId, options }, undefined)
  const socket = await client.upgrade({ what, timeoutMs: 30_000 }, docker =>
    docker.getExec(execId).start({ hijack: true, ...inBody({ Detach: false, Tty: terminal.tty }) }),
  )
  const resize = (size: { readonly columns: number; readonly rows: number }) => {
    const request = { what: `resize the terminal of ${what}`, timeoutMs: 5_000 }
    client
      .call(
        request,
        docker => docker.getExec(execId).resize({ h: size.rows, w: size.columns }),
        () => {},
      )
      // A wrong width is no reason to end somebody's session, and the command may have ended meanwhile.
      .catch(() => {})
  }
  await connectTerminal({ socket, terminal, onSize: resize })
  return readExitCode(client, { what, execId, clock }, undefined)
}

function whatOf(exec: { readonly containerId: string; readonly command: readonly string[] }): string {
  return `run ${exec.command[0] ?? 'nothing'} in container ${exec.containerId.slice(0, 12)}`
}

function createExec(
  client: EngineClient,
  exec: {
    readonly what: string
    readonly containerId: string
    readonly options: Docker.ExecCreateOptions
  },
  call: Call,
): Promise<string> {
  return client.call(
    { what: exec.what, timeoutMs: 15_000, signal: call?.signal },
    docker => docker.getContainer(exec.containerId).exec(exec.options),
    ({ body }) => createdObject.parse(body).Id,
  )
}

const runState = z.object({ Running: z.boolean(), ExitCode: z.number().nullable() })

function collect(framed: Buffer): { readonly stdout: string; readonly stderr: string } {
  const pieces: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] }
  createFrameReader((stream, piece) => pieces[stream].push(piece))(framed)
  return {
    stdout: Buffer.concat(pieces.stdout).toString('utf8'),
    stderr: Buffer.concat(pieces.stderr).toString('utf8'),
  }
}

/** The output can end a moment before Docker has noted the exit code. */
async function readExitCode(
  client: EngineClient,
  exec: { readonly what: string; readonly execId: string; readonly clock: Clock },
  call: Call,
): Promise<number> {
  for (let asked = 0; asked < exitCodeAsksMax; asked++) {
    const code = await client.call(
      { what: exec.what, timeoutMs: 10_000, signal: call?.signal },
      docker => docker.getExec(exec.execId).inspect(),
      ({ body }) => runState.parse(body),
    )
    if (!code.Running && code.ExitCode !== null) return code.ExitCode
    await exec.clock.sleep(exitCodeAskEveryMs, call?.signal)
  }
  throw new FlotillaError(
    'runtime/failed',
    `${exec.what}: its output ended, but the engine does not tell an exit code`,
  )
}

const exitCodeAskEveryMs = 20
const exitCodeAsksMax = 100
