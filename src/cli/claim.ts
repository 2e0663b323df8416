import { FlotillaError } from '../errors.js'
import { isLabelOfImage, labelledObjects } from '../ownership/legacy-objects.js'
import type { EngineObject } from '../ownership/engine-object.js'
import { flotillaLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { confirm } from './confirm.js'
import type { Output } from './output.js'
import type { Paths } from '../session/open-store.js'
import { openRuntime, openSession, type Environment, type Session } from '../session/session.js'

export interface ClaimRequest {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly yes: boolean
}

/**
 * Takes over what carries the labels of a flotilla and was made with another state directory. Works beside a
 * daemon, which hears of it at its next look.
 * @returns false when the person said no.
 */
export async function claim(request: ClaimRequest, output: Output): Promise<boolean> {
  const session = await openSession(request.paths, request.env)
  const engine = openRuntime(request.env)
  try {
    const { found, fromImages } = await findUnproven(engine, session, request.name)
    for (const { facts } of fromImages)
      output.note(
        `${facts.name} is left out: its labels are those of its image, and say nothing of who made it`,
      )
    if (found.length === 0) {
      output.note(`nothing that carries the labels of ${request.name} is to be claimed`)
      return true
    }
    for (const { kind, facts } of found) output.note(`  ${kind} ${facts.name}`)
    const question = `From now on Flotilla keeps, changes and removes these as nodes of ${request.name}. Type yes: `
    if (
      !request.yes &&
      !(await confirm(question, { hintWithoutTerminal: 'Add --yes to claim what is listed above.' }))
    ) {
      output.note('nothing was claimed')
      return false
    }
    await session.owner.claim(found)
    output.note(`claimed; see: flotilla status ${request.name}`)
    return true
  } finally {
    engine.close()
    session.close()
  }
}

/** @throws FlotillaError usage/invalid where nothing carries the labels of such a flotilla. */
async function findUnproven(
  engine: Runtime,
  { owner }: Session,
  name: string,
): Promise<{ readonly found: readonly EngineObject[]; readonly fromImages: readonly EngineObject[] }> {
  const all = await labelledObjects(engine)
  const engineObjects = all.filter(({ facts }) => facts.labels[flotillaLabel] === name)
  if (engineObjects.length === 0)
    throw new FlotillaError('usage/invalid', `nothing on this engine carries the labels of ${name}`, {
      hint: `There are: ${[...new Set(all.flatMap(({ facts }) => facts.labels[flotillaLabel] ?? []))].sort().join(', ') || 'none'}.`,
    })
  const judged = await Promise.all(
    engineObjects.map(async engineObject => ({
      engineObject,
      isOwned: await owner.isOwned(engineObject),
      isOfImage: engineObject.kind === 'container' && (await isLabelOfImage(engine, engineObject.facts)),
    })),
  )
  const unproven = judged.filter(({ isOwned }) => !isOwned)
  return {
    found: unproven.filter(({ isOfImage }) => !isOfImage).map(({ engineObject }) => engineObject),
    fromImages: unproven.filter(({ isOfImage }) => isOfImage).map(({ engineObject }) => engineObject),
  }
}
