import { call } from './containers.js'
import { callEngine, testEngine } from './engine.js'
import type { World } from './world.js'

/**
 * The test image once more, as an image of this world's own that nothing else uses: one that may be removed.
 * @returns its name.
 */
export async function ownImage(world: World): Promise<string> {
  const repository = 'flotilla-test-own'
  const image = `${repository}:${world.name}`
  const { Id } = (await call('POST', '/containers/create', { Image: testEngine().image })) as { Id: string }
  const changes = encodeURIComponent(`LABEL io.flotilla.test="${world.name}"`)
  await call('POST', `/commit?container=${Id}&repo=${repository}&tag=${world.name}&changes=${changes}`)
  await call('DELETE', `/containers/${Id}?force=1`)
  world.afterRemoval(async () => void (await callEngine('DELETE', `/images/${image}?force=1`)))
  return image
}
