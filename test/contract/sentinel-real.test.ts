import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { SentinelServer } from '../../src/sentinel/server.js'
import { knownSets, setNode, setReplica, settledSet } from '../sentinel/support/sets.js'
import { until } from '../support/until.js'

/**
 * Every question that clients ask, put to Redis's own Sentinel and to ours, which know the same: what is
 * answered has the same shape, byte for byte but for the values. Left out is QUIT, which Sentinel 7 does not
 * know.
 */
const questions = [
  ['PING'],
  ['PING', 'a'],
  ['SENTINEL', 'get-master-addr-by-name', 'shop'],
  ['SENTINEL', 'get-master-addr-by-name', 'nobody'],
  ['sentinel', 'MASTER', 'shop'],
  ['SENTINEL', 'MASTER', 'nobody'],
  ['SENTINEL', 'MASTER'],
  ['SENTINEL', 'MASTERS'],
  ['SENTINEL', 'MASTERS', 'x'],
  ['SENTINEL', 'REPLICAS', 'shop'],
  ['SENTINEL', 'REPLICAS', 'nobody'],
  ['SENTINEL', 'SLAVES', 'shop'],
  ['SENTINEL', 'SENTINELS', 'shop'],
  ['SENTINEL', 'SENTINELS', 'nobody'],
  ['SENTINEL', 'CKQUORUM', 'shop'],
  ['SENTINEL', 'CKQUORUM', 'nobody'],
  ['SENTINEL', 'MYID'],
  ['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '0', '*'],
  ['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'x', '0', '*'],
  ['SENTINEL', 'NOPE'],
  ['SENTINEL'],
  ['ROLE'],
  ['CLIENT', 'SETNAME', 'one'],
  ['CLIENT', 'GETNAME'],
  ['CLIENT', 'SETNAME', 'with space'],
  ['CLIENT', 'ID'],
  ['COMMAND', 'COUNT'],
  ['HELLO'],
  ['HELLO', '4'],
  ['HELLO', '2', 'SETNAME', 'two'],
  ['AUTH', 'x'],
  ['AUTH', 'nobody', 'x'],
  ['SUBSCRIBE'],
  ['UNSUBSCRIBE'],
  ['SUBSCRIBE', '+switch-master', '+sdown'],
  ['PSUBSCRIBE', '*'],
  ['PING'],
  ['PING', 'a'],
  ['ROLE'],
  ['UNSUBSCRIBE', '+sdown'],
  ['UNSUBSCRIBE'],
  ['PUNSUBSCRIBE'],
  ['INFO', 'sentinel'],
  ['GET', 'a'],
  [''],
] as const

/** The first words of a line only, where the rest is prose or a value of the one who answers. */
function shapeOf(reply: string): readonly string[] {
  return reply.split('\r\n').map(line => {
    if (/^-ERR (unknown|Can't execute)/.test(line)) return line.split(' ').slice(0, 3).join(' ')
    if (/^\$\d+$/.test(line)) return '$'
    if (/^:\d+$/.test(line)) return ':'
    if (/^[0-9a-f]{40}$/.test(line)) return '<id>'
    if (/^-?\d+$/.test(line)) return '<number>'
    return line
      .replace(/^master0:name=shop,status=ok,address=.*/, '<master0>')
      .replace(/^127\.0\.0\.1:\d+$/, '<endpoint>')
      .replace(/^(\d+\.\d+\.\d+)$/, '<version>')
  })
}

describe('Redis’s own Sentinel and ours answer in the same shapes', () => {
  for (const protocol of ['2', '3'])
    test(`in RESP${protocol}`, async t => {
      const real = await startRealSentinel(t)
      const ours = await startOurs(t, real.nodes)
      for (const [index, question] of questions.entries()) {
        // A subscriber of one answers otherwise than one of none, so all go over one connection each.
        if (index === 0 && protocol === '3') {
          await real.connection.ask(['HELLO', '3'])
          await ours.ask(['HELLO', '3'])
        }
        if (protocol === '3' && question[0] === 'HELLO' && question[1] === '2') continue
        const [wanted, given] = [await real.connection.ask(question), await ours.ask(question)]
        const what = `${question.join(' ')}: ${JSON.stringify(wanted)} | ${JSON.stringify(given)}`
        assert.deepEqual(shapeOf(given), shapeOf(wanted), what)
      }
    })
})

interface Asked {
  ask(words: readonly string[]): Promise<string>
}

/** Sends a question with one behind it whose answer is known: what comes before that is the answer. */
function openAsked(t: TestContext, port: number): Asked {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  let [text, isOver] = ['', false]
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined).on('close', () => (isOver = true))
  const encode = (words: readonly string[]): string =>
    `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
  let count = 0
  return {
    async ask(words) {
      text = ''
      const marker = `marker-${(count += 1)}`
      socket.write(encode(words) + encode(['PING', marker]), 'latin1')
      await until(`an answer to ${words.join(' ')}`, 10_000, () => isOver || text.includes(`${marker}\r\n`))
      return isOver
        ? text
        : text.slice(0, Math.max(text.lastIndexOf('$'), 0)).replace(/\*2\r\n\$4\r\npong\r\n$/, '')
    },
  }
}

interface Nodes {
  readonly master: number
  readonly replica: number
}

/** A master, a replica and a Sentinel that has found both. */
async function startRealSentinel(
  t: TestContext,
): Promise<{ readonly connection: Asked; readonly nodes: Nodes }> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-sentinel-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [master, replica, port] = [await freePort(), await freePort(), await freePort()]
  const start = (args: readonly string[]): void => {
    const child = spawn('redis-server', args, { stdio: 'ignore', cwd: folder })
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    })
  }
  const common = ['--bind', '127.0.0.1', '--save', '', '--repl-diskless-sync-delay', '0']
  start(['--port', String(master), ...common])
  start(['--port', String(replica), '--replicaof', '127.0.0.1', String(master), ...common])
  const file = join(folder, 'sentinel.conf')
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 ${master} 1\n`)
  await until('the nodes to answer', 20_000, async () => (await pings(master)) && pings(replica))
  start([file, '--sentinel'])
  await until('the Sentinel to answer', 20_000, () => pings(port))
  const connection = openAsked(t, port)
  await until('the Sentinel to know both', 30_000, async () => {
    // It asks again every second only when it has found a change.
    const known = await connection.ask(['SENTINEL', 'REPLICAS', 'shop'])
    return known.includes('\r\nflags\r\n$5\r\nslave\r\n') && known.includes('master-link-status\r\n$2\r\nok')
  })
  return { connection, nodes: { master, replica } }
}

async function startOurs(t: TestContext, { master, replica }: Nodes): Promise<Asked> {
  const at = (port: number) => ({ address: { host: '127.0.0.1', port }, port })
  const node = setNode(0, at(master))
  const set = settledSet({ master: node, recorded: node, replicas: [setReplica(1, at(replica))] })
  const server = new SentinelServer({
    sets: knownSets(set),
    clock: systemClock,
    book: (_asker, { address }) => address,
    askerOf: () => Promise.resolve({ kind: 'host', reachedAt: '127.0.0.1' }),
    password: null,
    myId: 'a'.repeat(40),
    flotillaVersion: '0.0.0',
    onError: error => assert.fail(String(error)),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => server.close())
  return openAsked(t, port)
}

function pings(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', data => end(String(data).startsWith('+PONG')))
    socket.once('error', () => end(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
