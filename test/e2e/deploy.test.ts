import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { assertWhole } from '../support/common-assertions.js'
import { whyNoClient } from '../support/client-container.js'
import { call, removeContainer, signalContainer } from '../support/containers.js'
import { testEngine } from '../support/engine.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

interface ComposeService {
  readonly volumes: readonly string[]
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
}

const compose = parse(readFileSync('deploy/compose.yaml', 'utf8')) as {
  readonly services: { readonly flotilla: ComposeService }
}
const dockerfile = readFileSync('deploy/Dockerfile', 'utf8')
const socket = /^unix:\/\/(.+)$/.exec(testEngine().dockerHost)?.[1]
const absent = whyNoClient('js') || (socket === undefined ? 'the engine has no socket here' : false)

test('the daemon in a container, as deploy/ runs it, keeps a flotilla', { skip: absent }, async t => {
  const world = testWorld(t, 'boxed')
  world.declare({ replicas: 1 })
  const keeper = await startDaemonContainer(world)
  const settled = (epoch: number) => async (): Promise<boolean> => {
    const status = await world.status()
    return status.phase === 'Ready' && status.epoch === epoch
  }
  await until('Ready', 60_000, settled(1))
  await assertWhole(world, { replicas: 1 })

  const { id } = await world.container('master')
  await signalContainer(id, 'KILL')
  await until('another master', 60_000, settled(2))

  await call('POST', `/containers/${keeper}/stop?t=20`)
  const { State } = (await call('GET', `/containers/${keeper}/json`)) as { State: { ExitCode: number } }
  assert.equal(State.ExitCode, 0)
  await assertWhole(world, { replicas: 1 })
})

/**
 * There is no registry to get the image's base from, so the container gets this machine's own Node; all else
 * is as Dockerfile and compose file say.
 */
async function startDaemonContainer(world: World): Promise<string> {
  const { volumes, read_only, cap_drop, security_opt } = compose.services.flotilla
  const inside = new Map(volumes.map((volume): [string, string] => [volume.split(':').at(-1) ?? '', volume]))
  assert.deepEqual([...inside.keys()].sort(), ['/manifests', '/state', '/var/run/docker.sock'])
  const [, words = ''] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? []
  const [, variables = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? []
  const { Id } = (await call('POST', `/containers/create?name=${world.name}-keeper`, {
    Image: testEngine().image,
    User: '0:0',
    Entrypoint: ['/node', '/opt/flotilla/dist/bundle/flotilla.js'],
    Cmd: JSON.parse(words) as unknown,
    Env: variables.split(' '),
    HostConfig: {
      ReadonlyRootfs: read_only,
      CapDrop: cap_drop,
      SecurityOpt: security_opt,
      Binds: [
        `${socket}:/var/run/docker.sock`,
        `${world.manifests}:/manifests`,
        `${world.state}:/state`,
        ...['dist/bundle', 'dist/dashboard', 'package.json'].map(
          path => `${resolve(path)}:${join('/opt/flotilla', path)}:ro`,
        ),
        `${process.execPath}:/node:ro`,
        ...['/usr', '/lib', '/lib64'].filter(path => existsSync(path)).map(path => `${path}:${path}:ro`),
      ],
    },
  })) as { Id: string }
  world.beforeRemoval(() => removeContainer(Id))
  await call('POST', `/containers/${Id}/start`)
  return Id
}
