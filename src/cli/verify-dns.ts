import type { Runtime } from '../runtime/runtime.js'
import type { ContainerFacts } from '../model/engine.js'

/** As many programs connect one after the other: where two answer to one name, they take turns. */
const lookups = 5

/**
 * @returns what is wrong with where the name leads to, as nodes see it from inside their networks; null when
 * it leads to this container alone.
 */
export async function whyNotResolved(
  runtime: Runtime,
  question: {
    readonly name: string
    /** Who should be found. */
    readonly holder: ContainerFacts
    /** In whose container it is asked. */
    readonly askedIn: ContainerFacts
  },
): Promise<string | null> {
  const { name, holder, askedIn } = question
  const own = holder.networks.flatMap(({ address }) => address ?? [])
  const found = new Set<string>()
  for (let count = 0; count < lookups; count++) {
    const answer = await runtime.execInContainer(askedIn.containerId, ['getent', 'ahostsv4', name])
    // An image without the program can't be asked.
    if (answer.exitCode === 126 || answer.exitCode === 127) return null
    if (answer.exitCode !== 0) return `${name} leads nowhere from ${askedIn.name}`
    for (const line of answer.stdout.trim().split('\n')) found.add(line.split(/\s+/)[0] ?? '')
  }
  const others = [...found].filter(address => address !== '' && !own.includes(address)).sort()
  return others.length === 0
    ? null
    : `${name} leads to ${others.join(', ')} too, which is not ${holder.name}: somebody else answers to that name`
}
