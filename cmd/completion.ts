import type { Option } from 'commander'
import { Argument, Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import type { Folders } from '../src/cli/service/places.js'
import { example, foldersFor, withPlaces, type CommandContext } from './context.js'

export function completionCommand({ output }: CommandContext): Command {
  return new Command('completion')
    .description('print what makes Tab complete verbs, options, and the names of flotillas and nodes')
    .addArgument(new Argument('<shell>', 'the shell that it is for').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      example(
        'source <(flotilla completion bash)       # now; in ~/.bashrc: for good',
        'source <(flotilla completion zsh)        # in ~/.zshrc, after compinit',
        'flotilla completion fish > ~/.config/fish/completions/flotilla.fish',
      ),
    )
    .action((shell: 'bash' | 'zsh' | 'fish') =>
      runVerb(output, async () => {
        const { completionScript } = await import('../src/cli/completion/shell-scripts.js')
        output.result(completionScript(shell))
        return exitCode.done
      }),
    )
}

/** What the scripts ask at each Tab. It never says what went wrong: that would land in the middle of somebody's command line. */
export function hiddenCompleteCommand({ env, output }: CommandContext, program: Command): Command {
  return new Command('__complete').argument('[words...]').action(async (words: string[]) => {
    try {
      const { completionText } = await import('../src/cli/completion/answer.js')
      output.result(await completionText(program, words, long => placeOf(env, long)))
    } catch {
      process.exitCode = exitCode.failed
    }
  })
}

/** Where a verb would look, as far as the environment and the defaults say. */
function placeOf(env: CommandContext['env'], long: string): string {
  const { options } = withPlaces(new Command())
  const given = (name: keyof Folders): string | undefined => env[optionOf(options, `--${name}`)?.envVar ?? '']
  const usual = (name: keyof Folders): string => String(optionOf(options, `--${name}`)?.defaultValue)
  const named = given('manifests') !== undefined || given('state') !== undefined
  const folders = {
    manifests: given('manifests') ?? usual('manifests'),
    state: given('state') ?? usual('state'),
  }
  return foldersFor(folders, named)[long === '--state' ? 'state' : 'manifests']
}

function optionOf(options: readonly Option[], long: string): Option | undefined {
  return options.find(option => option.long === long)
}
