import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isRunning, waitUntil } from './processes.mjs'
import { logStep, SetupError } from './log.mjs'

/**
 * Runs `work` while no other process of ours does the same, then lets go, also when it throws. A lock whose
 * holder is dead is taken over.
 * @template T
 * @param {{ readonly lockFile: string, readonly purpose: string, readonly waitMs: number }} lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock({ lockFile, purpose, waitMs }, work) {
  if (!tryTake(lockFile)) {
    logStep(`process ${holderOf(lockFile)} is ${purpose} already; waiting for it`)
    if (!(await waitUntil(() => tryTake(lockFile), { withinMs: waitMs }))) {
      throw new SetupError(
        `process ${holderOf(lockFile)} is still ${purpose} after ${waitMs / 1000} s`,
        `Look at it with \`ps -fp ${holderOf(lockFile)}\`; end it, or wait longer and try again.`,
      )
    }
  }
  const letGo = () => rmSync(lockFile, { force: true })
  process.once('exit', letGo)
  try {
    return await work()
  } finally {
    process.removeListener('exit', letGo)
    letGo()
  }
}

/** @param {string} lockFile @returns {boolean} */
function tryTake(lockFile) {
  if (created(lockFile)) return true
  const holder = holderOf(lockFile)
  // Empty: its holder is just writing its number.
  if (holder === null || isRunning(holder)) return false
  removeDead(lockFile, holder)
  return created(lockFile)
}

/**
 * Of several that find a dead holder one removes its file, and looks again before: who is late would remove
 * the file of who has taken the lock meanwhile.
 * @param {string} lockFile
 * @param {number} dead
 */
function removeDead(lockFile, dead) {
  const turn = `${lockFile}.removal`
  if (!created(turn)) {
    const remover = holderOf(turn)
    if (remover !== null && !isRunning(remover)) rmSync(turn, { force: true })
    return
  }
  if (holderOf(lockFile) === dead) rmSync(lockFile, { force: true })
  rmSync(turn, { force: true })
}

/** @param {string} lockFile */
function created(lockFile) {
  try {
    writeFileSync(lockFile, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} lockFile */
function holderOf(lockFile) {
  try {
    return Number(readFileSync(lockFile, 'utf8')) || null
  } catch {
    return null
  }
}
