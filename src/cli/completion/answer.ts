import type { Command } from 'commander'
import { complete } from './complete.js'
import { knownThings } from './known-things.js'

/** The answer to a shell's question, as the scripts in shell-scripts.ts read it. */
export async function completionText(
  program: Command,
  words: readonly string[],
  placeOf: (long: '--manifests' | '--state') => string,
): Promise<string> {
  const completion = await complete(program, words, given =>
    knownThings({
      manifests: given('--manifests') ?? placeOf('--manifests'),
      state: given('--state') ?? placeOf('--state'),
    }),
  )
  if (completion.kind === 'files') return ':files\n'
  return completion.candidates.map(({ word, description }) => `${word}\t${oneLine(description)}\n`).join('')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
