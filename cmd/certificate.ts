import { Command } from 'commander'
import { exitCode } from '../src/cli/exit-codes.js'
import { runVerb } from '../src/cli/output.js'
import { example, pathsOf, withPathOptions, type CommandContext } from './context.js'

export function certificateCommand(context: CommandContext): Command {
  return new Command('certificate')
    .summary('make certificates for clients')
    .description('make certificates for clients, where spec.tls.clientAuth asks for one')
    .addHelpText('after', example('flotilla certificate issue shop --client app'))
    .addCommand(issueCommand(context))
}

function issueCommand({ output }: CommandContext): Command {
  return withPathOptions(new Command('issue'))
    .description(
      'make a certificate and its key for one client, signed by the private authority of the flotilla; good for spec.tls.lifetime',
    )
    .argument('<flotilla>', 'whose nodes are to let it in')
    .requiredOption('--client <name>', 'who it is for; the files are called so')
    .option('--out <dir>', 'where the two files are written', '.')
    .addHelpText('after', example('flotilla certificate issue shop --client app --out /run/app'))
    .action((name: string, options: { client: string; out: string }, command: Command) =>
      runVerb(output, async () => {
        const { issueCertificateFor } = await import('../src/cli/certificate.js')
        const { client, out: folder } = options
        output.result(await issueCertificateFor({ paths: pathsOf(command), name, client, folder }))
        return exitCode.done
      }),
    )
}
