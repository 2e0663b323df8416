import { setTimeout as sleepFor } from 'node:timers/promises'
import { masterName, nodeAlias, replicaName } from '../../src/model/names.js'
import type { RawEngine } from './raw-engine.js'
import type { RawNode, RawPlan } from './raw-flotilla.js'
import { addressOf } from './node-poller.js'
import { wireWhenListening, type Wire } from './wire.js'

/**
 * The floor of a roll: the stops, starts and syncs that any program has to go through, by one that knows them
 * all beforehand. One node at a time, the next when the last is in sync, and a change of masters that loses
 * nothing.
 *
 * @param plan what the nodes are to be, as `planBaseline` made it
 * @param master ordinal of the node that is master now
 * @returns the ordinal of the new master.
 */
export async function rollBaseline(
  engine: RawEngine,
  plan: RawPlan,
  { master, pollIntervalMs }: { readonly master: number; readonly pollIntervalMs: number },
): Promise<number> {
  const others = plan.nodes.map((_, ordinal) => ordinal).filter(ordinal => ordinal !== master)
  const [target = 0] = others
  for (const ordinal of others) await renew(engine, plan, { ordinal, master, pollIntervalMs })
  await handOverByHand(engine, plan, { from: master, to: target, others })
  await renew(engine, plan, { ordinal: master, master: target, pollIntervalMs })
  return target
}

async function renew(
  engine: RawEngine,
  plan: RawPlan,
  wanted: { readonly ordinal: number; readonly master: number; readonly pollIntervalMs: number },
): Promise<void> {
  const { ordinal, master, pollIntervalMs } = wanted
  const name = replicaName(plan.flotilla, ordinal)
  await engine.call('POST', `/containers/${name}/stop`)
  await engine.call('DELETE', `/containers/${name}`)
  const { body, archive } = nodeOf(plan, ordinal)
  await engine.call('POST', `/containers/create?name=${name}`, body)
  await engine.call('PUT', `/containers/${name}/archive?path=/&noOverwriteDirNonDir=1`, archive)
  await engine.call('POST', `/containers/${name}/start`)
  const wire = await connectTo(engine, plan, name)
  await patiently(() => wire.ask('REPLICAOF', nodeAlias(plan.flotilla, master), '6379'))
  while (!(await wire.ask('INFO', 'replication')).includes('master_link_status:up'))
    await sleepFor(pollIntervalMs)
  wire.close()
}

async function handOverByHand(
  engine: RawEngine,
  plan: RawPlan,
  { from, to, others }: { readonly from: number; readonly to: number; readonly others: readonly number[] },
): Promise<void> {
  const { flotilla } = plan
  const [old, target] = await Promise.all([
    connectTo(engine, plan, masterName(flotilla)),
    connectTo(engine, plan, replicaName(flotilla, to)),
  ])
  await old.ask('CLIENT', 'PAUSE', '2000', 'WRITE')
  while ((await offsetOf(target, 'slave_repl_offset')) < (await offsetOf(old, 'master_repl_offset')));
  await old.ask('REPLICAOF', nodeAlias(flotilla, to), '6379')
  await target.ask('REPLICAOF', 'NO', 'ONE')
  await rename(engine, masterName(flotilla), replicaName(flotilla, from))
  await rename(engine, replicaName(flotilla, to), masterName(flotilla))
  await old.ask('CLIENT', 'UNPAUSE')
  await old.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  for (const ordinal of others.filter(one => one !== to)) {
    const wire = await connectTo(engine, plan, replicaName(flotilla, ordinal))
    await wire.ask('REPLICAOF', nodeAlias(flotilla, to), '6379')
    wire.close()
  }
  old.close()
  target.close()
}

async function rename(engine: RawEngine, from: string, to: string): Promise<void> {
  await engine.call('POST', `/containers/${from}/rename?name=${to}`)
}

async function offsetOf(wire: Wire, field: string): Promise<number> {
  return Number(new RegExp(`${field}:(\\d+)`).exec(await wire.ask('INFO', 'replication'))?.[1])
}

/** A node that was started a moment ago may read its append-only file first. */
async function patiently(order: () => Promise<string>): Promise<void> {
  for (;;) {
    try {
      return void (await order())
    } catch (error) {
      if (!String(error).includes('LOADING')) throw error
      await sleepFor(2)
    }
  }
}

async function connectTo(engine: RawEngine, plan: RawPlan, name: string): Promise<Wire> {
  return wireWhenListening({ host: await addressOf(engine, name, plan.flotilla) }, plan.password)
}

function nodeOf({ nodes }: RawPlan, ordinal: number): RawNode {
  const node = nodes[ordinal]
  if (node === undefined) throw new Error(`no node ${ordinal}`)
  return node
}
