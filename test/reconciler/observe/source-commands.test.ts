import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import { SourceCommands } from '../../../src/reconciler/observe/source-commands.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import type { NodeTarget, CommandFacts } from '../../../src/model/redis.js'

const target = { containerId: 'theirs' } as unknown as NodeTarget
const flush = (calls: number): CommandFacts => ({ name: 'flushall', writes: true, hasItsName: false, calls })

test('a source is asked for its commands once in each of its runs, and again while it is called by names of its own', async () => {
  let asked = 0
  let said: CommandFacts | FlotillaError = flush(1)
  const listCommands = async (): Promise<readonly CommandFacts[]> => {
    asked += 1
    if (said instanceof FlotillaError) throw said
    return [said]
  }
  const commands = new SourceCommands({ listCommands } as unknown as RedisPort)
  const look = (run: string): Promise<readonly string[]> => commands.findRenamedWrites(target, run)
  assert.deepEqual(await look('a'), ['FLUSHALL'])
  said = flush(0)
  assert.deepEqual([await look('a'), await look('a'), asked], [[], [], 2])
  said = flush(1)
  assert.deepEqual([await look('b'), asked], [['FLUSHALL'], 3])
  said = new FlotillaError('redis/timeout', 'late')
  assert.deepEqual([await look('b'), await look('b'), asked], [[], [], 5])
  said = new FlotillaError('redis/refused-command', 'NOPERM')
  assert.deepEqual([await look('b'), await look('b'), asked], [[], [], 6])
})
