import { InvalidArgumentError, Option, type Command } from 'commander'
import { join } from 'node:path'
import { chooseFolders, type Folders } from '../src/cli/service/default-paths.js'
import { unitFolder, unitName } from '../src/cli/service/unit.js'
import type { Output } from '../src/cli/output.js'
import { parseDuration } from '../src/units.js'
import type { Paths } from '../src/session/open-store.js'
import type { Environment } from '../src/session/session.js'

/** What a verb gets from the process: the only way in for the environment. */
export interface CommandContext {
  readonly env: Environment
  readonly output: Output
}

export const pathsHeading = 'Where things are:'

/** The options that every verb about flotillas has. */
export function withPathOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--manifests <path>',
        'a manifest or a directory of them; where there is none here, those of the installed service',
      )
        .env('FLOTILLA_MANIFESTS')
        .default('manifests')
        .helpGroup(pathsHeading),
    )
    .addOption(
      new Option('--state <dir>', 'what Flotilla remembers')
        .env('FLOTILLA_STATE')
        .default('state')
        .helpGroup(pathsHeading),
    )
    .addOption(
      new Option(
        '--policy <file>',
        'what manifests may ask for (default: policy.yaml of the state directory, where there is one)',
      )
        .env('FLOTILLA_POLICY')
        .helpGroup(pathsHeading),
    )
    .addOption(
      new Option('--reach <way>', 'how nodes are reached')
        .choices(['auto', 'container-ip', 'network', 'published'])
        .env('FLOTILLA_REACH')
        .default('auto')
        .helpGroup(pathsHeading),
    )
}

/** As whom a verb reads and writes data. */
export function asUser(): Option {
  return new Option(
    '--user <name>',
    'as that user of the manifest (default: default, or where it is off the first of spec.auth.users)',
  )
}

/** The places that {@link withPathOptions} read, or those of the installed service where nobody named any. */
export function pathsOf(command: Command): Paths {
  const paths = command.opts<Paths>()
  const named = ['manifests', 'state'].some(name => command.getOptionValueSource(name) !== 'default')
  return { ...paths, ...foldersFor(paths, named) }
}

export function foldersFor(folders: Folders, named: boolean): Folders {
  return chooseFolders({ folders, named, workingFolder: process.cwd(), unitPath: join(unitFolder, unitName) })
}

export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map(line => `  ${line}`).join('\n')}`
}

/** For commander: a whole number from 0. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.')
  return Number(text)
}

/** For commander: `0s`, `90s`, `1h30m`, to milliseconds. */
export function parseTime(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new InvalidArgumentError('Write how long: 30s, 5m, 1h30m.')
  return ms
}

/** How far back a verb looks that prints what has been. */
export function sinceOption(): Option {
  return new Option('--since <when>', 'since so long ago (90s, 15m, 1h30m, 2d), or since an ISO time')
}

/** How a verb prints that prints line after line. */
export function linesFormatOption(): Option {
  return new Option('-o, --output <format>', 'how to print; json: one object a line')
    .choices(['text', 'json'])
    .default('text')
}

/** For commander: an option that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
