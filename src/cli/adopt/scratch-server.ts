import { systemClock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { FlotillaSpec } from '../../model/spec.js'
import { emptyConfig } from '../../reconciler/desired/accepted-config.js'
import { probeImage } from '../../reconciler/execute/probe-image.js'
import { withProbeServer, type ProbeTools } from '../../reconciler/execute/probe-container.js'
import { readConfigLines } from '../../redis/probe-replies.js'
import { flotillaVersion } from '../../version.js'
import type { Session } from '../../session/session.js'
import type { ServerConfig } from './options.js'
import type { FoundRedis, Readout } from './survey.js'
import type { ImageProbe } from '../../model/image-probe.js'

/** A server that was told nothing, as its image brings it along. */
export interface ImageDefaults {
  readonly config: ServerConfig
  /** Names of modules that it has by itself. */
  readonly modules: readonly string[]
}

/**
 * What a server of the same image does by itself: asked of one, on a throwaway container without a network,
 * which is gone afterwards. A table by version would know neither an image's own build nor tomorrow's
 * versions.
 */
export async function readImageDefaults(
  session: Session,
  spec: FlotillaSpec,
  { imageId }: FoundRedis,
): Promise<Readout<ImageDefaults>> {
  const facts = await session.runtime.findImage(imageId)
  if (facts === null)
    return { kind: 'unreadable', reason: `its image ${imageId} is not on this engine any more` }
  try {
    return await withProbeServer(
      toolsFor(session, spec),
      { image: imageId, facts, options: null },
      async server => {
        if (server.kind === 'down')
          return { kind: 'unreadable', reason: `no server of its image comes up: ${server.reason}` }
        const modules = await server.ask('INFO', 'modules')
        return {
          kind: 'read',
          value: {
            config: readConfigLines(await server.ask('CONFIG', 'GET', '*')),
            modules: [...modules.matchAll(/^module:name=([^,\s]+)/gm)].map(([, name = '']) => name),
          },
        }
      },
    )
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error
    return { kind: 'unreadable', reason: error.message }
  }
}

/**
 * What a server of the image makes of the options that a manifest asks for; null where there is nothing to
 * ask, or nobody.
 */
export async function tryOptions(session: Session, spec: FlotillaSpec): Promise<ImageProbe | null> {
  const { image, config } = spec
  if (Object.keys(config).length === 0 || (await session.runtime.findImage(image)) === null) return null
  return probeImage(toolsFor(session, spec), { image, options: config })
}

function toolsFor({ runtime, redis, reach }: Session, spec: FlotillaSpec): ProbeTools {
  return {
    ...{ runtime, redis, reach: reach.mode },
    template: { spec, config: emptyConfig, publish: false, flotillaVersion },
    nowMs: () => systemClock.nowMs(),
    sleep: ms => systemClock.sleep(ms),
    signal: new AbortController().signal,
  }
}
