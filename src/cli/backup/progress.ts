import { systemClock } from '../../clock.js'
import { formatAge, formatBytes } from '../../units.js'
import type { BackupProgress } from '../../backup-jobs/perform.js'
import { LiveBlock } from '../live-block.js'
import type { Output } from '../output.js'

const redrawMs = 200
/** In a pipe a line tells of each step once, and of one that takes long now and then. */
const repeatMs = 15_000

const words: Readonly<Record<BackupProgress['step'], string>> = {
  reading: 'writing the backup',
  copying: 'verifying: copying it to a throwaway server',
  loading: 'verifying: the server reads it',
}

/**
 * How far a backup or a restore has come: a line that is drawn over itself on a terminal, lines on stderr in
 * a pipe.
 */
export function watchProgress(
  output: Output,
  name: string,
): { readonly onProgress: (progress: BackupProgress) => void; readonly end: () => void } {
  const block = output.stdoutIsTerminal ? new LiveBlock(output, () => 2) : null
  let step: BackupProgress['step'] | null = null
  let beganMs = 0
  let toldMs = Number.NEGATIVE_INFINITY
  return {
    onProgress(progress) {
      const nowMs = systemClock.monotonicMs()
      const isNew = progress.step !== step
      if (isNew) [step, beganMs] = [progress.step, nowMs]
      if (!isNew && nowMs - toldMs < (block === null ? repeatMs : redrawMs)) return
      toldMs = nowMs
      const line = `${name}: ${words[progress.step]}, ${amountOf(progress)}${timeLeft(progress, nowMs - beganMs)}`
      if (block === null) output.note(line)
      else block.draw(`${line}\n`)
    },
    end: () => block?.clear(),
  }
}

function amountOf({ doneBytes, totalBytes, step }: BackupProgress): string {
  if (totalBytes === null || totalBytes === 0) return formatBytes(doneBytes)
  // An RDB file is as a rule smaller than what its data takes in memory.
  return `${formatBytes(doneBytes)} of ${step === 'reading' ? 'about ' : ''}${formatBytes(totalBytes)}`
}

function timeLeft({ doneBytes, totalBytes }: BackupProgress, tookMs: number): string {
  if (totalBytes === null || doneBytes === 0 || doneBytes >= totalBytes || tookMs < 2_000) return ''
  return `, ${formatAge((tookMs / doneBytes) * (totalBytes - doneBytes))} left`
}
