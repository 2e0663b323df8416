import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEvents } from '../../src/events/journal/read.js'
import { flotillaProgram } from '../support/cli.js'
import { killContainer } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

/** Something that a log can be written to and that takes no more of it. */
interface Stdout {
  readonly fd: number
  /** It takes lines again. @returns all that came through since. */
  readonly mend?: () => Promise<string>
}

const stdouts: Readonly<Record<string, (folder: string) => Stdout>> = {
  'a pipe that nobody reads'(folder) {
    const path = join(folder, 'stuck')
    execFileSync('mkfifo', [path])
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    fill(fd)
    let text = ''
    const reader = (): Promise<string> =>
      until('the lines that were kept', 60_000, () => {
        text += readAll(fd)
        return text.includes('log.resumed') ? text : null
      })
    return { fd, mend: reader }
  },
  'a file on a full disk'(folder) {
    const mount = join(folder, 'disk')
    mkdirSync(mount)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount])
    const ballast = join(mount, 'ballast')
    const log = join(mount, 'log')
    const fd = openSync(log, 'a')
    const heavy = openSync(ballast, 'a')
    fill(heavy)
    closeSync(heavy)
    return {
      fd,
      mend() {
        rmSync(ballast)
        return until('the lines that were kept', 60_000, () => {
          const text = readFileSync(log, 'utf8')
          return text.includes('log.resumed') ? text : null
        })
      },
    }
  },
  'a pipe whose reader has gone'(folder) {
    const path = join(folder, 'closed')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    closeSync(reader)
    return { fd }
  },
}

function fill(fd: number): void {
  try {
    for (;;) writeSync(fd, 'full\n'.repeat(800))
  } catch {
    // Full to the page; and then to the byte.
  }
  try {
    for (;;) writeSync(fd, '\n')
  } catch {
    // Now it is.
  }
}

/** What is in a pipe now. */
function readAll(fd: number): string {
  const bytes = Buffer.alloc(256 * 1024)
  try {
    return bytes.subarray(0, readSync(fd, bytes)).toString()
  } catch {
    return ''
  }
}

test('44. stdout that is full, stuck or closed → the daemon does its work, and says so where it can be read', async t => {
  const world = testWorld(t, 'log')
  world.declare({ replicas: 1 })
  assert.equal((await world.flotilla('up')).exitCode, 0)
  for (const [what, open] of Object.entries(stdouts))
    await t.test(what, async step => {
      const folder = join(world.folder, what.replaceAll(' ', '-'))
      mkdirSync(folder)
      const { fd, mend } = open(folder)
      const lastId = (await readEvents(world.state, { last: 1 })).at(-1)?.id ?? 0
      const daemon = startDaemon(world, fd)
      step.after(() => {
        daemon.kill('SIGKILL')
        closeSync(fd)
      })
      if (what.includes('disk')) step.after(() => execFileSync('umount', ['-l', join(folder, 'disk')]))
      await until('the daemon to run', 60_000, () => happened(world, lastId, 'daemon.started'))
      const before = await world.container('master')
      await killContainer(before.id)
      await until('the other node to be master, and the first to be its replica', 60_000, async () => {
        const { phase, master } = await world.status()
        return phase === 'Ready' && master !== null && (await world.container('master')).id !== before.id
      })
      await until('the trouble to be told in the journal', 60_000, () =>
        happened(world, lastId, 'log.blocked'),
      )
      if (mend !== undefined) {
        const text = await mend()
        assert.match(text, /"event":"master.changed"/)
      }
      const ended = new Promise(resolve => daemon.once('exit', (code, signal) => resolve(code ?? signal)))
      daemon.kill('SIGTERM')
      assert.equal(await ended, 0)
    })
})

function startDaemon(world: World, stdout: number): ChildProcess {
  const args = ['run', '--log-format', 'json', '--manifests', world.manifests, '--state', world.state]
  return spawn(process.execPath, [flotillaProgram, ...args], {
    env: world.env(),
    stdio: ['ignore', stdout, 'inherit'],
  })
}

/** Whether it has been published after that: the journal has what the log has not. */
async function happened(world: World, afterId: number, code: string): Promise<boolean> {
  return (await readEvents(world.state, { afterId })).some(({ event }) => event === code)
}
