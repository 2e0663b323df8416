import { setTimeout as sleepFor } from 'node:timers/promises'
import { interimMasterName, masterName } from '../../src/model/names.js'
import type { RawEngine } from '../support/raw-engine.js'
import { restartBaseline, type RawPlan } from '../support/raw-flotilla.js'
import { wireWhenListening, type Wire } from '../support/wire.js'
import { nodesOf } from './nodes.js'

/** A gateway of the floor: told where the master is, or that there is none. */
export interface RawGateway {
  point(host: string | null): Promise<void>
}

/**
 * The floor of a failover: a program that knows which node will die and which one takes its place, and does
 * the same steps by raw calls: it writes nothing down, compares nothing, and could not say after its own
 * death how far it had come.
 * @returns once it watches; `done` resolves when the old master is back and follows.
 */
export async function watchBaseline(
  engine: RawEngine,
  plan: RawPlan,
  gateway: RawGateway | null = null,
): Promise<{ readonly done: Promise<void> }> {
  const { flotilla, password } = plan
  const nodes = await nodesOf(engine, flotilla)
  const wired = await Promise.all(
    nodes.map(async node => ({ ...node, wire: await wireWhenListening(node, password) })),
  )
  const master = wired.find(node => node.name === masterName(flotilla))
  const [winner, ...others] = wired.filter(node => node !== master)
  if (master === undefined || winner === undefined) throw new Error(`${flotilla} is not whole`)
  const rename = (id: string, name: string): Promise<unknown> =>
    engine.call('POST', `/containers/${id}/rename?name=${name}`)
  const takeOver = async (): Promise<void> => {
    await master.wire.closed
    await gateway?.point(null)
    await Promise.all([winner, ...others].map(({ wire }) => untilLinkDown(wire)))
    await winner.wire.ask('REPLICAOF', 'NO', 'ONE')
    await gateway?.point(winner.host)
    await rename(winner.id, interimMasterName(flotilla))
    await Promise.all(others.map(({ wire }) => wire.ask('REPLICAOF', winner.alias, '6379')))
    await rename(master.id, `${flotilla}-replica-${ordinalOf(master.alias)}`)
    await rename(winner.id, masterName(flotilla))
    await engine.call('POST', `/containers/${master.id}/wait?condition=not-running`)
    await restartBaseline(engine, plan, master.id, winner.alias)
    for (const { wire } of wired) wire.close()
  }
  return { done: takeOver() }
}

async function untilLinkDown(wire: Wire): Promise<void> {
  while (!(await wire.ask('INFO', 'replication')).includes('master_link_status:down')) await sleepFor(1)
}

function ordinalOf(alias: string): string {
  return alias.slice(alias.lastIndexOf('-') + 1)
}
