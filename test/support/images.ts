import { callEngine, testEngine, uniqueName } from './engine.js'
import type { World } from './world.js'

export interface ImageChanges {
  /** Run as root in a container of the test image, whose files the new image gets. */
  readonly script: string
  /** As in a Dockerfile. */
  readonly instructions: readonly string[]
}

/** An image made from the test image, for one world, which takes it away at its end. @returns its name */
export async function makeImage(world: World, { script, instructions }: ImageChanges): Promise<string> {
  const repository = `flotilla-test/${uniqueName('image')}`
  const { Id: id } = await must<{ Id: string }>('POST', '/containers/create', {
    Image: testEngine().image,
    User: '0',
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none' },
  })
  try {
    await must('POST', `/containers/${id}/start`)
    const { StatusCode } = await must<{ StatusCode: number }>('POST', `/containers/${id}/wait`)
    if (StatusCode !== 0) throw new Error(`the script of the image ended with ${StatusCode}`)
    const query = new URLSearchParams({ container: id, repo: repository, tag: '1' })
    for (const one of instructions) query.append('changes', one)
    await must('POST', `/commit?${query.toString()}`)
  } finally {
    await callEngine('DELETE', `/containers/${id}?force=1&v=1`)
  }
  world.afterRemoval(async () => {
    await callEngine('DELETE', `/images/${repository}:1?force=1`)
  })
  return `${repository}:1`
}

/** Lets a tag mean another image: `docker tag`. */
export async function moveTag(tag: string, image: string): Promise<void> {
  const [repo = '', name = ''] = tag.split(':')
  await must('POST', `/images/${image}/tag?${new URLSearchParams({ repo, tag: name }).toString()}`)
}

async function must<Answer>(method: string, path: string, json?: unknown): Promise<Answer> {
  const { status, text } = await callEngine(method, path, json)
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`)
  return (text === '' ? {} : JSON.parse(text)) as Answer
}
