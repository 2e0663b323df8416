import { createServer } from 'node:net'
import {
  parseListenAddress,
  renderListenAddress,
  whyNotListening,
  type ListenAddress,
} from '../../listen-address.js'
import { readSentinelState } from '../sentinel-state.js'
import type { SentinelFacts, StateFacts } from './facts.js'

/** @param wanted FLOTILLA_SENTINEL; a daemon that runs has these addresses itself. */
export async function gatherSentinelFacts(
  { directory, holder }: StateFacts,
  wanted: string | undefined,
): Promise<SentinelFacts> {
  if (holder?.alive === true && holder.command === 'run')
    return { ...(await readSentinelState(directory)), taken: [] }
  const addresses = (wanted ?? '').split(',').flatMap(text => parseListenAddress(text.trim()) ?? [])
  const tried = await Promise.all(addresses.map(whyNotHere))
  return { listening: [], waiting: [], problems: [], taken: tried.filter(one => one !== null) }
}

async function whyNotHere(address: ListenAddress): Promise<SentinelFacts['taken'][number] | null> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address, resolve)
    })
    return null
  } catch (error) {
    return { address: renderListenAddress(address), reason: whyNotListening(error) }
  } finally {
    server.close()
  }
}
