import { systemClock } from '../clock.js'
import { formatAge, formatBytes } from '../units.js'
import { LiveBlock } from './live-block.js'
import type { Output } from './output.js'

/** How far one step has come. */
export interface ByteProgress<Step extends string> {
  readonly step: Step
  readonly doneBytes: number
  /** Null where nobody knows. */
  readonly totalBytes: number | null
}

const redrawMs = 200
/** In a pipe a line tells of each step once, and of one that takes long now and then. */
const repeatMs = 15_000

/**
 * How far a backup or a copy has come: a line that is drawn over itself on a terminal, lines on stderr in a
 * pipe. @param words what each step is called. @param estimated the steps of which the whole is a guess.
 */
export function watchProgress<Step extends string>(
  output: Output,
  name: string,
  {
    words,
    estimated,
  }: { readonly words: Readonly<Record<Step, string>>; readonly estimated: readonly NoInfer<Step>[] },
): { readonly onProgress: (progress: ByteProgress<Step>) => void; readonly end: () => void } {
  const block = output.stdoutIsTerminal ? new LiveBlock(output, () => 2) : null
  let step: Step | null = null
  let beganMs = 0
  let toldMs = Number.NEGATIVE_INFINITY
  return {
    onProgress(progress) {
      const nowMs = systemClock.monotonicMs()
      const isNew = progress.step !== step
      if (isNew) [step, beganMs] = [progress.step, nowMs]
      if (!isNew && nowMs - toldMs < (block === null ? repeatMs : redrawMs)) return
      toldMs = nowMs
      const line = `${name}: ${words[progress.step]}, ${amountOf(progress, estimated.includes(progress.step))}${timeLeft(progress, nowMs - beganMs)}`
      if (block === null) output.note(line)
      else block.draw(`${line}\n`)
    },
    end: () => block?.clear(),
  }
}

type Amount = Pick<ByteProgress<string>, 'doneBytes' | 'totalBytes'>

function amountOf({ doneBytes, totalBytes }: Amount, isGuess: boolean): string {
  if (totalBytes === null || totalBytes === 0) return formatBytes(doneBytes)
  return `${formatBytes(doneBytes)} of ${isGuess ? 'about ' : ''}${formatBytes(totalBytes)}`
}

function timeLeft({ doneBytes, totalBytes }: Amount, tookMs: number): string {
  if (totalBytes === null || doneBytes === 0 || doneBytes >= totalBytes || tookMs < 2_000) return ''
  return `, ${formatAge((tookMs / doneBytes) * (totalBytes - doneBytes))} left`
}
