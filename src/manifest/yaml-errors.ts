import type { YAMLError } from 'yaml'

/**
 * Says in plain words what the YAML parser objects to, and what to write instead. `excerpt` is the text that
 * the error points at.
 */
export function explainYamlError(error: YAMLError, excerpt: string): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'this line is indented with a tab; YAML allows only spaces: use two spaces for each level'
    case 'BAD_INDENT':
      return explainIndent(error.message)
    case 'MISSING_CHAR':
      return explainMissing(error.message, excerpt)
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second "key: value" begins inside this value; start it on a line of its own with the same indentation, or put quotes around the value if the colon is part of it'
    case 'MULTILINE_IMPLICIT_KEY':
      return firstLineLacksSpace(excerpt)
        ? `${quote(firstLine(excerpt))} needs a space after its colon; write ${spaced(firstLine(excerpt))}`
        : 'a key and its colon must stand on one line; check the indentation of the lines that follow'
    case 'BAD_SCALAR_START':
      return `a value can't start with ${excerpt}; put it in quotes`
    case 'BAD_ALIAS':
      return excerpt.startsWith('&')
        ? 'an anchor needs a name after the &; name it, or put the value in quotes'
        : 'an alias needs a name after the *; name it, or put the value in quotes'
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return `the tag ${firstLine(excerpt)} has no meaning here; remove it`
    case 'MULTIPLE_ANCHORS':
      return 'a value can have one anchor only; remove the others'
    case 'MULTIPLE_TAGS':
      return 'a value can have one tag only, and needs none here; remove them'
    case 'ALIAS_PROPS':
      return 'an alias can have neither an anchor nor a tag; remove them'
    case 'BAD_DIRECTIVE':
      return `${quote(firstLine(excerpt))} is not a directive that YAML knows; remove the line`
    case 'BAD_DQ_ESCAPE':
      return 'this backslash sequence means nothing inside double quotes; use single quotes, or write \\\\ for a backslash'
    case 'UNEXPECTED_TOKEN':
      return explainUnexpected(error.message, excerpt)
    case 'KEY_OVER_1024_CHARS':
      return 'a key can have 1024 characters at most'
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply to be read'
    default:
      return `not valid YAML (${firstLine(error.message)})`
  }
}

function explainIndent(message: string): string {
  const closing = /end with a ([\]}])/.exec(message)?.[1]
  if (closing !== undefined)
    return `a ${closing === ']' ? '[' : '{'} that was opened above is not closed before this line; add the ${closing}`
  if (message.startsWith('All mapping items') || message.startsWith('All sequence items'))
    return 'this line is indented differently from those above that it belongs to; start it at the same column'
  return 'this line is not indented as its place needs; indent it two spaces further than the key that it belongs to'
}

function explainMissing(message: string, excerpt: string): string {
  if (message.startsWith('Comments'))
    return 'a comment needs a space before its #; add one, or put quotes around the value if the # is part of it'
  if (!message.startsWith('Implicit map keys')) return `not valid YAML (${firstLine(message)})`
  if (firstLineLacksSpace(excerpt))
    return `${quote(firstLine(excerpt))} needs a space after its colon; write ${spaced(firstLine(excerpt))}`
  return `${quote(firstLine(excerpt))} is not "key: value"; add a colon, a space and a value`
}

function explainUnexpected(message: string, excerpt: string): string {
  if (message.includes('at node end'))
    return `${quote(firstLine(excerpt))} stands after the end of the value; remove it, or put quotes around the whole value`
  return `${quote(firstLine(excerpt))} can't stand here; remove it, or put it in quotes if it is part of a value`
}

function firstLineLacksSpace(text: string): boolean {
  return /^[A-Za-z]\w*:\S+$/.test(firstLine(text))
}

function spaced(text: string): string {
  return text.replace(':', ': ')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trimEnd() ?? ''
}

/** Long or strange text is cut: a message is one line that a terminal can show. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
