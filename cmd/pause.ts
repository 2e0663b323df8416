import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, placesOf, withPlaces, type CommandContext } from './context.js'

const words = {
  pause: 'hold still: change nothing, fail over nothing; status goes on to show what would be done',
  resume: 'go on after a pause',
}

/** `pause` and `resume` are one verb and its opposite. */
export function pauseCommand(context: CommandContext): Command {
  return askCommand(context, 'pause')
}

export function resumeCommand(context: CommandContext): Command {
  return askCommand(context, 'resume')
}

function askCommand({ env, output }: CommandContext, kind: 'pause' | 'resume'): Command {
  return withPlaces(new Command(kind))
    .description(words[kind])
    .argument('<flotilla>', 'which one')
    .addHelpText('after', example(`flotilla ${kind} shop`))
    .action((name: string, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { askToPause } = await import('../src/cli/ask.js')
        output.result(await askToPause({ places: placesOf(command), env, name }, kind))
        return exitCode.done
      }),
    )
}
