import type { CommandFacts } from '../model/redis.js'

/**
 * From the replies to COMMAND (each begins with name, arity and flags), to COMMAND INFO of the names in it,
 * in order, and to INFO commandstats. A renamed command is in the first by the name that it was born with,
 * and is not found by that (redis 6.2 to 8, Valkey).
 */
export function readCommands(all: unknown, found: unknown, stats: string): readonly CommandFacts[] {
  const foundAt = Array.isArray(found) ? (found as readonly unknown[]) : []
  return namesOfCommands(all).map(({ name, flags }, index) => ({
    name,
    writes: flags.includes('write'),
    hasItsName: Array.isArray(foundAt[index]),
    calls: Number(
      stats
        .split('\n')
        .find(line => line.startsWith(`cmdstat_${name}:`))
        ?.split('calls=')[1]
        ?.split(',', 1)[0] ?? 0,
    ),
  }))
}

export function namesOfCommands(
  all: unknown,
): readonly { readonly name: string; readonly flags: readonly string[] }[] {
  return (Array.isArray(all) ? all : []).flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return []
    const [name, , flags] = entry as readonly unknown[]
    return typeof name === 'string'
      ? [{ name: name.toLowerCase(), flags: Array.isArray(flags) ? flags.map(String) : [] }]
      : []
  })
}

/**
 * Writes that are called by another name: a replica, which has them by their own, refuses them, and is no
 * copy from then on.
 */
export function renamedWrites(commands: readonly CommandFacts[]): {
  readonly called: readonly string[]
  readonly unused: readonly string[]
} {
  const renamed = commands.filter(({ writes, hasItsName }) => writes && !hasItsName)
  const namesOf = (some: readonly CommandFacts[]): readonly string[] =>
    some.map(({ name }) => name.toUpperCase()).toSorted()
  return {
    called: namesOf(renamed.filter(({ calls }) => calls > 0)),
    unused: namesOf(renamed.filter(({ calls }) => calls === 0)),
  }
}
