import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleepFor } from 'node:timers/promises'

/**
 * The pid that a file names, if that process lives and its command line holds `mark`; null otherwise. Pids
 * are used again by the system: a pid file alone proves nothing.
 * @param {{ readonly pidFile: string, readonly mark: string }} wanted
 * @returns {number | null}
 */
export function livingPid({ pidFile, mark }) {
  const pid = Number(readOr(pidFile, '').trim())
  if (!Number.isInteger(pid) || pid <= 1) return null
  return readOr(`/proc/${pid}/cmdline`, '').includes(mark) && !isZombie(pid) ? pid : null
}

/** Linux: the processes whose parent is `pid`. @param {number} pid @returns {readonly number[]} */
export function childrenOf(pid) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && statFields(Number(name))?.parent === pid)
    .map(Number)
}

/**
 * Linux: the processes other than this one whose command line holds `mark`.
 * @param {string} mark
 * @returns {readonly number[]}
 */
export function processesWith(mark) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(name => readOr(`/proc/${name}/cmdline`, '').includes(mark))
    .map(Number)
}

/**
 * True once `isSo` holds, asked every 50 ms; false when it still does not after `withinMs`.
 * @param {() => boolean | Promise<boolean>} isSo
 * @param {{ readonly withinMs: number }} options
 */
export async function waitUntil(isSo, { withinMs }) {
  const deadline = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadline) return false
    await sleepFor(50)
  }
  return true
}

/** @param {number} pid */
export function isRunning(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return !isZombie(pid)
}

/**
 * Sends a signal; a process that is gone already is what was wanted. @param {number} pid @param
 * {NodeJS.Signals} signal
 */
export function sendSignal(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** @param {number} pid */
function isZombie(pid) {
  return statFields(pid)?.state === 'Z'
}

/**
 * /proc/<pid>/stat is `pid (name) state ppid …`, and the name may hold spaces and brackets. @param {number}
 * pid
 */
function statFields(pid) {
  const stat = readOr(`/proc/${pid}/stat`, '')
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat === '' ? null : { state, parent: Number(parent) }
}

/** @param {string} path @param {string} otherwise */
function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
