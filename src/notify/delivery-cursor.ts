import { join } from 'node:path'
import { z } from 'zod'
import { readFileIfExists, writeFileAtomically } from '../files.js'
import type { OpenProblems } from './notification.js'
import type { Receiver } from './receiver.js'

/**
 * How far a receiver has read the journal, and what it knows to be in trouble: kept, so that a restart
 * neither forgets a notice nor repeats all of them.
 */
export interface DeliveryCursor {
  /** The id of the last event that is dealt with. */
  readonly afterId: number
  readonly open: OpenProblems
}

const schema = z.object({ afterId: z.number(), open: z.record(z.string(), z.array(z.string())) })

/**
 * Null when there is none, or when it can't be understood: a receiver then begins with what happens from now
 * on.
 */
export async function loadCursor(
  stateDirectory: string,
  receiver: Receiver['name'],
): Promise<DeliveryCursor | null> {
  const text = await readFileIfExists(pathOf(stateDirectory, receiver))
  if (text === null) return null
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export async function saveCursor(
  stateDirectory: string,
  receiver: Receiver['name'],
  cursor: DeliveryCursor,
): Promise<void> {
  await writeFileAtomically(pathOf(stateDirectory, receiver), `${JSON.stringify(cursor)}\n`, { mode: 0o600 })
}

function pathOf(stateDirectory: string, receiver: Receiver['name']): string {
  return join(stateDirectory, 'notify', `${receiver}.json`)
}
