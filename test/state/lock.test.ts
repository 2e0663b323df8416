import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { lockState, waitForLock, type LockClaim, type LockHolder } from '../../src/state/lock.js'
import { manualClock } from '../reconciler/support/manual-clock.js'
import { until } from '../support/until.js'

/** Who of several Flotillas acts on a state directory. */

const rounds = 60
const contenders = 8
/** A process id that no process has: Linux gives none above 2^22. */
const nobody = 2 ** 22 + 1

test('of several that find a dead holder at the same time one takes the directory', async t => {
  const claims = Array.from({ length: contenders }, () => claimOf(livingProcess(t)))
  for (let round = 0; round < rounds; round++) {
    const folder = stateFolder(t)
    writeLock(folder, { pid: nobody })
    const taken = await Promise.allSettled(claims.map(claim => lockState(folder, claim, systemClock)))
    const locks = taken.filter(one => one.status === 'fulfilled').map(one => one.value)
    assert.equal(locks.length, 1, `round ${round}: ${locks.length} took it`)
    await Promise.all(locks.map(lock => lock.release()))
  }
})

test('who died while removing a dead holder’s file stops nobody', async t => {
  const folder = stateFolder(t)
  writeLock(folder, { pid: nobody })
  writeFileSync(join(folder, 'daemon.lock.removal'), '')
  const clock = manualClock(Date.now() + 60_000)
  const lock = await lockState(folder, claimOf(process.pid), clock)
  await lock.release()
  assert.equal(existsSync(join(folder, 'daemon.lock')), false)
})

test('a stand-by waits for the holder, says once for whom, and takes over when it ends', async t => {
  const folder = stateFolder(t)
  const holder = await lockState(folder, claimOf(process.pid), systemClock)
  const waited: LockHolder[] = []
  const next = waitForLock(folder, claimOf(livingProcess(t)), {
    ...{ clock: systemClock, signal: new AbortController().signal },
    onWaiting: other => void waited.push(other),
  })
  await until('the stand-by to wait', 10_000, () => waited.length > 0)
  await holder.release()
  const lock = await next
  assert.deepEqual(
    waited.map(({ pid }) => pid),
    [process.pid],
  )
  await lock?.release()
})

test('a stand-by that is told to end takes nothing', async t => {
  const folder = stateFolder(t)
  const holder = await lockState(folder, claimOf(process.pid), systemClock)
  const end = new AbortController()
  const next = waitForLock(folder, claimOf(livingProcess(t)), {
    ...{ clock: systemClock, signal: end.signal },
    onWaiting: () => end.abort(),
  })
  assert.equal(await next, null)
  await holder.release()
})

test('a holder whose place was taken hears of it, and leaves the other’s file alone', async t => {
  const folder = stateFolder(t)
  const clock = manualClock(Date.now())
  const lock = await lockState(folder, claimOf(process.pid), clock)
  writeLock(folder, { pid: 1, host: 'elsewhere' })
  clock.advance(10_000)
  const other = await lock.lost
  assert.deepEqual([other.pid, other.host], [1, 'elsewhere'])
  await lock.release()
  assert.equal(existsSync(join(folder, 'daemon.lock')), true)
})

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-lock-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function claimOf(pid: number): LockClaim {
  return { pid, host: hostname(), command: 'run' }
}

function writeLock(folder: string, holder: { readonly pid: number; readonly host?: string }): void {
  const whole: LockHolder = { host: hostname(), startTicks: null, command: 'run', sinceMs: 0, ...holder }
  writeFileSync(join(folder, 'daemon.lock'), JSON.stringify(whole))
}

function livingProcess(t: TestContext): number {
  const child: ChildProcess = spawn('sleep', ['120'], { stdio: 'ignore' })
  t.after(() => child.kill())
  if (child.pid === undefined) throw new Error('no process to stand for a Flotilla')
  return child.pid
}
