import { FlotillaError } from '../errors.js'
import type { RedisPort } from '../redis/redis.js'
import { renderReply } from '../redis/render-reply.js'
import type { Runtime } from '../runtime/runtime.js'
import type { ImageFacts } from '../model/engine.js'
import type { NodeTarget } from '../model/redis.js'

const shell = '/bin/sh'
const redisCli = 'redis-cli'

/** What `flotilla cli` needs in a node's image and does not find there; null where all of it is there. */
export async function missingProgram(
  runtime: Runtime,
  containerId: string,
  image: Pick<ImageFacts, 'environment'>,
): Promise<string | null> {
  if ((await runtime.findPath(containerId, shell)) === null) return shell
  const path = image.environment.find(one => one.startsWith('PATH='))?.slice('PATH='.length)
  const folders = (path ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin').split(':')
  const found = await Promise.all(
    folders.map(folder => runtime.findPath(containerId, `${folder}/${redisCli}`)),
  )
  return found.every(one => one === null) ? redisCli : null
}

/** A command that blocks is for redis-cli. */
const replyTimeoutMs = 60_000

/**
 * One command over Flotilla's own connection, for an image that has no redis-cli to be run in it.
 * @returns the reply as redis-cli prints it into a pipe.
 * @throws FlotillaError usage/invalid for what only redis-cli can do.
 */
export async function runDirectCommand(
  redis: RedisPort,
  node: NodeTarget,
  {
    args,
    missing,
    flotilla,
  }: { readonly args: readonly string[]; readonly missing: string; readonly flotilla: string },
): Promise<string> {
  const [name] = args
  if (name === undefined || name.startsWith('-'))
    throw new FlotillaError(
      'usage/invalid',
      `the image of ${node.nodeAlias} has no ${missing}, so ${name === undefined ? 'there is no interactive session' : `redis-cli's option ${name} can't be used`}`,
      { hint: `One command works all the same, such as: flotilla cli ${flotilla} dbsize` },
    )
  return renderReply(await redis.command(node, args, { deadlineMs: replyTimeoutMs }))
}
