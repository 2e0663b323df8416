import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { reportLastStall } from '../../src/daemon/watchdog.js'
import type { EventSink } from '../../src/events/catalogue.js'

const source = join(import.meta.dirname, '../../src')
const moduleOf = (path: string): string => JSON.stringify(pathToFileURL(join(source, path)).href)

/** A process that does `work` in its loop, which its watchdog lets stand still for a second. */
function programThat(work: string, folder: string, limitMs = 1_000): readonly string[] {
  const text = `
    import { readSync, openSync } from 'node:fs'
    import { systemClock } from ${moduleOf('clock.js')}
    import { EventLoopMonitor } from ${moduleOf('daemon/event-loop-monitor.js')}
    import { startWatchdog } from ${moduleOf('daemon/watchdog.js')}
    new EventLoopMonitor(systemClock, startWatchdog(${JSON.stringify(folder)}, ${limitMs}))
    setTimeout(function theCulprit() { ${work} }, 600)
    setTimeout(() => process.exit(0), 3_500)`
  return ['--input-type=module', '--eval', text]
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-watchdog-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function run(program: string, args: readonly string[]): Promise<number | string | null> {
  const child = spawn(program, args, { stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
}

/** What the next start says of the one before. */
async function toldNext(folder: string): Promise<readonly string[]> {
  const told: string[] = []
  const events: EventSink = { publish: (code, fields) => void told.push(`${code} ${JSON.stringify(fields)}`) }
  await reportLastStall(folder, events)
  await reportLastStall(folder, events)
  return told
}

test('a process whose loop never comes round ends, and the next start says once in which function it was', async t => {
  const folder = folderFor(t)
  assert.equal(await run(process.execPath, programThat('for (;;);', folder)), 70)
  const told = await toldNext(folder)
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /^daemon\.stalled .*"where":"theCulprit \(/)
})

test('a process that waits for the system for ever ends too', async t => {
  const folder = folderFor(t)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const work = `readSync(openSync(${JSON.stringify(pipe)}, 'r+'), Buffer.alloc(1))`
  assert.equal(await run(process.execPath, programThat(work, folder)), 'SIGKILL')
  assert.match((await toldNext(folder))[0] ?? '', /^daemon\.stalled .*"where":null/)
})

test('a process that only works hard now and then, or waits, goes on', async t => {
  const folder = folderFor(t)
  const work = 'const end = performance.now() + 300; while (performance.now() < end);'
  assert.equal(await run(process.execPath, programThat(work, folder, 3_000)), 0)
  assert.equal(existsSync(join(folder, 'watchdog.stalled')), false)
})

const noNamespace =
  spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0
    ? false
    : 'needs root on Linux, for a process namespace'

test(
  'the first process of a container, which no signal from inside can end, ends as well',
  { skip: noNamespace },
  async t => {
    const folder = folderFor(t)
    const args = ['--pid', '--fork', '--kill-child', process.execPath, ...programThat('for (;;);', folder)]
    assert.equal(await run('unshare', args), 70)
  },
)
