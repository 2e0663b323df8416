import type { Command, Option } from 'commander'

/** What a word on the command line may be, as the program declares it. */
export interface Slot {
  /** The name in `<…>`: `flotilla`, `ordinal`, `path` … says what kind of value it is. */
  readonly name: string
  readonly choices: readonly string[]
}

/** Where the cursor is: in which verb, after which words, at what. */
export interface CommandLineCursor {
  readonly command: Command
  /** The words before the cursor that are no options. */
  readonly operands: readonly string[]
  /** The options before the cursor with their values. */
  readonly given: ReadonlyMap<Option, string | null>
  /** What has been typed of the word at the cursor. */
  readonly typed: string
  readonly at:
    | { readonly kind: 'value'; readonly slot: Slot; readonly prefix: string }
    | { readonly kind: 'option' }
    | { readonly kind: 'verb' }
    | { readonly kind: 'operand'; readonly slot: Slot | null }
}

/**
 * Reads the words of a command line up to the cursor as commander would; the last one is what is being typed.
 * Bash breaks `--output=json` into three words.
 */
export function findCursor(program: Command, line: readonly string[]): CommandLineCursor {
  const words = line.slice(0, -1)
  const typed = line.at(-1) ?? ''
  const given = new Map<Option, string | null>()
  let command = program
  let operands: readonly string[] = []
  let optionsOver = false
  let open: Option | null = null
  for (const word of words) {
    if (open !== null) {
      if (word === '=') continue
      given.set(open, word)
      open = null
    } else if (!optionsOver && word === '--') optionsOver = true
    else if (!optionsOver && isOption(word)) open = noteOption(command, word, given)
    else {
      const verb: Command | undefined =
        operands.length === 0 ? command.commands.find(one => one.name() === word) : undefined
      command = verb ?? command
      operands = verb === undefined ? [...operands, word] : []
    }
  }
  const cursor = { command, operands, given, typed: open !== null && typed === '=' ? '' : typed }
  if (open !== null) return { ...cursor, at: { kind: 'value', slot: slotOf(open), prefix: '' } }
  if (!optionsOver && isOption(typed) && !passesThrough(command, operands.length))
    return { ...cursor, ...atOption(command, typed) }
  if (command.commands.length > 0 && operands.length === 0) return { ...cursor, at: { kind: 'verb' } }
  return { ...cursor, at: { kind: 'operand', slot: operandSlot(command, operands.length) } }
}

/** Notes an option that stands before the cursor. @returns it when its value is the next word. */
function noteOption(command: Command, word: string, given: Map<Option, string | null>): Option | null {
  const [flag = '', ...value] = word.split('=')
  const option = findOption(command, flag)
  if (option === null) return null
  given.set(option, value.length === 0 ? null : value.join('='))
  return option.required && value.length === 0 ? option : null
}

function atOption(command: Command, typed: string): Pick<CommandLineCursor, 'typed' | 'at'> {
  const [flag = '', ...value] = typed.split('=')
  const option = findOption(command, flag)
  if (value.length === 0 || option === null) return { typed, at: { kind: 'option' } }
  return { typed: value.join('='), at: { kind: 'value', slot: slotOf(option), prefix: `${flag}=` } }
}

function findOption(command: Command, flag: string): Option | null {
  return command.options.find(option => option.long === flag || option.short === flag) ?? null
}

function operandSlot(command: Command, index: number): Slot | null {
  const all = command.registeredArguments
  const argument = all[index] ?? all.find(one => one.variadic) ?? null
  return argument === null ? null : { name: argument.name(), choices: argument.argChoices ?? [] }
}

/** `flotilla cli shop --bigkeys`: what follows the flotilla is redis-cli's. */
function passesThrough(command: Command, index: number): boolean {
  return operandSlot(command, index)?.name === 'command'
}

/** `--node <ordinal>`: the name of its value. */
export function slotOf(option: Option): Slot {
  return { name: /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '', choices: option.argChoices ?? [] }
}

function isOption(word: string): boolean {
  return word.startsWith('-')
}
