import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Clock } from '../../../src/clock.js'
import { systemClock } from '../../../src/clock.js'
import { errorCode } from '../../../src/errors.js'
import { watchEvents } from '../../../src/runtime/docker/events.js'
import { createFrameReader } from '../../../src/runtime/docker/frames.js'
import { createLineReader } from '../../../src/runtime/docker/lines.js'
import { pullImage } from '../../../src/runtime/docker/pull.js'
import { createEngineClient } from '../../../src/runtime/docker/request.js'
import { createTransport } from '../../../src/runtime/docker/transport.js'
import type { PullProgress, RuntimeEvent } from '../../../src/runtime/runtime.js'
import type { EngineStub } from './engine-stub.js'
import { openEngineStub } from './engine-stub.js'

let engine: EngineStub
beforeEach(async () => {
  engine = await openEngineStub((_request, response) => response.end('{}'))
})
afterEach(() => engine.close())

describe('pulling', () => {
  const pull = (image: string, clock: Clock = systemClock) => {
    const progress: PullProgress[] = []
    const done = pullImage(
      engine.client,
      { image, onProgress: step => progress.push(step), pullSecret: null, logins: null, clock },
      undefined,
    )
    return { done, progress }
  }
  const lines = (...objects: object[]) => objects.map(object => `${JSON.stringify(object)}\r\n`).join('')

  test('progress sums the bytes of all layers', async () => {
    const downloading = (id: string, current: number, total: number) => ({
      ...{ id, status: 'Downloading', progressDetail: { current, total } },
    })
    engine.handler = (_request, response) =>
      response.end(
        lines(
          downloading('a', 5, 10),
          downloading('b', 1, 100),
          { id: 'a', status: 'Pull complete' },
          { status: 'Status: fine' },
        ),
      )
    const { done, progress } = pull('redis:8')
    await done
    assert.deepEqual(progress.at(-1), { doneBytes: 11, totalBytes: 110 })
  })

  test('an error inside the 200 stream is image-unavailable with Docker’s words', async () => {
    engine.handler = (_request, response) =>
      response.end(
        lines({ status: 'Pulling' }, { errorDetail: { message: 'toomanyrequests: wait' }, error: 'x' }),
      )
    await assert.rejects(pull('redis:8').done, (error: Error) => {
      assert.equal(errorCode(error), 'runtime/image-unavailable')
      assert.match(error.message, /toomanyrequests: wait/)
      return true
    })
  })

  const references: Record<string, string> = {
    redis: 'fromImage=redis&tag=latest',
    'redis:8': 'fromImage=redis&tag=8',
    'box:5000/team/redis': 'fromImage=box%3A5000%2Fteam%2Fredis&tag=latest',
    'box:5000/redis:8@sha256:abc': 'fromImage=box%3A5000%2Fredis&tag=sha256%3Aabc',
  }
  for (const [image, query] of Object.entries(references)) {
    test(`${image} asks for one tag only`, async () => {
      await pull(image).done
      assert.equal(engine.requests.at(-1), `POST /v1.41/images/create?${query}`)
    })
  }

  test('a minute without progress ends it', async () => {
    engine.handler = (_request, response) => response.writeHead(200).write(lines({ status: 'Pulling' }))
    const stalls: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after(ms, callback) {
        if (ms === 60_000) stalls.push(callback)
        return () => stalls.splice(stalls.indexOf(callback), 1)
      },
    }
    const { done } = pull('redis:8', clock)
    setTimeout(() => stalls.at(-1)?.(), 100)
    await assert.rejects(done, { code: 'runtime/timeout' })
  })

  test('an engine that goes away during a pull is unreachable', async () => {
    engine.handler = (request, response) =>
      response.writeHead(200).write(lines({ status: 'Pulling' }), () => request.socket.destroy())
    await assert.rejects(pull('redis:8').done, { code: 'runtime/unreachable' })
  })
})

describe('watching events', () => {
  /** Follows with pauses that are skipped, and tells what happened in order. */
  function watch(clock: Partial<Clock> = {}) {
    const stop = new AbortController()
    const told: string[] = []
    const pausesMs: number[] = []
    const events: RuntimeEvent[] = []
    const sleep: Clock['sleep'] = ms => {
      pausesMs.push(ms)
      return new Promise(resolve => setImmediate(resolve))
    }
    const ended = watchEvents(engine.client, {
      handlers: {
        onEvent(event) {
          events.push(event)
          told.push(event.action)
        },
        onResync: () => told.push('gap'),
        onDisconnect: () => told.push('down'),
      },
      signal: stop.signal,
      clock: { ...systemClock, sleep, ...clock },
      random: () => 1,
    })
    return { told, events, pausesMs, stop: () => (stop.abort(), ended) }
  }
  const event = (Action: string, timeNano = 1_795_412_999_000_000_000) =>
    `${JSON.stringify({ Type: 'container', Action, Actor: { ID: 'c1', Attributes: { name: 'n', image: 'i', mine: 'yes' } }, time: 1, timeNano })}\n`
  const until = async (holds: () => boolean) => {
    for (let tries = 0; !holds(); tries++) {
      assert.ok(tries < 400, 'it never happened')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  test('garbage, strangers’ types, execs and health checks are passed over', async () => {
    engine.handler = (_request, response) =>
      response.write(
        `not json\n\nnull\n42\n${event('exec_create: sh')}${event('health_status: healthy')}{"Type":"image","Action":"pull","Actor":{"ID":"x"}}\n${event('start')}`,
      )
    const seen = watch()
    await until(() => seen.events.length > 0)
    await seen.stop()
    assert.deepEqual(seen.told, ['gap', 'start'])
    assert.deepEqual(seen.events[0], {
      ...{
        type: 'container',
        action: 'start',
        id: 'c1',
        name: 'n',
        labels: { mine: 'yes' },
        atMs: 1_795_412_999_000,
      },
    })
  })

  test('an event that arrives in pieces is one event', async () => {
    engine.handler = (_request, response) => {
      const text = event('die')
      response.write(text.slice(0, 20))
      setTimeout(() => response.write(text.slice(20)), 20)
    }
    const seen = watch()
    await until(() => seen.events.length > 0)
    await seen.stop()
    assert.deepEqual(seen.told, ['gap', 'die'])
  })

  test('a lost stream is told and reopened from the last event on, with pauses that double to five seconds', async () => {
    let connections = 0
    engine.handler = (_request, response) => {
      connections++
      response.write(event('start'), () => response.destroy())
    }
    const seen = watch()
    await until(() => connections > 8)
    await seen.stop()
    assert.deepEqual(seen.told.slice(0, 6), ['gap', 'start', 'down', 'gap', 'start', 'down'])
    assert.deepEqual(seen.pausesMs.slice(0, 7), [100, 200, 400, 800, 1600, 3200, 5000])
    const [first = '', second = ''] = engine.requests.filter(line => line.includes('/events'))
    assert.doesNotMatch(first, /since/)
    assert.match(second, /since=1795412999\.0/)
  })

  test('an engine that is away is tried again until it is back', async () => {
    let refusals = 0
    engine.handler = (_request, response) => {
      if (refusals++ < 2) response.writeHead(500).end('{"message":"starting"}')
      else response.flushHeaders()
    }
    const seen = watch()
    await until(() => seen.told.includes('gap'))
    await seen.stop()
    assert.deepEqual(seen.told, ['down', 'down', 'gap'])
  })

  test('a silent stream of an engine that answers no ping is dropped', async () => {
    let pinged = 0
    engine.handler = (request, response) => {
      if (request.url !== '/_ping') return response.flushHeaders()
      pinged++
      response.writeHead(500).end()
    }
    const soon: Clock['after'] = (ms, callback) => systemClock.after(ms === 15_000 ? 20 : ms, callback)
    const seen = watch({ after: soon })
    await until(() => seen.told.filter(what => what === 'gap').length >= 2)
    await seen.stop()
    assert.ok(pinged >= 1)
    assert.deepEqual(seen.told.slice(0, 3), ['gap', 'down', 'gap'])
  })

  test('the signal ends it and frees the stream', async () => {
    let open: ServerResponse | null = null
    engine.handler = (_request, response) => {
      open = response
      response.flushHeaders()
    }
    const seen = watch()
    await until(() => seen.told.includes('gap'))
    await seen.stop()
    await until(() => open?.destroyed === true)
    assert.deepEqual(seen.told, ['gap'])
  })
})

describe('framed output', () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8)
    header[0] = stream
    header.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([header, Buffer.from(text)])
  }
  const readAll = (chunks: readonly Buffer[]) => {
    const seen = { stdout: '', stderr: '' }
    const read = createFrameReader((stream, piece) => (seen[stream] += piece.toString()))
    for (const chunk of chunks) read(chunk)
    return seen
  }
  const bytes = Buffer.concat([frame(1, 'one '), frame(2, 'bad '), frame(1, ''), frame(1, 'two')])

  test('is taken apart wherever it was cut', () => {
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.deepEqual(readAll([bytes.subarray(0, cut), bytes.subarray(cut)]), {
        stdout: 'one two',
        stderr: 'bad ',
      })
  })

  test('is handed on as it comes, however long its frame claims to be', () => {
    const endless = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x61])
    assert.deepEqual(readAll([endless, Buffer.from('b')]), { stdout: 'ab', stderr: '' })
  })

  test('without frames is stdout', () =>
    assert.deepEqual(readAll([Buffer.from('plain text of a pty')]), {
      stdout: 'plain text of a pty',
      stderr: '',
    }))
})

describe('lines', () => {
  const readAll = (pieces: readonly Buffer[]) => {
    const lines: string[] = []
    const reader = createLineReader(line => lines.push(line))
    pieces.forEach(piece => reader.take(piece))
    reader.end()
    return lines
  }

  test('are the same wherever their bytes were cut, in the middle of a letter too', () => {
    const bytes = Buffer.from('eins\r\nzwei €\n\n三')
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.deepEqual(readAll([bytes.subarray(0, cut), bytes.subarray(cut)]), ['eins', 'zwei €', '', '三'])
  })

  test('that never end are cut, and never held whole', () => {
    const lines = readAll(Array.from({ length: 100 }, () => Buffer.alloc(16_384, 'x')))
    assert.equal(lines.join('').length, 1_638_400)
    assert.ok(lines.every(line => line.length <= 2 * 65_536))
  })
})

describe('over ssh', () => {
  /**
   * Stands in for ssh: joins its pipes with the stub's socket, as `docker system dial-stdio` does at the
   * other end.
   */
  function withSsh(script: string, use: (command: string) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'ssh-'))
    const command = join(folder, 'ssh')
    writeFileSync(command, `#!${process.execPath}\n${script}`)
    chmodSync(command, 0o755)
    return use(command).finally(() => rmSync(folder, { recursive: true }))
  }
  const clientThrough = (sshCommand: string) => {
    const target = { kind: 'ssh', host: 'box', port: 2222, user: 'me' } as const
    const endpoint = { target, address: 'ssh://me@box:2222', source: 'a test' }
    return createEngineClient({
      endpoint,
      clock: systemClock,
      transport: createTransport(endpoint, { sshCommand }),
    })
  }

  test('calls go through docker system dial-stdio, several over one connection', () =>
    withSsh(
      `const socket = require('net').connect(${JSON.stringify(engine.endpoint.address.slice('unix://'.length))})
       if (process.argv.slice(2).join(' ') !== '-o BatchMode=yes -o ConnectTimeout=10 -T -l me -p 2222 -- box docker system dial-stdio') process.exit(9)
       process.stdin.pipe(socket).pipe(process.stdout)`,
      async command => {
        engine.handler = (_request, response) => response.end('{"far":true}')
        const client = clientThrough(command)
        for (let call = 0; call < 3; call++) {
          const body = await client.call(
            { what: 'look', timeoutMs: 5_000 },
            docker => docker.info(),
            reply => reply.body,
          )
          assert.deepEqual(body, { far: true })
        }
        assert.equal(engine.openSockets(), 1)
        client.close()
        await until(() => engine.openSockets() === 0)
      },
    ))

  test('what ssh complains about is the reason', () =>
    withSsh(`process.stderr.write('Host key verification failed.\\n'); process.exit(255)`, async command => {
      const client = clientThrough(command)
      const call = client.call(
        { what: 'look', timeoutMs: 5_000 },
        docker => docker.info(),
        reply => reply,
      )
      await assert.rejects(call, (error: Error) => {
        assert.equal(errorCode(error), 'runtime/unreachable')
        assert.match(error.message, /ssh:\/\/me@box:2222.*Host key verification failed/)
        return true
      })
      client.close()
    }))

  async function until(holds: () => boolean): Promise<void> {
    for (let tries = 0; !holds(); tries++) {
      assert.ok(tries < 400, 'it never happened')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
})
