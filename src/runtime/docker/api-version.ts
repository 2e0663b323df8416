import { FlotillaError } from '../../errors.js'

/**
 * Docker 20.10. Below, containers have no usable cgroup v2 support and answers differ in ways that nobody
 * tests any more.
 */
export const apiVersionMin = '1.41'
/**
 * Docker 29. What we send and read was checked against the API's change log up to here; newer engines still
 * speak it.
 */
export const apiVersionMax = '1.52'

/**
 * The API version to speak: the lower of the engine's highest and ours.
 * @throws FlotillaError runtime/engine-too-old, or runtime/failed when the engine has dropped all that we
 * speak.
 */
export function chooseApiVersion(engine: {
  readonly version: string
  readonly apiVersion: string
  /** Engines have told it since 1.25. */
  readonly minApiVersion: string | null
  readonly address: string
}): string {
  if (!/^\d+\.\d+$/.test(engine.apiVersion)) {
    throw new FlotillaError(
      'runtime/failed',
      `${engine.address} does not tell its API version: is it a Docker engine?`,
      {
        hint: 'check DOCKER_HOST and docker context ls',
      },
    )
  }
  if (isLower({ version: engine.apiVersion, than: apiVersionMin })) {
    throw new FlotillaError(
      'runtime/engine-too-old',
      `the engine at ${engine.address} is ${engine.version} (API ${engine.apiVersion}); Flotilla needs API ${apiVersionMin}, that is Docker 20.10, or later`,
      { hint: 'update the engine' },
    )
  }
  if (engine.minApiVersion !== null && isLower({ version: apiVersionMax, than: engine.minApiVersion })) {
    throw new FlotillaError(
      'runtime/failed',
      `the engine at ${engine.address} is ${engine.version} and speaks no API below ${engine.minApiVersion}; this Flotilla speaks ${apiVersionMax} at most`,
      { hint: 'update Flotilla' },
    )
  }
  return isLower({ version: engine.apiVersion, than: apiVersionMax }) ? engine.apiVersion : apiVersionMax
}

function isLower({ version, than }: { readonly version: string; readonly than: string }): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number)
  return major === thanMajor ? minor < thanMinor : major < thanMajor
}
