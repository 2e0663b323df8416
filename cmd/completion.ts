import type { Option } from 'commander'
import { Argument, Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import type { Folders } from '../src/cli/service/default-paths.js'
import { example, foldersFor, withPathOptions, type CommandContext } from './context.js'

export function completionCommand({ output }: CommandContext): Command {
  return new Command('completion')
    .summary('print Tab completion for a shell')
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

/**
 * What the scripts ask at each Tab. It never says what went wrong: that would land in the middle of
 * somebody's command line.
 */
export function hiddenCompleteCommand({ env, output }: CommandContext, program: Command): Command {
  return new Command('__complete').argument('[words...]').action(async (words: string[]) => {
    try {
      const { completionText } = await import('../src/cli/completion/render.js')
      output.result(await completionText(program, words, long => defaultPath(env, long)))
    } catch {
      process.exitCode = exitCode.failed
    }
  })
}

/** Where a verb would look, as far as the environment and the defaults say. */
function defaultPath(env: CommandContext['env'], long: string): string {
  const { options } = withPathOptions(new Command())
  const fromEnvironment = (name: keyof Folders): string | undefined =>
    env[optionOf(options, `--${name}`)?.envVar ?? '']
  const byDefault = (name: keyof Folders): string => String(optionOf(options, `--${name}`)?.defaultValue)
  const named = fromEnvironment('manifests') !== undefined || fromEnvironment('state') !== undefined
  const folders = {
    manifests: fromEnvironment('manifests') ?? byDefault('manifests'),
    state: fromEnvironment('state') ?? byDefault('state'),
  }
  return foldersFor(folders, named)[long === '--state' ? 'state' : 'manifests']
}

function optionOf(options: readonly Option[], long: string): Option | undefined {
  return options.find(option => option.long === long)
}
