import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

const summaries = {
  pause: 'change nothing, fail over nothing, until resume',
  resume: 'go on after a pause',
}

const descriptions = {
  pause: 'hold still: change nothing, fail over nothing; status goes on to show what would be done',
  resume: 'go on after a pause',
}

/** `pause` and `resume` are one verb and its opposite. */
export function pauseCommand(context: CommandContext): Command {
  return requestCommand(context, 'pause')
}

export function resumeCommand(context: CommandContext): Command {
  return requestCommand(context, 'resume')
}

function requestCommand({ env, output }: CommandContext, kind: 'pause' | 'resume'): Command {
  return withPathOptions(new Command(kind))
    .summary(summaries[kind])
    .description(descriptions[kind])
    .argument('<flotilla>', 'which one')
    .addHelpText('after', example(`flotilla ${kind} shop`))
    .action((name: string, _options: unknown, command: Command) =>
      runVerb(output, async () => {
        const { requestPause } = await import('../src/cli/send-request.js')
        output.result(await requestPause({ paths: pathsOf(command), env, name }, kind))
        return exitCode.done
      }),
    )
}
