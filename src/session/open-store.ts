import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readPolicy } from '../manifest/policy-file.js'
import type { ReachMode } from '../redis/reach.js'
import { StateStore } from '../state/state-store.js'

/** What every verb takes: where the manifests and the state are, and how nodes are reached. */
export interface Paths {
  readonly manifests: string
  readonly state: string
  readonly reach: 'auto' | ReachMode
  /** The file that says what manifests may ask for; left out: the one in the state directory. */
  readonly policy?: string
}

/**
 * What Flotilla remembers, and what it takes from manifests.
 * @throws FlotillaError usage/invalid for a policy that can't be read.
 */
export async function openStore({ state, manifests, policy: named }: Paths): Promise<StateStore> {
  const directory = resolve(state)
  const policy = await readPolicy(named, directory)
  return new StateStore(directory, { policy, secretFolders: [folderOf(manifests), ...policy.secretFolders] })
}

/** The folder of a manifest or of several. */
export function folderOf(manifests: string): string {
  const path = resolve(manifests)
  return existsSync(path) && statSync(path).isFile() ? dirname(path) : path
}
