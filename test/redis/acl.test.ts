import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { controlUser, replicationUser } from '../../src/redis/acl-user.js'
import { type Connection, openConnection, type Reply } from '../../src/redis/client/connection.js'
import type { NodeTarget } from '../../src/redis/redis.js'
import { factsWhen } from '../contract/redis-contract.js'
import { createRealWorld, type RealWorld } from '../contract/redis-servers.js'

const deadlineMs = 5000

describe('the ACL users on redis-server', () => {
  let world: RealWorld
  let node: NodeTarget
  const connections: Connection[] = []
  beforeEach(async () => {
    world = await createRealWorld()
    node = await world.startNode('shop-0')
    await world.redis.promote(node, { deadlineMs })
  })
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close()
    return world.close()
  })

  test('`flotilla` may give every order that Flotilla needs', async () => {
    const allowed = [
      'PING|INFO|ROLE|TIME|DBSIZE|LASTSAVE|BGSAVE|WAIT 0 1|CONFIG GET hz|CONFIG SET hz 11',
      'CLIENT LIST|CLIENT ID|CLIENT SETNAME flotilla|CLIENT PAUSE 5 WRITE|CLIENT UNPAUSE|CLIENT KILL TYPE pubsub',
      'ACL LIST|ACL WHOAMI|ACL LOG|ACL SETUSER somebody on >word|ACL DELUSER somebody|ACL LOAD',
      'SCRIPT KILL|REPLICAOF NO ONE',
    ]
    for (const command of allowed.join('|').split('|')) {
      const reply = await ask(controlUser, command)
      // SCRIPT KILL finds no script: that is its own refusal, not the ACL's.
      assert.ok(
        reply.kind === 'value' || /^(NOTBUSY)/.test(reply.message),
        `${command}: ${JSON.stringify(reply)}`,
      )
    }
  })

  test('`flotilla` reads and writes no data', async () => {
    await refuses(
      controlUser,
      'GET a|SET a 1|DEL a|KEYS *|SCAN 0|FLUSHALL|FLUSHDB|EVAL return 0|DUMP a|PUBLISH c m',
    )
    await refuses(controlUser, 'SUBSCRIBE c|MONITOR|SLOWLOG GET|CONFIG REWRITE|ACL SAVE|PSYNC ? -1|SYNC')
  })

  test('`replication` does nothing but replicate', async () => {
    await refuses(
      replicationUser,
      'GET a|SET a 1|KEYS *|FLUSHALL|INFO|CONFIG GET *|REPLICAOF NO ONE|ACL LIST|SHUTDOWN',
    )
    const replica = await world.startNode('shop-1')
    await world.redis.follow(replica, { host: node.host, port: node.port }, { deadlineMs })
    await factsWhen(world, replica, facts => facts.upstream?.link === 'up')
  })

  test('`default` may do everything, with its password', async () => {
    for (const command of ['SET a 1', 'GET a', 'KEYS *', 'CONFIG GET hz', 'FLUSHALL'])
      await world.redis.command(node, command.split(' '), { deadlineMs })
    const stranger = openConnection({
      clock: systemClock,
      ways: [node],
      login: null,
      onLost: () => {},
    })
    connections.push(stranger)
    const answer = await stranger.ask([['GET', 'a']])
    assert.match(JSON.stringify(answer), /NOAUTH/)
  })

  async function refuses(user: typeof controlUser | typeof replicationUser, commands: string): Promise<void> {
    for (const command of commands.split('|')) {
      const reply = await ask(user, command)
      assert.ok(
        reply.kind === 'error' && reply.message.startsWith('NOPERM'),
        `${command}: ${JSON.stringify(reply)}`,
      )
    }
  }

  async function ask(user: typeof controlUser | typeof replicationUser, command: string): Promise<Reply> {
    const { control, replication } = world.credentials
    const connection = openConnection({
      clock: systemClock,
      ways: [node],
      login: { user, password: user === controlUser ? control : replication },
      onLost: () => {},
    })
    connections.push(connection)
    const answer = await connection.ask([command.split(' ')])
    return answer.kind === 'replies'
      ? (answer.replies[0] ?? assert.fail())
      : assert.fail(JSON.stringify(answer))
  }
})
