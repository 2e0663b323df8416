import { constants, setPriority } from 'node:os'

/**
 * Has the kernel prefer this process, where it may ask for that (as root, or with CAP_SYS_NICE; the systemd
 * unit has `Nice=`). A daemon that does next to nothing takes nothing from anybody by it, and when a master
 * dies on a machine that is busy, each of the dozen times that it waits for its turn is time in which clients
 * can't write.
 */
export function raisePriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_ABOVE_NORMAL)
  } catch {
    // It may not; then it waits its turn like anybody.
  }
}

/** For a program that we start and that is in no hurry. */
export function resetPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_NORMAL)
  } catch {
    // It has just ended.
  }
}
