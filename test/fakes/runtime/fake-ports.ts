import type { PublishedPort } from '../../../src/model/engine.js'

/** At a host port that changes with the process, as one of an engine's choice does. */
export function publishedPorts(containerPort: number | null, pid: number | null): readonly PublishedPort[] {
  if (containerPort === null || pid === null) return []
  return [{ containerPort, hostAddress: '127.0.0.1', hostPort: 30_000 + (pid % 30_000) }]
}
