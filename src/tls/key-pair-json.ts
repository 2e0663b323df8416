import { z } from 'zod'
import { Secret } from '../secret.js'
import type { KeyPair } from './certificate-bundle.js'

/** A pair in a file of the state directory, where its key lies open. */
export const keyPairJson = z.object({
  certificate: z.string(),
  key: z.string().transform(text => new Secret(text)),
})

/** As {@link keyPairJson} reads it. */
export function toKeyPairJson<Pair extends KeyPair>(
  pair: Pair,
): Omit<Pair, 'key'> & { readonly key: string } {
  return { ...pair, key: pair.key.reveal() }
}

/** What a file holds; null for one that is damaged. */
export function parseFile<Shape>(file: z.ZodType<Shape>, text: string): Shape | null {
  try {
    return file.parse(JSON.parse(text))
  } catch {
    return null
  }
}
