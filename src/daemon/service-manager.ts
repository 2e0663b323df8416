import { spawn } from 'node:child_process'
import type { Clock } from '../clock.js'

/**
 * The service manager that started this daemon, as far as it listens: systemd, with Type=notify. Its protocol
 * is a datagram to a Unix socket, which Node can't send, so systemd's own `systemd-notify` does; the unit
 * therefore says NotifyAccess=all. See sd_notify(3).
 */
export interface ServiceManager {
  /** The daemon does its work. From now on the watchdog is fed, for as long as `statusText` can be asked. */
  ready(statusText: () => string): void
  stopping(): void
}

export interface NotifySetting {
  /** $NOTIFY_SOCKET; nothing is told without. */
  readonly socket: string | undefined
  /** $WATCHDOG_USEC; without there is no watchdog. */
  readonly watchdogMicroseconds: string | undefined
  readonly path: string | undefined
}

/** Hears once when the manager can't be told anything. */
type OnTrouble = (error: Error) => void

export function findServiceManager(
  setting: NotifySetting,
  clock: Clock,
  onTrouble: OnTrouble,
): ServiceManager {
  if (setting.socket === undefined || setting.socket === '') return noManager
  const notify = notifier(setting, onTrouble)
  // A third of the time that it has: one message that is late, or lost, is not yet the end.
  const feedMs = Number(setting.watchdogMicroseconds ?? 0) / 1_000 / 3
  let cancel = (): void => undefined
  const feed = (statusText: () => string): void => {
    // That this runs is the sign of life: a process whose loop stands still feeds nobody.
    notify(['WATCHDOG=1', `STATUS=${statusText()}`])
    cancel = clock.after(feedMs, () => feed(statusText))
  }
  return {
    ready(statusText) {
      cancel()
      notify(['READY=1', `STATUS=${statusText()}`])
      if (feedMs > 0) cancel = clock.after(feedMs, () => feed(statusText))
    },
    stopping() {
      cancel()
      notify(['STOPPING=1', 'STATUS=ends; the containers go on running'])
    },
  }
}

const noManager: ServiceManager = {
  ready: () => undefined,
  stopping: () => undefined,
}

function notifier({ socket = '', path = '' }: NotifySetting, onTrouble: OnTrouble) {
  let isReported = false
  const reportOnce = (error: Error): void => {
    if (!isReported) onTrouble(error)
    isReported = true
  }
  return (lines: readonly string[]): void => {
    const child = spawn('systemd-notify', lines, {
      env: { NOTIFY_SOCKET: socket, PATH: path },
      stdio: 'ignore',
      timeout: 5_000,
    })
    child.once('error', reportOnce)
    child.once('exit', (code, signal) => {
      if (code !== 0) reportOnce(new Error(`systemd-notify ended with ${code ?? signal}`))
    })
    // Nothing waits for it: the manager's silence must not keep the daemon from its work, nor from its end.
    child.unref()
  }
}
