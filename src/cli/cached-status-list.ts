import { resolve } from 'node:path'
import { readStatusCache } from '../session/status-cache.js'
import type { Output } from './output.js'
import { renderStatusList } from './render-status.js'
import type { Paths } from '../session/open-store.js'
import { renderContext } from './render-context.js'

/**
 * The list of flotillas as a daemon that keeps these very manifests saw them last. It loads next to nothing
 * and asks neither engine nor nodes: that is what makes it quick.
 * @returns false when there is no such daemon, or nothing that would be a list: look then.
 */
export async function showCachedStatusList(paths: Paths, output: Output): Promise<boolean> {
  const cached = await readStatusCache(resolve(paths.state))
  if (cached === null || cached.manifests !== resolve(paths.manifests)) return false
  if (cached.statuses === null || cached.statuses.length < 2) return false
  output.result(renderStatusList(cached.statuses, renderContext(output)))
  return true
}
