import type { Command } from 'commander'
import { testProgram } from '../../cli/test-program.js'
import { readNodeLabels } from '../../../src/runtime/labels.js'
import type { SimRun } from './sim-run.js'

/**
 * Types the command that a hold begins with, as it stands there. What is `flotilla …` goes through the command line's own parser and then to the daemon, as the verb hands
 * it over; what is `docker …` is done to the simulated engine. `<ordinal>` is for the reader to choose: the node that holds most.
 * @throws when it is no command, or none that the command line knows.
 */
export async function typeWhatItSays(run: SimRun, whatToType: string): Promise<void> {
  const [command = ''] = whatToType.split(/ {3}\(|, (?:or|then) | && /)
  const words = command.replace('<ordinal>', String(richest(run))).split(' ')
  if (words[0] === 'flotilla') return obeyFlotilla(run, await parse(words.slice(1)))
  if (words[0] === 'docker') return obeyDocker(run, words.slice(1))
  throw new Error(`this is nothing to type: ${whatToType}`)
}

interface Parsed {
  readonly verb: string
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** By the program as it is, with nothing behind its verbs. */
async function parse(words: readonly string[]): Promise<Parsed> {
  const program = testProgram()
  const parsed: Parsed[] = []
  for (const verb of program.commands) {
    verb.exitOverride()
    verb.action((...given: unknown[]) => {
      const command = given.at(-1) as Command
      parsed.push({ verb: command.name(), args: command.args, options: command.opts() })
    })
  }
  await program.parseAsync([...words], { from: 'user' })
  const [first] = parsed
  if (first === undefined) throw new Error(`the command line does nothing for: flotilla ${words.join(' ')}`)
  return first
}

function obeyFlotilla(run: SimRun, { verb, args, options }: Parsed): void {
  const {
    to = null,
    node = null,
    force = false,
    timeout = 30,
  } = options as {
    readonly to?: number
    readonly node?: number
    readonly force?: boolean
    readonly timeout?: number
  }
  switch (verb) {
    case 'failover':
      return run.ask({ kind: 'failover', to, force, timeoutMs: timeout * 1_000 })
    case 'resume':
      return run.ask({ kind: 'resume' })
    case 'restart':
      return run.ask({ kind: 'restart', node })
    case 'scale':
      return run.edit({ replicas: Number(args[1]) })
    default:
      throw new Error(`nobody has tried yet what a hold says by: flotilla ${verb}`)
  }
}

function obeyDocker({ world }: SimRun, words: readonly string[]): void {
  const { engine } = world
  const [verb = '', second = '', third = ''] = words
  const idOf = (name: string): string =>
    [...engine.world.containers.values()].find(one => one.name === name || one.id.startsWith(name))?.id ??
    name
  switch (verb) {
    case 'rename':
      return engine.hands.rename(idOf(second), third)
    case 'rm':
      return engine.hands.removeByHand(idOf(words.at(-1) ?? ''))
    case 'pull':
      return engine.hands.addImage(second)
    case 'network':
      return engine.world.addNetwork({ name: words.at(-1) ?? '', labels: {} })
    default:
      throw new Error(`nobody has tried yet what a hold says by: docker ${words.join(' ')}`)
  }
}

function richest({ world }: SimRun): number | null {
  const [best] = [...world.redis.processes].sort((a, b) => b.data.keys - a.data.keys)
  const labels = world.containers.find(one => one.id === best?.containerId)?.spec.labels
  return labels === undefined ? null : (readNodeLabels(labels)?.ordinal ?? null)
}
