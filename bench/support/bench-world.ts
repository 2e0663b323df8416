import { testEngine } from '../../test/support/engine.js'
import { openRawEngine, type RawEngine } from './raw-engine.js'

/** What every bench works with. */
export interface BenchWorld {
  readonly engine: RawEngine
  readonly dockerHost: string
  readonly image: string
  /** The same server as another image. */
  readonly nextImage: string
  /** A HAProxy. */
  readonly gatewayImage: string
  /** The image's own user: whom files in a container must belong to. */
  readonly imageUser: string
  readonly options: BenchOptions
  /** For people, while it runs. */
  readonly logStep: (line: string) => void
}

export interface BenchOptions {
  /** Null: each bench's own. */
  readonly rounds: number | null
  /** Length of a window in which a settled daemon is watched. */
  readonly seconds: number
}

export async function openBenchWorld(options: BenchOptions): Promise<BenchWorld> {
  const { dockerHost, image, nextImage, gatewayImage } = testEngine()
  const engine = openRawEngine(dockerHost)
  const facts = (await engine.call('GET', `/images/${image}/json`)) as {
    readonly Config: { readonly User?: string }
  }
  return {
    engine,
    dockerHost,
    image,
    nextImage,
    gatewayImage,
    imageUser: facts.Config.User ?? '',
    options,
    logStep: line => void process.stderr.write(`▸ ${line}\n`),
  }
}

export function manifestOf(wanted: {
  readonly flotilla: string
  readonly image: string
  readonly replicas: number
  readonly passwordFile: string
  readonly minReplicasToWrite?: number
  /** On loopback; left out: there is none. */
  readonly gateway?: { readonly port: number; readonly image: string }
}): string {
  const { minReplicasToWrite = 0, gateway } = wanted
  return `apiVersion: flotilla/v1
kind: RedisReplication
metadata:
  name: ${wanted.flotilla}
spec:
  image: ${wanted.image}
  replicas: ${wanted.replicas}
  auth: { passwordFile: ${wanted.passwordFile}, default: full } # the benches change roles by hand as well
  deletionPolicy: Delete
${minReplicasToWrite === 0 ? '' : `  durability: { minReplicasToWrite: ${minReplicasToWrite} }\n`}${
    gateway === undefined
      ? ''
      : `  gateway: { master: "127.0.0.1:${gateway.port}", image: "${gateway.image}" }\n`
  }`
}
