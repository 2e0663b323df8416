import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { callEngine } from './engine.js'

/**
 * What a killed engine or a failing disk leaves behind, made by hand. Only on an engine that the tests have
 * brought up themselves.
 */

export function canBreakEngine(): boolean {
  return process.env['FLOTILLA_TEST_ENGINE_FOLDER'] !== undefined
}

/** Ends a container, and leaves the folder of its task in containerd: no start of it succeeds any more. */
export async function leaveTask(containerId: string): Promise<void> {
  const { text } = await callEngine('GET', `/containers/${containerId}/json`)
  const { Id } = JSON.parse(text) as { readonly Id: string }
  const folder = join(taskFolder(), Id)
  await callEngine('POST', `/containers/${Id}/kill`)
  await callEngine('POST', `/containers/${Id}/wait`)
  for (let tries = 0; ; tries++) {
    try {
      return mkdirSync(folder)
    } catch (error) {
      // containerd takes its own folder away a moment after the process has ended.
      if ((error as { code?: string }).code !== 'EEXIST' || tries > 200) throw error
      await sleepFor(10)
    }
  }
}

/** `…/io.containerd.runtime.v2.task/<namespace>`, of the containerd that our dockerd has brought up. */
function taskFolder(): string {
  const root = join(process.env['FLOTILLA_TEST_ENGINE_FOLDER'] ?? '', 'exec/containerd/daemon')
  const tasks = readdirSync(root).find(name => /^io\.containerd\.runtime\..*\.task$/.test(name))
  if (tasks === undefined) throw new Error(`${root} has no folder of tasks`)
  const [namespace] = readdirSync(join(root, tasks)).filter(name => !name.includes('plugin'))
  if (namespace === undefined) throw new Error(`${root}/${tasks} has no namespace`)
  return join(root, tasks, namespace)
}

/**
 * Keeps the engine from removing a container's files: `docker rm -f` fails half way, and leaves it dead.
 * @returns what ends that.
 */
export async function keepFromRemoval(containerId: string): Promise<() => void> {
  const { text } = await callEngine('GET', `/containers/${containerId}/json`)
  const { GraphDriver } = JSON.parse(text) as {
    readonly GraphDriver: { readonly Data: { readonly UpperDir: string } }
  }
  const file = join(GraphDriver.Data.UpperDir, 'kept-from-removal')
  writeFileSync(file, '')
  execFileSync('chattr', ['+i', file])
  let isKept = true
  return () => {
    if (isKept) execFileSync('chattr', ['-i', file])
    isKept = false
  }
}

/**
 * Does something while the engine can't write to the database of its networks, as on a disk that fails for a
 * second. Whatever ends meanwhile leaves its endpoints behind. For files named *.alone.test.ts: nobody else's
 * networks can be written down either.
 */
export async function whileNetworksCantBeWritten(act: () => Promise<void>): Promise<void> {
  const folder = process.env['FLOTILLA_TEST_ENGINE_FOLDER'] ?? ''
  const pid = readFileSync(join(folder, 'docker.pid'), 'utf8').trim()
  const calls = 'pwrite64,fdatasync'
  const faults = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`]
  const tracer = spawn('strace', ['-f', '-p', pid, ...faults, '-o', '/dev/null'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(tracer, 'exit')
  try {
    // It says so when it has them all.
    const [said] = (await Promise.race([once(tracer.stderr, 'data'), ended])) as [unknown]
    if (!String(said).includes('attached')) throw new Error(`strace: ${String(said)}`)
    await act()
  } finally {
    tracer.kill('SIGTERM')
    await ended
  }
}

/**
 * Has a network keep the endpoint of a container that is gone, with all the names that it had. @see
 * whileNetworksCantBeWritten
 */
export async function leaveEndpoint(containerId: string): Promise<void> {
  await whileNetworksCantBeWritten(async () => {
    await callEngine('DELETE', `/containers/${containerId}?force=1`)
  })
}
