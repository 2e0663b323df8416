import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

const verbs = {
  hibernate: {
    asleep: true,
    summary: 'remove all containers, and keep what they saved',
    description: 'stop and keep: the master saves, all containers go, data, names and passwords stay',
  },
  wake: {
    asleep: false,
    summary: 'bring a hibernated flotilla back as it was',
    description: 'bring a hibernated flotilla back, with the same master and data',
  },
}

/** `hibernate` and `wake` are one verb and its opposite. */
export function hibernateCommand(context: CommandContext): Command {
  return editCommand(context, 'hibernate')
}

export function wakeCommand(context: CommandContext): Command {
  return editCommand(context, 'wake')
}

function editCommand({ output }: CommandContext, verb: keyof typeof verbs): Command {
  const { asleep, summary, description } = verbs[verb]
  return withPathOptions(new Command(verb))
    .summary(summary)
    .description(description)
    .argument('<flotilla>', 'which one')
    .addHelpText('after', example(`flotilla ${verb} shop`))
    .action((name: string, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { hibernate } = await import('../src/session/hibernate.js')
        output.result(await hibernate(pathsOf(command), name, asleep))
        return exitCode.done
      }),
    )
}
