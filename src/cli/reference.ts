import type { Argument, Command, Option } from 'commander'
import { exitCode } from './exit-codes.js'

/**
 * docs/cli.md: every verb as the program itself declares it. Options that have a heading of their own in the
 * help (where things are) are told once. As the formatter wants it, so that writing it again changes nothing.
 */
export function renderCliReference(program: Command): string {
  const verbs = program
    .createHelp()
    .visibleCommands(program)
    .filter(verb => verb.name() !== 'help')
  const headings = [...new Set(verbs.map(verb => verb.helpGroup()))]
  const contents = headings.map(heading => {
    const members = verbs.filter(verb => verb.helpGroup() === heading)
    return `- ${heading} ${members.map(verb => `[${verb.name()}](#flotilla-${verb.name()})`).join(', ')}`
  })
  return `${[head, contents.join('\n'), exitCodes, environmentVariables(verbs), sharedOptions(verbs), ...verbs.flatMap(verb => renderVerb(verb))].join('\n\n')}\n`
}

const head = `# Command line

<!-- Written by \`npm run generate:cli\` from the commands in cmd/. Changes made here are lost. -->

\`flotilla <verb> --help\` says the same in a terminal. Results go to stdout, everything else to stderr; there is no colour where stdout is no terminal or
\`NO_COLOR\` is set. Where a verb prints data, \`-o json\` prints it for programs.`

const exitCodes = `## Exit codes

- \`${exitCode.done}\`: done.
- \`${exitCode.failed}\`: failed; also \`status --check\` when not all flotillas are Ready.
- \`${exitCode.usage}\`: wrong usage, or an invalid manifest.
- \`${exitCode.notSettled}\`: \`up\`: not settled in time, or on hold; \`switchover\`, \`failover\`, \`promote\`, \`rollout approve\`: aborted or not begun.
- \`${exitCode.changes}\`: \`plan --exit-code\`: there are changes, waits or holds.
- Others: \`cli\` passes on the exit code of redis-cli.`

/** Every variable that stands for an option, once. */
function environmentVariables(verbs: readonly Command[]): string {
  const rows = new Map<string, string>()
  for (const verb of verbs)
    for (const { envVar, long, description, helpGroupHeading } of verb.options) {
      if (envVar === undefined || rows.has(envVar)) continue
      const option = helpGroupHeading === undefined ? `${verb.name()} ${long}` : long
      rows.set(envVar, `- \`${envVar}\`: as \`${option}\`. ${sentence(description)}`)
    }
  const others = [
    '- `NO_COLOR`: no colour.',
    '- `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`: which engine, as for the docker command.',
  ]
  return `## Environment\n\n${[...rows.values(), ...others].join('\n')}`
}

/** The options with a heading, each told once. */
function sharedOptions(verbs: readonly Command[]): string {
  const all = verbs.flatMap(verb => verb.options).filter(isShared)
  const once = [...new Map(all.map(option => [option.flags, option])).values()]
  return `## Where things are\n\nEvery verb that is about flotillas takes these.\n\n${once.map(renderOption).join('\n')}`
}

function renderVerb(verb: Command): readonly string[] {
  const path = verb.parent?.parent ? `${verb.parent.name()} ${verb.name()}` : verb.name()
  const entries = [
    ...verb.registeredArguments.map(renderArgument),
    ...verb.options.filter(option => !isShared(option) && !option.hidden).map(renderOption),
  ]
  const takesPaths = verb.options.some(isShared) ? ['Also: [where things are](#where-things-are).'] : []
  const parts = [
    `## flotilla ${path}`,
    sentence(verb.description()),
    `\`\`\`text\nflotilla ${path} ${verb.usage()}`.trimEnd() + '\n```',
    ...(entries.length > 0 ? [entries.join('\n')] : []),
    ...takesPaths,
    ...helpAfter(verb),
  ]
  return [parts.join('\n\n'), ...verb.commands.flatMap(renderVerb)]
}

function renderArgument(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name()
  const written = argument.required ? `<${name}>` : `[${name}]`
  return `- \`${written}\`: ${details(argument.description, argument.argChoices, argument.defaultValue)}`
}

function renderOption(option: Option): string {
  const environment = option.envVar === undefined ? '' : ` Environment: \`${option.envVar}\`.`
  return `- \`${option.flags}\`: ${details(option.description, option.argChoices, option.defaultValue)}${environment}`
}

function details(description: string, choices: readonly string[] | undefined, given: unknown): string {
  const chosen = choices === undefined ? '' : ` One of ${choices.map(code).join(', ')}.`
  const byDefault =
    given === undefined ? '' : ` Default: ${code(typeof given === 'string' ? given : JSON.stringify(given))}.`
  return `${sentence(description)}${chosen}${byDefault}`
}

/** What stands after the help of a verb: its examples, and what else there is to say. */
function helpAfter(verb: Command): readonly string[] {
  let help = ''
  const before = verb.configureOutput()
  verb.configureOutput({ ...before, writeOut: text => (help += text), getOutHelpWidth: () => 160 })
  verb.outputHelp()
  verb.configureOutput(before)
  const after = help.split(/\n(?=Example)/).slice(1)
  return after.map(text => {
    const [title = '', ...lines] = text.trimEnd().split('\n')
    return `${title}\n\n\`\`\`sh\n${lines.map(line => line.replace(/^ {2}/, '')).join('\n')}\n\`\`\``
  })
}

function isShared(option: Option): boolean {
  return option.helpGroupHeading !== undefined
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

function code(text: string): string {
  return `\`${text}\``
}
