import { nodeStates, type NodeStateName } from './node-states.js'
import { namesFor, settings, tuples, type Setting } from './settings.js'

/**
 * Three nodes in every state beside each other, whoever is recorded and holds the name, whatever is under
 * way; each `every`-th of them, from the `from`-th on.
 */
export function* threeNodeWorlds({
  every,
  from,
}: {
  readonly every: number
  readonly from: number
}): Generator<Setting> {
  let count = 0
  for (const template of everyThree()) if (count++ % every === from % every) yield template
}

function everyThree(): Generator<Setting> {
  // Snapshots are for persistence that has them: small-worlds.test.ts looks at those.
  const states = Object.keys(nodeStates).filter(
    state => state !== 'ended, with an old snapshot',
  ) as NodeStateName[]
  return settings({
    states: tuples(states, 3),
    names: [namesFor(3, 0), namesFor(3, 2)],
    record: [null, 0, 2],
    recordedKeys: [10],
    operation: [null, { kind: 'restart', to: 1 }],
    replicas: [1, 2],
    persistence: ['aof'],
    witnessed: [false, true],
  })
}
