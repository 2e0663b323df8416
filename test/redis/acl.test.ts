import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import type { DefaultUserAccess } from '../../src/model/spec.js'
import { applicationUser, controlUser, replicationUser } from '../../src/model/acl-user.js'
import { aclUsers, aclPasswordsOf } from '../../src/redis/acl.js'
import { type Connection, openConnection, type Reply } from '../../src/redis/client/connection.js'
import { factsWhen } from '../contract/redis-contract.js'
import { createRealWorld, type RealWorld } from '../contract/redis-servers.js'
import type { NodeTarget } from '../../src/model/redis.js'

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
      const reply = await send(controlUser, command)
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

  test('`default`, restricted, does whatever works on data, and what client libraries ask at their start', async () => {
    await giveDefault('restricted')
    const data =
      'SET a 1|GET a|KEYS *|SCAN 0|SORT l|SORT_RO l|DUMP a|FLUSHDB|FLUSHALL ASYNC|SWAPDB 0 1|WAIT 0 1|DBSIZE|RANDOMKEY'
    const queues =
      'LPUSH q 1|BLMOVE q r LEFT RIGHT 1|XADD s * f 1|XREADGROUP GROUP g c STREAMS s >|PUBLISH c m|PUBSUB CHANNELS'
    const scripts =
      'SCRIPT LOAD return|EVAL return{1} 0|EVALSHA 0 0|SCRIPT EXISTS 0|SCRIPT FLUSH|FUNCTION LIST|FCALL f 0|MULTI'
    const clients =
      'HELLO|SELECT 1|PING|INFO|ROLE|TIME|COMMAND COUNT|COMMAND DOCS get|LATENCY HELP|CLIENT SETNAME me|CLIENT GETNAME|CLIENT ID|CLIENT INFO|CLIENT LIST|CLIENT TRACKING OFF|CLIENT TRACKINGINFO|CLIENT CACHING YES|CLIENT GETREDIR|CLIENT REPLY ON|CLIENT SETINFO LIB-NAME me|CLUSTER INFO|ACL WHOAMI|MEMORY USAGE a|OBJECT ENCODING a'
    for (const command of [data, queues, scripts, clients].join('|').split('|')) {
      const reply = await send(applicationUser, command)
      const words = reply.kind === 'error' ? reply.message : ''
      assert.doesNotMatch(words, /NOPERM/, command)
    }
    // What a script does is judged as well.
    const scripted = await send(applicationUser, "EVAL return{redis.call('config','get','hz')} 0")
    assert.match(JSON.stringify(scripted), /(ACL|NOPERM|permission|not allowed)/i)
  })

  test('`default`, restricted, administers nothing, reads no password and makes no user', async () => {
    await giveDefault('restricted')
    const server =
      'CONFIG GET masterauth|CONFIG SET hz 11|CONFIG REWRITE|CONFIG RESETSTAT|SHUTDOWN NOSAVE|SAVE|BGSAVE|BGREWRITEAOF|LASTSAVE|MONITOR|SLOWLOG GET|LATENCY LATEST|MODULE LIST|CLUSTER RESET|PFDEBUG TODENSE a|PFSELFTEST'
    const replication = 'REPLICAOF NO ONE|SLAVEOF NO ONE|FAILOVER|PSYNC ? -1|SYNC|REPLCONF capa eof'
    const reach = 'MIGRATE 127.0.0.1 1 a 0 10|RESTORE a 0 x|RESTORE-ASKING a 0 x'
    const others =
      'ACL LIST|ACL GETUSER default|ACL SETUSER me on nopass +@all|ACL DELUSER flotilla|ACL LOG|ACL SAVE|ACL LOAD|CLIENT KILL TYPE normal|CLIENT PAUSE 1|CLIENT UNPAUSE|CLIENT UNBLOCK 1|CLIENT NO-EVICT ON'
    await refuses(applicationUser, [server, replication, reach, others].join('|'))
  })

  test('`default`, off, lets nobody in, and a connection that it has open may do nothing any more', async () => {
    const open = connect(applicationUser)
    assert.match(JSON.stringify(await open.send([['SET', 'a', '1']])), /OK/)
    await giveDefault('off')
    assert.match(JSON.stringify(await open.send([['GET', 'a']])), /NOPERM/)
    assert.match(JSON.stringify(await connect(applicationUser).send([['PING']])), /WRONGPASS/)
    await giveDefault('full')
    assert.match(JSON.stringify(await connect(applicationUser).send([['CONFIG', 'GET', 'hz']])), /hz/)
  })

  test('`default`, full, may do everything, with its password', async () => {
    for (const command of ['SET a 1', 'GET a', 'KEYS *', 'CONFIG GET hz', 'FLUSHALL'])
      await world.redis.command(node, command.split(' '), { deadlineMs })
    const stranger = openConnection({
      clock: systemClock,
      endpoints: [node],
      login: null,
      onLost: () => {},
    })
    connections.push(stranger)
    const answer = await stranger.send([['GET', 'a']])
    assert.match(JSON.stringify(answer), /NOAUTH/)
  })

  async function giveDefault(defaultUser: DefaultUserAccess): Promise<void> {
    const set = aclUsers({ ...aclPasswordsOf(world.credentials), defaultUser })
    await world.redis.setUsers(node, { set, remove: [] }, { deadlineMs })
  }

  async function refuses(user: User, commands: string): Promise<void> {
    for (const command of commands.split('|')) {
      const reply = await send(user, command)
      assert.ok(
        reply.kind === 'error' && reply.message.startsWith('NOPERM'),
        `${command}: ${JSON.stringify(reply)}`,
      )
    }
  }

  async function send(user: User, command: string): Promise<Reply> {
    const answer = await connect(user).send([command.split(' ')])
    return answer.kind === 'replies'
      ? (answer.replies[0] ?? assert.fail())
      : assert.fail(JSON.stringify(answer))
  }

  function connect(user: User): Connection {
    const { control, replication, application } = world.credentials
    const passwords = {
      [controlUser]: control,
      [replicationUser]: replication,
      [applicationUser]: application,
    }
    const connection = openConnection({
      clock: systemClock,
      endpoints: [node],
      login: { user, password: passwords[user] ?? assert.fail() },
      onLost: () => {},
    })
    connections.push(connection)
    return connection
  }
})

type User = typeof controlUser | typeof replicationUser | typeof applicationUser
