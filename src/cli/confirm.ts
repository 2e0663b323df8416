import { createInterface } from 'node:readline/promises'
import { isatty } from 'node:tty'
import { Writable } from 'node:stream'
import { FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'

/**
 * @returns whether the person said yes. @throws FlotillaError usage/invalid where nobody can be asked;
 * `otherwise` says how to fix it then.
 */
export async function confirm(
  text: string,
  { hintWithoutTerminal }: { readonly hintWithoutTerminal: string },
): Promise<boolean> {
  if (!isatty(0))
    throw new FlotillaError('usage/invalid', 'nobody can be asked here, so nothing was done', {
      hint: hintWithoutTerminal,
    })
  const question = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await question.question(text)).trim())
  } finally {
    question.close()
  }
}

/** What is typed is not shown. Null where nobody can be asked, and when nothing was typed. */
export async function promptPassword(text: string): Promise<Secret | null> {
  if (!isatty(0)) return null
  process.stderr.write(text)
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() })
  const question = createInterface({ input: process.stdin, output: muted, terminal: true })
  try {
    const typed = await question.question('')
    return typed === '' ? null : new Secret(typed)
  } finally {
    question.close()
    process.stderr.write('\n')
  }
}
