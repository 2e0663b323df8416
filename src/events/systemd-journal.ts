import { fstatSync } from 'node:fs'

/**
 * Whether this process writes straight into systemd's journal. The variable alone is no proof: it is
 * inherited by whoever is started with stdout sent elsewhere, so it names the device and inode of the stream
 * that it is about (systemd.exec(5), $JOURNAL_STREAM).
 */
export function isSystemdJournal(variable: string | undefined, fileDescriptor: number): boolean {
  if (variable === undefined || variable === '') return false
  try {
    const { dev, ino } = fstatSync(fileDescriptor)
    return variable === `${dev}:${ino}`
  } catch {
    return false
  }
}
