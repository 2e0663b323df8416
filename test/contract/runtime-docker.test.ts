import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:net'
import { systemClock } from '../../src/clock.js'
import { createContainerLister } from '../../src/runtime/docker/container-list.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { inBody } from '../../src/runtime/docker/intercepted-docker.js'
import type { DockerCall, EngineClient } from '../../src/runtime/docker/engine-client.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import { createEngineClient } from '../../src/runtime/docker/request.js'
import { createTransport } from '../../src/runtime/docker/transport.js'
import { flotillaLabel } from '../../src/runtime/labels.js'
import { canBreakEngine, leaveTask } from '../support/broken-engine.js'
import { until } from '../support/until.js'
import { describeRuntimeContract } from './runtime-contract.js'
import type { ContainerSpec } from '../../src/model/engine.js'

// Set by the engine that the test run starts. Without one these tests fail: a skipped test proves nothing.
const host = needed('FLOTILLA_TEST_DOCKER_HOST')
const image = needed('FLOTILLA_TEST_IMAGE')
const endpoint = findDockerEndpoint({
  env: { DOCKER_HOST: host },
  homeDir: '/nowhere',
  platform: process.platform,
})

/** The hands: the same engine, by calls of their own. */
const raw = createEngineClient({ endpoint, clock: systemClock, transport: createTransport(endpoint) })

describeRuntimeContract('the Docker engine', async () => {
  const prefix = `rtc${process.pid}`
  const runtime = createDockerRuntime({ endpoint, clock: systemClock, random: () => 0.5 })
  return {
    runtime,
    image,
    prefix,
    commands: {
      serves: ['redis-server', '--save', ''],
      exitsWith3OnRequest: ['sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.05; done'],
      unstartable: ['/no/such/program'],
      printsAndExitsWith3: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
    },
    controls: {
      kill9: id => act(docker => docker.getContainer(id).kill({ signal: 'KILL' })),
      pause: id => act(docker => docker.getContainer(id).pause()),
      requestExit: id => act(docker => docker.getContainer(id).kill({ signal: 'TERM' })),
      breakStart: async () => {},
      leaveUnusable: canBreakEngine() ? leaveTask : null,
      disconnect: (id, network) =>
        act(docker => docker.getNetwork(network).disconnect({ Container: id, Force: true })),
      makeVolume: name =>
        act(docker => docker.createVolume(inBody({ Name: name, Labels: { 'contract.test': prefix } }))),
      makeStranger: name =>
        act(docker =>
          docker.createContainer(inBody({ Image: image, Labels: { 'contract.test': prefix } }, { name })),
        ),
      forceRemove: id => act(docker => docker.getContainer(id).remove({ force: true })),
      isUp: async id =>
        (await runtime.readLogs(id, { tailLines: 5 })).some(line => line.includes('Ready to accept')),
      async writeLog(id, line) {
        await runtime.execInContainer(id, ['sh', '-c', `echo ${line} > /proc/1/fd/1`])
      },
      async limitsOf(id) {
        const { HostConfig } = await raw.call(
          { what: 'inspect', timeoutMs: 10_000 },
          docker => docker.getContainer(id).inspect(),
          ({ body }) => body as { HostConfig: { Memory: number; NanoCpus: number } },
        )
        return { memoryBytes: HostConfig.Memory || null, cpus: HostConfig.NanoCpus / 1e9 || null }
      },
      async fileOf(id, path) {
        const { stdout } = await runtime.execInContainer(id, [
          'sh',
          '-c',
          `stat -c '%a %u %g' ${path}; cat ${path}`,
        ])
        const [facts = '', ...content] = stdout.split('\n')
        const [mode = '', uid, gid] = facts.split(' ')
        return {
          path,
          mode: Number.parseInt(mode, 8),
          uid: Number(uid),
          gid: Number(gid),
          content: content.join('\n'),
        }
      },
    },
    async close() {
      await cleanUp(prefix)
      runtime.close()
    },
  }
})

describe('the Docker adapter', () => {
  const prefix = `rtd${process.pid}`
  const runtime = createDockerRuntime({ endpoint, clock: systemClock, random: () => 0.5 })
  before(() => runtime.createNetwork({ name: prefix, labels: { [flotillaLabel]: prefix } }))
  after(async () => {
    await cleanUp(prefix)
    runtime.close()
    raw.close()
  })

  async function make(name: string, command: readonly string[] = ['redis-server', '--protected-mode', 'no']) {
    const spec: ContainerSpec = {
      ...{ name: `${prefix}-${name}`, image, command, labels: { [flotillaLabel]: prefix } },
      ...{ attachment: { network: prefix, links: [], aliases: [] }, mounts: [], dnsOptions: ['ndots:1'] },
      ...{ openFilesMax: 4096, stopGraceSeconds: 15, publishPort: 6379, hostname: name },
    }
    return runtime.startContainer(await runtime.createContainer(spec, []))
  }

  test('a settled world costs one call; a restart by hand within it costs one inspect more', async () => {
    const ours = await Promise.all([make('settled-1'), make('settled-2')])
    const [one] = ours
    let calls = 0
    const counting: EngineClient = {
      ...raw,
      call(request, ask, decode) {
        // Other tests use the engine too, and what they do there costs looks of its own.
        const { what } = request
        if (what === 'list containers' || ours.some(({ containerId }) => what.includes(containerId))) calls++
        return raw.call(request, ask, decode)
      },
    }
    const list = createContainerLister(counting)
    await list()
    calls = 0
    const settled = await list()
    assert.equal(calls, 1)
    // Fast enough for the address to stay the same.
    await act(docker => docker.getContainer(one.containerId).restart({ t: 0 }))
    calls = 0
    const changed = await list()
    assert.equal(calls, 2)
    const pidOf = (facts: typeof settled) =>
      facts.find(({ containerId }) => containerId === one.containerId)?.pid
    assert.notEqual(pidOf(changed), pidOf(settled))
    calls = 0
    await list()
    assert.equal(calls, 1)
  })

  test('a paused server that is killed serves no command that was waiting for it', async () => {
    const { containerId, publishedPorts } = await make('frozen', [
      ...[
        'redis-server',
        '--protected-mode',
        'no',
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--dir',
        '/tmp',
      ],
    ])
    // The engine's proxy takes connections before the server does, and drops them.
    await runtime.execInContainer(containerId, untilItServes)
    const socket = connect(publishedPorts[0]?.hostPort ?? 0, '127.0.0.1')
    let answers = ''
    socket.on('data', chunk => (answers += chunk.toString()))
    socket.on('error', () => {})
    socket.write('SET before 1\r\n')
    await untilTrue(() => answers === '+OK\r\n')
    await act(docker => docker.getContainer(containerId).pause())
    socket.write('SET after 1\r\n'.repeat(1000))
    await runtime.killContainer(containerId)
    socket.destroy()
    assert.equal(answers, '+OK\r\n')
    await runtime.startContainer(containerId)
    await runtime.execInContainer(containerId, untilItServes)
    const { stdout } = await runtime.execInContainer(containerId, [
      ...['sh', '-c', 'redis-cli exists before; redis-cli exists after'],
    ])
    assert.equal(stdout, '1\n0\n')
  })

  test('the engine’s stock log driver is bounded', async () => {
    const { containerId } = await make('bounded')
    const { driver, log, hostConfig } = await raw.call(
      { what: 'inspect', timeoutMs: 10_000 },
      docker => docker.getContainer(containerId).inspect(),
      ({ body }) => {
        const { HostConfig } = body as { HostConfig: HostConfig }
        return { driver: HostConfig.LogConfig.Type, log: HostConfig.LogConfig.Config, hostConfig: HostConfig }
      },
    )
    if (driver === 'json-file') assert.deepEqual(log, { 'max-size': '10m', 'max-file': '3' })
    assert.equal(hostConfig.RestartPolicy.Name, 'no')
    assert.deepEqual(hostConfig.DnsOptions, ['ndots:1'])
    assert.deepEqual(hostConfig.Ulimits, [{ Name: 'nofile', Soft: 4096, Hard: 4096 }])
  })

  test('a container gets what is asked for beside what it gets unasked', async () => {
    const spec: ContainerSpec = {
      ...{ name: `${prefix}-asked`, image, command: ['sh'], labels: { [flotillaLabel]: prefix } },
      ...{ attachment: { network: prefix, links: [], aliases: [] }, mounts: [], dnsOptions: [] },
      ...{ openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null, hostname: 'asked' },
      ...{ capabilities: ['KILL'], pidsLimit: 77, ulimits: { nofile: 2048, core: 0 }, env: { TZ: 'UTC' } },
      logging: { driver: 'local', maxSize: 65_536, maxFiles: 2 },
      ...{ shmSizeBytes: 1_048_576, sysctls: { 'net.core.somaxconn': '1024' } },
    }
    const id = await runtime.createContainer(spec, [])
    const { HostConfig: limits, Config: config } = await raw.call(
      { what: 'inspect', timeoutMs: 10_000 },
      docker => docker.getContainer(id).inspect(),
      ({ body }) => body as { HostConfig: HostConfig; Config: { Env: readonly string[] } },
    )
    assert.deepEqual(limits.CapDrop, ['ALL'])
    assert.deepEqual(
      limits.CapAdd?.map(name => name.replace(/^CAP_/, '')),
      ['KILL'],
    )
    assert.deepEqual(limits.SecurityOpt, ['no-new-privileges'])
    assert.equal(limits.PidsLimit, 77)
    assert.equal(limits.ShmSize, 1_048_576)
    assert.deepEqual(limits.Sysctls, { 'net.core.somaxconn': '1024' })
    assert.deepEqual(limits.LogConfig, { Type: 'local', Config: { 'max-size': '65536', 'max-file': '2' } })
    assert.deepEqual(limits.Ulimits, [
      { Name: 'nofile', Soft: 2048, Hard: 2048 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ])
    assert.ok(config.Env.includes('TZ=UTC'))
  })

  test('a node’s log does not fill the disk: of 50 MB the engine keeps what its bound allows', async () => {
    const write = `yes ${'x'.repeat(99)} | head -n 500000`
    const { containerId } = await make('talkative', ['sh', '-c', write])
    await until('all to be written', 60_000, async () => {
      const facts = await runtime.inspectContainer(containerId)
      return facts?.state === 'exited'
    })
    let kept = 0
    await runtime.streamLogs(
      containerId,
      { sinceMs: null, tailLines: null, follow: false },
      ({ text }) => (kept += text.length + 1),
      AbortSignal.timeout(60_000),
    )
    assert.ok(kept > 0 && kept <= 31_000_000, `${kept} bytes are kept`)
  })

  test('a volume is made as it is asked for; one of ours that was made otherwise is success, and stays', async () => {
    const volume = { name: `${prefix}-made`, labels: { [flotillaLabel]: prefix } }
    const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=8m' }
    await runtime.createVolume({ ...volume, labels: { ...volume.labels, tier: 'gold' }, options })
    const made = await raw.call(
      { what: 'inspect', timeoutMs: 10_000 },
      docker => docker.getVolume(volume.name).inspect(),
      ({ body }) => body as Record<string, unknown>,
    )
    assert.deepEqual(
      [made['Driver'], made['Options'], made['Labels']],
      ['local', options, { ...volume.labels, tier: 'gold' }],
    )
    // The engine looks for a plugin for 15 s.
    await Promise.all([
      runtime.createVolume({ ...volume, driver: 'no-such-driver' }),
      assert.rejects(
        runtime.createVolume({ ...volume, name: `${volume.name}-not`, driver: 'no-such-driver' }),
        /create volume .*-not: .*no-such-driver/,
      ),
    ])
  })

  test('a container whose files can’t be put is removed again', async () => {
    const spec = {
      name: `${prefix}-files`,
      image,
      command: ['redis-server'],
      labels: { [flotillaLabel]: prefix },
    }
    const rest = { attachment: { network: prefix, links: [], aliases: [] }, mounts: [], dnsOptions: [] }
    const numbers = { openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null, hostname: 'x' }
    // /bin/sh is a file: nothing can be put below it.
    const files = [{ path: '/bin/sh/redis.conf', content: 'x', mode: 0o400, uid: 0, gid: 0 }]
    await assert.rejects(runtime.createContainer({ ...spec, ...rest, ...numbers }, files))
    assert.equal(await runtime.inspectContainer(spec.name), null)
  })

  test('a command is joined with the caller’s pipes, and its exit code comes back', async () => {
    const { PassThrough } = await import('node:stream')
    const { containerId } = await make('attached')
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    stdin.end('some text')
    const exitCode = await runtime.attachExec(containerId, ['sh', '-c', 'cat; echo err >&2; exit 4'], {
      stdin,
      stdout,
      stderr,
      tty: false,
    })
    assert.deepEqual(
      [exitCode, stdout.read()?.toString(), stderr.read()?.toString()],
      [4, 'some text', 'err\n'],
    )
  })

  test('a terminal’s command gets a pty of the terminal’s size, raw keys, and gives the terminal back', async () => {
    const { PassThrough } = await import('node:stream')
    const { containerId } = await make('tty')
    const rawModes: boolean[] = []
    const stdin = Object.assign(new PassThrough(), { setRawMode: (mode: boolean) => rawModes.push(mode) })
    const stdout = Object.assign(new PassThrough(), { columns: 123, rows: 45 })
    let shown = ''
    stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
    const command = [
      'sh',
      '-c',
      'until [ "$(stty size)" = "45 123" ]; do sleep 0.05; done; read key; echo "got $key"; exit 5',
    ]
    const ended = runtime.attachExec(containerId, command, { stdin, stdout, stderr: stdout, tty: true })
    stdin.write('q\r')
    assert.equal(await ended, 5)
    assert.match(shown, /got q\r\n/)
    assert.deepEqual(rawModes, [true, false])
  })

  test('an aborted wait frees its connection: the engine sees the client go', async () => {
    const { containerId } = await make('waiting', ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'])
    const stop = new AbortController()
    const stopping = runtime.stopContainer(containerId, { graceMs: 30_000 }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 100)
    await assert.rejects(stopping, { code: 'runtime/aborted' })
    await runtime.killContainer(containerId)
  })
})

const untilItServes = ['sh', '-c', 'until [ "$(redis-cli ping 2>&1)" = PONG ]; do sleep 0.05; done']

interface HostConfig {
  readonly CapDrop: readonly string[] | null
  readonly CapAdd: readonly string[] | null
  readonly SecurityOpt: readonly string[] | null
  readonly PidsLimit: number | null
  readonly LogConfig: { readonly Type: string; readonly Config: object }
  readonly RestartPolicy: { readonly Name: string }
  readonly DnsOptions: readonly string[]
  readonly Ulimits: readonly object[]
  readonly ShmSize: number
  readonly Sysctls: Readonly<Record<string, string>> | null
}

/** Done by hand; that something is gone already is fine. */
async function act(ask: DockerCall): Promise<void> {
  await raw.call({ what: 'act', timeoutMs: 30_000, format: 'text', accept: [404] }, ask, () => {})
}

async function cleanUp(prefix: string): Promise<void> {
  const read = <T>(ask: DockerCall) =>
    raw.call({ what: 'clean up', timeoutMs: 30_000 }, ask, ({ body }) => body as T)
  const containers = await read<{ Id: string; Names: string[] }[]>(docker =>
    docker.listContainers({ all: true }),
  )
  for (const { Id, Names } of containers)
    if (Names[0]?.startsWith(`/${prefix}-`))
      await act(docker => docker.getContainer(Id).remove({ force: true }))
  const { Volumes } = await read<{ Volumes: { Name: string }[] | null }>(docker => docker.listVolumes())
  for (const { Name } of Volumes ?? [])
    if (Name.startsWith(`${prefix}-`)) await act(docker => docker.getVolume(Name).remove())
  for (const { Id, Name } of await read<{ Id: string; Name: string }[]>(docker => docker.listNetworks()))
    if (Name === prefix || Name.startsWith(`${prefix}-`)) await act(docker => docker.getNetwork(Id).remove())
}

async function untilTrue(holds: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > endMs) throw new Error('it never held')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function needed(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: these tests need a Docker engine of their own`)
  return value
}
