/**
 * Looks a YAML text over before the parser may. The parser recurses once per level, so a text of a million
 * brackets exhausts the stack; and a regular expression that V8 compiles with the stack nearly full aborts
 * the whole process, which no catch can stop. It also takes seconds, and hundreds of megabytes, for texts of
 * little else than punctuation. The lexer alone does neither: it is flat and lazy, so we stop early.
 */
import { CST, Lexer } from 'yaml'
import type { YamlProblem } from './yaml-problem.js'

/** The deepest place of our format is 4 levels down; people nest by 2 to 8 columns. */
const nestingMax = 32
const indentMax = 128
/** A document of 100 lines has about 700 tokens; parsing this many takes about a second. */
const tokensMax = 200_000
/**
 * Brackets that the lexer and the parser may disagree about: a bound on nesting that holds whatever they
 * think of `[}`.
 */
const bracketsPerDocumentMax = 400

/** The first thing in `text` that the parser should not be given, or null. */
export function whyNotParse(text: string): YamlProblem | null {
  const control = forbidden.exec(text)
  if (control !== null) return { offset: control.index, message: explainControl(control[0]) }
  let offset = 0
  let tokens = 0
  let nesting = 0
  let brackets = 0
  let column = 0
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token)
    if (isMark(token)) continue
    if (++tokens > tokensMax) return { offset, message: tooBig }
    if (type === 'doc-start' || type === 'doc-end') {
      nesting = 0
      brackets = 0
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') {
      nesting++
      brackets++
    }
    if (type === 'flow-map-end' || type === 'flow-seq-end') nesting = Math.max(0, nesting - 1)
    if (nesting > nestingMax || brackets > bracketsPerDocumentMax) return { offset, message: tooDeep }

    // Block nesting needs a column per level at least, whether spaces or `- - -` make it.
    if (type === 'newline') column = 0
    else if (type === 'space' || type === 'seq-item-ind' || type === 'explicit-key-ind')
      column += token.length
    else column = Number.NEGATIVE_INFINITY
    if (column > indentMax) return { offset, message: tooDeep }

    if (isUnclosedQuote(type, token))
      return {
        offset,
        message: `this ${token[0]} opens a text that never ends; close it with another ${token[0]}`,
      }
    offset += token.length
  }
  return null
}

/** YAML forbids these too, but the parser lets them through; on a terminal some of them move the cursor. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]/

function explainControl(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return `an invisible control character (U+${code}) stands here; remove it, or write "\\u${code}" if it belongs to a value`
}

const tooDeep = `nested deeper than ${nestingMax} levels; a manifest never needs more than 4`
const tooBig = 'far more text than a manifest needs; split it into several files'

/**
 * Marks of the lexer's own: document start, scalar follows, flow collection cut short. They stand for no
 * text.
 */
function isMark(token: string): boolean {
  return token === '\x02' || token === '\x1f' || token === '\x18'
}

function isUnclosedQuote(type: ReturnType<typeof CST.tokenType>, token: string): boolean {
  if (type === 'single-quoted-scalar') return token.length < 2 || !token.endsWith("'")
  if (type !== 'double-quoted-scalar') return false
  // An odd number of backslashes before the last quote makes it part of the text.
  return !/^"(?:[^"\\]|\\[^])*"$/.test(token)
}
