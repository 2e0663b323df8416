/**
 * The watchdog: a thread beside the event loop, with a loop of its own. When the other one has not turned for
 * so many looks in a row, it writes down where that stands and ends the process.
 *
 * It counts its own looks, not the time: a process that was stopped, or a machine that slept, comes back with
 * much time gone and nothing wrong.
 */
import { writeFileSync, writeSync } from 'node:fs'
import { Session, type Debugger } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import type { StallRecord, WatchdogData } from './watchdog.js'

const { heartbeats, checksMax, checkIntervalMs, recordPath } = workerData as WatchdogData
/** EX_SOFTWARE of sysexits.h: an error of the program itself, so that service managers start it again. */
const exitStatus = 70
/** How long the other thread may take to stop where it is. One that waits for the system never does. */
const pauseTimeoutMs = 2_000

let seen = Atomics.load(heartbeats, 0)
let stalledChecks = 0
const timer = setInterval(() => {
  const now = Atomics.load(heartbeats, 0)
  stalledChecks = now === seen ? stalledChecks + 1 : 0
  seen = now
  if (stalledChecks < checksMax) return
  clearInterval(timer)
  endProcess()
}, checkIntervalMs)

function endProcess(): void {
  const record: StallRecord = {
    at: new Date().toISOString(),
    stalledMs: checksMax * checkIntervalMs,
    where: null,
  }
  writeRecord(record)
  // SIGKILL is the last resort: the first process of a container is spared it when it comes from inside.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), pauseTimeoutMs)
  const session = new Session()
  session.connectToMainThread()
  const urls = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  const describeFrame = ({
    functionName,
    location: { scriptId, lineNumber },
  }: Debugger.CallFrame): string => {
    const file = urls.get(scriptId)?.split('/').at(-1) ?? ''
    // `planFailover (failover.js:12)`
    return `${functionName === '' ? '(anonymous)' : functionName} (${file}:${lineNumber + 1})`
  }
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    writeRecord({ ...record, where: callFrames.slice(0, 8).map(describeFrame).join(', ') })
    const [innermost] = callFrames
    if (innermost === undefined) return
    // Ended by itself, from where it stands: nothing can spare it that.
    session.post('Debugger.evaluateOnCallFrame', {
      callFrameId: innermost.callFrameId,
      expression: `process.reallyExit(${exitStatus})`,
    })
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
}

/** For whoever starts next, and for whoever looks on. A disk that is full keeps nobody from the end. */
function writeRecord(record: StallRecord): void {
  const where = record.where === null ? '' : ` in ${record.where}`
  try {
    writeSync(
      2,
      `flotilla: the event loop has stood still for ${record.stalledMs} ms${where}; the watchdog ends the daemon\n`,
    )
  } catch {
    // Nobody reads it.
  }
  try {
    writeFileSync(recordPath, JSON.stringify(record), { mode: 0o600 })
  } catch {
    // The restart says less.
  }
}
