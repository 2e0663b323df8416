import { systemClock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { FlotillaSpec } from '../../manifest/spec.js'
import { noConfig } from '../../reconciler/config-in-force.js'
import { tryImage } from '../../reconciler/execute/try-image.js'
import { withTrialServer, type TrialTools } from '../../reconciler/execute/trial-container.js'
import type { Trial } from '../../reconciler/trial.js'
import { readConfigLines } from '../../redis/trial-replies.js'
import { flotillaVersion } from '../../version.js'
import type { Session } from '../session.js'
import type { ServerConfig } from './options.js'
import type { FoundRedis, Told } from './survey.js'

/** A server that was told nothing, as its image brings it along. */
export interface BareServer {
  readonly config: ServerConfig
  /** Names of modules that it has by itself. */
  readonly modules: readonly string[]
}

/**
 * What a server of the same image does by itself: asked of one, on a throwaway container without a network, which is gone afterwards. A table by version would know neither
 * an image's own build nor tomorrow's versions.
 */
export async function askBareServer(
  session: Session,
  spec: FlotillaSpec,
  { imageId }: FoundRedis,
): Promise<Told<BareServer>> {
  const facts = await session.runtime.findImage(imageId)
  if (facts === null) return { kind: 'untold', reason: `its image ${imageId} is not on this engine any more` }
  try {
    return await withTrialServer(
      toolsFor(session, spec),
      { image: imageId, facts, options: null },
      async server => {
        if (server.kind === 'down')
          return { kind: 'untold', reason: `no server of its image comes up: ${server.reason}` }
        const modules = await server.ask('INFO', 'modules')
        return {
          kind: 'told',
          value: {
            config: readConfigLines(await server.ask('CONFIG', 'GET', '*')),
            modules: [...modules.matchAll(/^module:name=([^,\s]+)/gm)].map(([, name = '']) => name),
          },
        }
      },
    )
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error
    return { kind: 'untold', reason: error.message }
  }
}

/** What a server of the image makes of the options that a manifest asks for; null where there is nothing to ask, or nobody. */
export async function tryOptions(session: Session, spec: FlotillaSpec): Promise<Trial | null> {
  const { image, config } = spec
  if (Object.keys(config).length === 0 || (await session.runtime.findImage(image)) === null) return null
  return tryImage(toolsFor(session, spec), { image, options: config })
}

function toolsFor({ runtime, redis, reach }: Session, spec: FlotillaSpec): TrialTools {
  return {
    ...{ runtime, redis, reach: reach.mode },
    setting: { spec, config: noConfig, publish: false, flotillaVersion },
    nowMs: () => systemClock.nowMs(),
    sleep: ms => systemClock.sleep(ms),
    signal: new AbortController().signal,
  }
}
