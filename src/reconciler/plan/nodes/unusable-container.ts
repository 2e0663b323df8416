import { dataPath } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { failureOf, retryInMs } from '../action-backoff.js'

/** The first answer may be about a run that is just ending; the second, half a second later, is not. */
const startFailuresMin = 2

/**
 * Why this container can never be started again, as the engine has said of its last starts; null when nothing
 * says so. What an engine keeps of an earlier run (a task, a folder, half a removal) hangs on the container's
 * id, so a new container on the same volume is free of it. One that is no better comes after a pause that
 * grows like that of any other step that fails: see afterActions.
 */
export function whyNotUsable(input: PlanInput, { ordinal, seen }: Member): string | null {
  if (seen === null) return null
  const { name } = seen.container
  const failure = failureOf(input, { kind: 'start-container', ordinal, name, cause: '' })
  if (failure?.code !== 'runtime/container-unusable' || failure.times < startFailuresMin) return null
  return retryInMs(failure, input.seen.atMs) > 0 ? null : 'the engine can not start this container any more'
}

/**
 * A container is recreated only where its data outlives it. One without a volume is no work of ours; it is
 * started as it is.
 */
export function hasDataVolume({ seen }: Member): boolean {
  return seen === null || seen.container.mounts.some(({ path }) => path === dataPath)
}
