import { createServer, type AddressInfo, type Server } from 'node:net'
import { systemClock } from '../../../src/clock.js'
import { createRedisClient } from '../../../src/redis/client/redis-client.js'
import { Secret } from '../../../src/secret.js'
import { Random } from '../../support/random.js'
import { watchProcess, type ProcessLoad } from './process-load.js'

export interface ReplyFuzz extends ProcessLoad {
  readonly probes: number
  /** What a probe rejected with: it never may. */
  readonly rejections: readonly unknown[]
}

/**
 * Asks servers that answer with bytes of all kinds how they are: every question has an answer within its
 * deadline.
 */
export async function fuzzReplies(given: {
  readonly seed: number
  readonly probes: number
}): Promise<ReplyFuzz> {
  const random = new Random(given.seed)
  const server = await answerOddly(random)
  const { port } = server.address() as AddressInfo
  const rejections: unknown[] = []
  const client = createRedisClient({ clock: systemClock })
  const load = watchProcess()
  try {
    for (let nth = 0; nth < given.probes; nth++) {
      const node = {
        ...{ host: '127.0.0.1', port, nodeAlias: `odd-${nth % 8}`, flotilla: 'odd' },
        ...{ containerId: `c${nth % 8}`, startedAtMs: 0 },
        ...{
          credentials: { control: new Secret('x'), replication: new Secret('x'), application: null },
          login: null,
        },
      }
      await client.probe(node, { deadlineMs: 100 }).catch((error: unknown) => rejections.push(error))
    }
    return { ...load(), probes: given.probes, rejections }
  } finally {
    client.close()
    server.close()
  }
}

async function answerOddly(random: Random): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      for (let times = random.int(0, 6); times > 0; times--) socket.write(oddReply(random))
      if (random.chance(0.2)) socket.destroy()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

function oddReply(random: Random): Buffer {
  const info =
    'role:master\r\nmaster_replid:aaaa\r\nconnected_slaves:1\r\nslave0:ip=a,port=1,state=online\r\n'
  const good = [
    '+OK\r\n',
    '+PONG\r\n',
    ':1\r\n',
    '$-1\r\n',
    '*0\r\n',
    '*2\r\n$1\r\na\r\n:2\r\n',
    '-LOADING x\r\n',
    '-NOAUTH x\r\n',
    `$${info.length}\r\n${info}\r\n`,
    '%1\r\n+a\r\n:1\r\n',
    '_\r\n',
    '#t\r\n',
    ',1.5\r\n',
    '$2147483000\r\n',
    '*2147483000\r\n',
    '*1\r\n'.repeat(200),
    '=15\r\ntxt:Some string\r\n',
    '>2\r\n+message\r\n+x\r\n',
  ]
  const bytes = Buffer.from(random.pick(good), 'latin1')
  if (random.chance(0.4))
    for (let times = random.int(1, 4); times > 0; times--)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255)
  return random.chance(0.2) ? bytes.subarray(0, random.int(0, bytes.length)) : bytes
}
