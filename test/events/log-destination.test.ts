import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'

const source = join(import.meta.dirname, '../../src')
const moduleOf = (path: string): string => JSON.stringify(pathToFileURL(join(source, path)).href)

/** A process that logs a hundred lines to its stdout, and does `then`. */
function programThat(then: string): readonly string[] {
  const text = `
    import { systemClock } from ${moduleOf('clock.js')}
    import { openLogDestination } from ${moduleOf('events/log-destination.js')}
    import { LogWriter } from ${moduleOf('events/log-writer.js')}
    const out = new LogWriter(openLogDestination(1), { clock: systemClock })
    process.on('exit', () => out.flushNow())
    for (let line = 1; line <= 100; line++) out.write('line ' + line + '\\n')
    ${then}`
  return ['--input-type=module', '--eval', text]
}
const all = Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join('')

function fileFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-outlet-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'log')
}

async function runInto(file: string, then: string): Promise<string> {
  const fd = openSync(file, 'a')
  const child = spawn(process.execPath, programThat(then), { stdio: ['ignore', fd, 'ignore'] })
  await new Promise(resolve => child.once('exit', resolve))
  closeSync(fd)
  return readFileSync(file, 'utf8')
}

const killed = `process.kill(process.pid, 'SIGKILL')`

test('SIGKILL takes nothing that was logged to a pipe before it', () => {
  const { stdout, signal } = spawnSync(process.execPath, programThat(killed), { encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL')
  assert.equal(stdout, all)
})

test('SIGKILL takes nothing that was logged to a file a moment before it', async t => {
  assert.equal(await runInto(fileFor(t), `setTimeout(() => ${killed}, 500)`), all)
})

test('a process that ends at once, on purpose or by an error of its own, logs every line once', async t => {
  // What the thread pool is busy with comes to its end on its own, before or after the rest.
  const sorted = (text: string): readonly string[] => text.split('\n').sort()
  assert.deepEqual(sorted(await runInto(fileFor(t), 'process.exit(0)')), sorted(all))
  assert.deepEqual(sorted(await runInto(fileFor(t), `throw new Error('a bug')`)), sorted(all))
})
