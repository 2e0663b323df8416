import type { EngineFacts } from '../../../src/model/engine.js'

/** What an engine in memory says of itself, unless a test wants it otherwise. */
export const engineFacts: EngineFacts = {
  product: 'docker',
  version: '20.10.24',
  apiVersion: '1.41',
  operatingSystem: 'Fake Linux',
  architecture: 'x86_64',
  rootless: false,
  desktop: false,
  memoryBytes: 8 * 1024 ** 3,
  cpus: 4,
  cgroupVersion: '2',
  dataRoot: '/var/lib/docker',
  clockMs: null,
  endpoint: 'fake://memory',
  endpointSource: 'a test',
}
