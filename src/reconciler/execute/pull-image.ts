import { errorCode, FlotillaError } from '../../errors.js'
import type { PullProgress, PullSecret } from '../../runtime/runtime.js'
import { Secret } from '../../secret.js'
import type { ExecutionContext } from './execution-context.js'

/**
 * Tells its progress once a second. What comes of it is remembered: whoever plans next has to know why, and
 * the engine only says that the image is not there.
 */
export async function pullImage(context: ExecutionContext, image: string): Promise<void> {
  let reportedAtMs = 0
  const { runtime, events, template, signal, preemptSignal, nowMs, setMemory } = context
  const report = ({ doneBytes, totalBytes }: PullProgress): void => {
    if (nowMs() - reportedAtMs < 1_000) return
    reportedAtMs = nowMs()
    events.publish('image.pulling', { image, doneBytes, totalBytes })
  }
  try {
    if (template.spec.imagePull.policy === 'Never') throw neverPulled(image)
    const pullSecret = await readPullSecret(context, image)
    const ends = { signal: AbortSignal.any([signal, preemptSignal]) }
    await runtime.pullImage(image, { onProgress: report, pullSecret }, ends)
    setMemory(memory => ({
      ...memory,
      imageTrouble: null,
      ...(memory.spec?.image === image
        ? { imagePulled: { image, generation: memory.generation, atMs: nowMs() } }
        : {}),
    }))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (errorCode(error) !== 'runtime/aborted')
      setMemory(memory => ({ ...memory, imageTrouble: { image, reason, atMs: nowMs() } }))
    throw error
  }
}

async function readPullSecret(
  { template, readSecretFile }: ExecutionContext,
  image: string,
): Promise<PullSecret | null> {
  const source = template.spec.imagePull.secretFile
  if (source === null) return null
  const found = await readSecretFile(source)
  if (found.kind === 'read') return { config: new Secret(found.bytes.toString('utf8')), source }
  throw new FlotillaError('runtime/image-unavailable', `pull image ${image}: ${source} ${found.reason}`, {
    hint: 'mend the file that spec.imagePull.secretFile names; it is read at each pull',
  })
}

function neverPulled(image: string): FlotillaError {
  return new FlotillaError(
    'runtime/image-unavailable',
    `pull image ${image}: it is not on the engine, and spec.imagePull.policy is Never`,
    { hint: `bring it there: docker pull ${image}, or docker load` },
  )
}
