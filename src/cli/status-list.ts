import { resolve } from 'node:path'
import { askForGlance } from '../daemon/glance.js'
import type { Output } from './output.js'
import { renderStatusList } from './render-status.js'
import type { Places } from './open-store.js'
import { viewOf } from './view.js'

/**
 * The list of flotillas as a daemon that keeps these very manifests saw them last. It loads next to nothing and asks neither engine nor nodes: that is what makes it quick.
 * @returns false when there is no such daemon, or nothing that would be a list: look then.
 */
export async function showListOfDaemon(places: Places, output: Output): Promise<boolean> {
  const glance = await askForGlance(resolve(places.state))
  if (glance === null || glance.manifests !== resolve(places.manifests)) return false
  if (glance.statuses === null || glance.statuses.length < 2) return false
  output.result(renderStatusList(glance.statuses, viewOf(output)))
  return true
}
