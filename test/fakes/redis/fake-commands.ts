import { valueOf } from './dataset.js'
import { takeWrite, type Reply } from './fake-master.js'
import { saveSnapshot, type FakeProcess } from './fake-process.js'
import type { FakeWire } from './fake-wire.js'
import type { CommandFacts } from '../../../src/model/redis.js'

/**
 * PING, SET, GET, DBSIZE, SAVE and CONFIG GET: enough to write through a master and to read on its replicas.
 */
export function runFakeCommand(
  wire: FakeWire,
  process: FakeProcess,
  [name = '', key = '', value = '']: readonly string[],
): Promise<Reply> {
  const now = (reply: Reply): Promise<Reply> => Promise.resolve(reply)
  switch (name.toUpperCase()) {
    case 'PING':
      return now({ kind: 'value', value: 'PONG' })
    case 'GET':
      return now({ kind: 'value', value: valueOf(process.data, key) })
    case 'DBSIZE':
      return now({ kind: 'value', value: process.data.keys })
    case 'SAVE':
      saveSnapshot(process)
      return now({ kind: 'value', value: 'OK' })
    case 'SET':
      return new Promise(answer => takeWrite(wire, process, { key, value, waitFor: 0 }, answer))
    default:
      return now({ kind: 'error', message: 'ERR unknown command' })
  }
}

/** Each with whether it writes. */
const writes = {
  ...{ get: false, config: false, client: false, replicaof: false },
  ...{ set: true, flushall: true, flushdb: true },
}

/** As COMMAND and COMMAND INFO would show them. */
export function listFakeCommands({ renamed, renamedCalls }: FakeProcess): readonly CommandFacts[] {
  return Object.entries(writes)
    .filter(([name]) => renamed.get(name) !== '')
    .map(([name, isWrite]) => {
      const hasItsName = !renamed.has(name)
      return { name, writes: isWrite, hasItsName, calls: hasItsName ? 0 : renamedCalls }
    })
}
