import type { FlotillaStatus } from '../../../src/model/status.js'
import { readNodeLabels } from '../../../src/runtime/labels.js'
import type { SimRun } from './sim-run.js'

/**
 * A person who reads what a hold says and types just that. Where it leaves a choice open, the node that holds
 * most is named.
 * @returns what was done; null when there was nothing that could be typed.
 */
export function resolveHold(run: SimRun, status: FlotillaStatus): string | null {
  if (isPaused(status)) {
    run.ask({ kind: 'resume' })
    return 'flotilla resume shop'
  }
  for (const { remedy } of status.refusing) {
    const done = type(run, remedy)
    if (done !== null) return done
  }
  if (!isStuck(status)) return null
  const hanging = [...run.world.redis.processes].find(({ frozen }) => frozen)
  return hanging === undefined ? null : type(run, `docker rm -f ${hanging.containerId}`)
}

/** Whether only a person can go on from here, as far as the status says. */
export function needsOperator(status: FlotillaStatus): boolean {
  if (isPaused(status)) return true
  return status.doing.length === 0 && (status.refusing.length > 0 || isStuck(status))
}

function isPaused({ conditions }: FlotillaStatus): boolean {
  return conditions.some(one => one.type === 'Paused' && one.status === 'True')
}

/**
 * The master hangs and nobody beside it answers, or one whose data may matter hangs: it may be the
 * connection, so nothing is done but wait.
 */
function isStuck({ phase, waitingFor }: FlotillaStatus): boolean {
  const isDown = phase === 'Unavailable' || phase === 'Creating'
  return (
    isDown &&
    waitingFor.some(what =>
      /it answers or its container ends|has answered too|answers: there is no record/.test(what),
    )
  )
}

function type(run: SimRun, command: string): string | null {
  const failover = /^flotilla failover shop(?: --to (\d+|<ordinal>))?( --force)?/.exec(command)
  if (failover !== null) {
    const to =
      failover[1] === undefined
        ? null
        : failover[1] === '<ordinal>'
          ? nodeWithMostKeys(run)
          : Number(failover[1])
    run.ask({ kind: 'failover', to, force: failover[2] !== undefined, timeoutMs: 30_000 })
    return command
  }
  if (command.startsWith('flotilla resume shop')) {
    run.ask({ kind: 'resume' })
    return command
  }
  const restart = /^flotilla restart shop(?: --node (\d+))?/.exec(command)
  if (restart !== null) {
    run.ask({ kind: 'restart', node: restart[1] === undefined ? null : Number(restart[1]) })
    return command
  }
  if (command.startsWith('flotilla rollout approve shop')) {
    run.ask({ kind: 'approve', to: null, force: false, timeoutMs: 30_000 })
    return command
  }
  const scale = /^flotilla scale shop (\d+)/.exec(command)
  if (scale !== null) {
    run.edit({ replicas: Number(scale[1]) })
    return command
  }
  const remove = /^docker rm -f (\S+)/.exec(command)
  if (remove?.[1] !== undefined) {
    const id = run.world.containers.find(
      one => one.name === remove[1] || one.id.startsWith(remove[1] ?? ''),
    )?.id
    if (id === undefined) return null
    run.world.engine.controls.forceRemove(id)
    return command
  }
  return null
}

function nodeWithMostKeys(run: SimRun): number | null {
  const [best] = [...run.world.redis.processes].sort((a, b) => b.data.keys - a.data.keys)
  const container = run.world.containers.find(one => one.id === best?.containerId)
  return container === undefined ? null : (readNodeLabels(container.spec.labels)?.ordinal ?? null)
}
