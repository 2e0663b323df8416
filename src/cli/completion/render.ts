import type { Command } from 'commander'
import { complete } from './complete.js'
import { candidateSource } from './candidates.js'

/** The answer to a shell's question, as the scripts in shell-scripts.ts read it. */
export async function completionText(
  program: Command,
  words: readonly string[],
  defaultPath: (long: '--manifests' | '--state') => string,
): Promise<string> {
  const completion = await complete(program, words, given =>
    candidateSource({
      manifests: given('--manifests') ?? defaultPath('--manifests'),
      state: given('--state') ?? defaultPath('--state'),
    }),
  )
  if (completion.kind === 'files') return ':files\n'
  return completion.candidates.map(({ word, description }) => `${word}\t${oneLine(description)}\n`).join('')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
