import type { Command, Option } from 'commander'
import { catalogue } from '../../events/catalogue.js'
import { findCursor, type CommandLineCursor, type Slot } from './command-tree.js'

export interface CompletionCandidate {
  readonly word: string
  /** For shells that show one; may be empty. */
  readonly description: string
}

export type Completion =
  { readonly kind: 'words'; readonly candidates: readonly CompletionCandidate[] } | { readonly kind: 'files' }

/** What is known of the flotillas while somebody types; asked for only when it matters. */
export interface CandidateSource {
  flotillas(): Promise<readonly CompletionCandidate[]>
  /** The nodes of one flotilla: by ordinal, or by the name of their container. */
  nodes(flotilla: string, by: 'ordinal' | 'name'): Promise<readonly CompletionCandidate[]>
}

/**
 * What an argument or an option's value may be, by the name that the program gives it. What is not here, or
 * has choices of its own, is free text.
 */
export const completableKinds = [
  'flotilla',
  'ordinal',
  'node',
  'verb',
  'code',
  'path',
  'dir',
  'file',
] as const

/**
 * What may stand at the cursor, the last of `line`, which holds the words after the program's name. Follows
 * from the program alone.
 */
export async function complete(
  program: Command,
  line: readonly string[],
  known: (option: (long: string) => string | null) => CandidateSource,
): Promise<Completion> {
  const cursor = findCursor(program, line)
  switch (cursor.at.kind) {
    case 'verb':
      return matching(cursor, verbsOf(cursor.command))
    case 'option':
      return matching(cursor, optionsOf(cursor))
    case 'value':
      return valuesOf(
        cursor,
        cursor.at.slot,
        known(long => givenTo(cursor, long)),
      )
    case 'operand':
      return cursor.at.slot === null
        ? matching(cursor, [])
        : valuesOf(
            cursor,
            cursor.at.slot,
            known(long => givenTo(cursor, long)),
          )
  }
}

async function valuesOf(cursor: CommandLineCursor, slot: Slot, known: CandidateSource): Promise<Completion> {
  if (slot.choices.length > 0)
    return matching(
      cursor,
      slot.choices.map(word => ({ word, description: '' })),
    )
  switch (slot.name) {
    case 'flotilla': {
      const all = await known.flotillas()
      return matching(
        cursor,
        all.filter(({ word }) => !cursor.operands.includes(word)),
      )
    }
    case 'ordinal':
      return matching(cursor, await nodesOf(cursor, known, 'ordinal'))
    case 'node':
      return matching(cursor, await nodesOf(cursor, known, 'name'))
    case 'code':
      return matching(
        cursor,
        Object.entries(catalogue).map(([word, { message }]) => ({ word, description: message })),
      )
    case 'path':
    case 'dir':
    case 'file':
      return { kind: 'files' }
    default:
      return matching(cursor, [])
  }
}

/** Of the flotilla that is named before the cursor, or of all while none is. */
async function nodesOf(
  { operands }: CommandLineCursor,
  known: CandidateSource,
  by: 'ordinal' | 'name',
): Promise<readonly CompletionCandidate[]> {
  const names = (await known.flotillas()).map(({ word }) => word)
  const named = names.filter(name => operands.includes(name))
  const nodes = await Promise.all((named.length > 0 ? named : names).map(name => known.nodes(name, by)))
  const given = by === 'name' ? operands : []
  return [...new Map(nodes.flat().map(node => [node.word, node])).values()].filter(
    ({ word }) => !given.includes(word),
  )
}

function verbsOf(command: Command): readonly CompletionCandidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map(one => ({ word: one.name(), description: one.summary() || one.description() }))
}

function optionsOf({ command, given }: CommandLineCursor): readonly CompletionCandidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(option => option.variadic || !given.has(option))
    .map(option => ({ word: option.long ?? option.short ?? '', description: option.description }))
}

/** Only what begins with what was typed; shells filter too, but not all of them in the same way. */
function matching({ typed, at }: CommandLineCursor, candidates: readonly CompletionCandidate[]): Completion {
  const prefix = at.kind === 'value' ? at.prefix : ''
  return {
    kind: 'words',
    candidates: candidates
      .filter(({ word }) => word.startsWith(typed))
      .map(({ word, description }) => ({ word: `${prefix}${word}`, description })),
  }
}

/** What was given to this option before the cursor; null when it was not. */
function givenTo({ given }: CommandLineCursor, long: string): string | null {
  const found = [...given].find(([option]: readonly [Option, string | null]) => option.long === long)
  return found?.[1] ?? null
}
