import { realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { findDockerEndpoint } from '../../runtime/docker/endpoint.js'
import type { Environment } from '../../session/session.js'
import type { UnitSetting } from './unit.js'

/** What the unit must say so that the daemon finds what this process finds. */
export function unitSetting(
  paths: { readonly manifests: string; readonly state: string },
  env: Environment,
): UnitSetting {
  const endpoint = findDockerEndpoint({ env, homeDir: homedir(), platform: process.platform })
  const socket = /^unix:\/\/(.+)$/.exec(endpoint.address)?.[1] ?? null
  const state = resolve(paths.state)
  return {
    node: process.execPath,
    program: realpathSync(process.argv[1] ?? ''),
    manifests: resolve(paths.manifests),
    state,
    uid: ownerOf(state)?.uid ?? 0,
    socketGid: socket === null ? null : (ownerOf(socket)?.gid ?? null),
    environment: engineVariables(endpoint.address, env),
  }
}

/**
 * A context is somebody's own, so what it leads to is written down; certificates are found by the variables
 * that name them.
 */
function engineVariables(address: string, env: Environment): Readonly<Record<string, string>> {
  const kept = ['DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'].flatMap((name): [string, string][] => {
    const value = env[name]
    return value === undefined || value === '' ? [] : [[name, value]]
  })
  return { DOCKER_HOST: address, ...Object.fromEntries(kept) }
}

function ownerOf(path: string): { readonly uid: number; readonly gid: number } | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}
