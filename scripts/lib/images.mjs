import { callEngine } from './engine-http.mjs'
import { parseImageReference, whyNoFallbackImage } from './image-reference.mjs'
import { logStep, logWarning, SetupError } from './log.mjs'
import { importFallbackImage } from './fallback-image.mjs'

/** @typedef {import('./engine-http.mjs').EngineAddress} EngineAddress */

/**
 * A registry that is reachable says something well within this; where packets vanish we would wait for
 * minutes.
 */
const pullIdleMs = 20_000

/**
 * Makes sure that an image is on the engine: there already, pulled, or a fallback image made of this
 * machine's Redis or HAProxy, and says which.
 * @param {EngineAddress} engine
 * @param {string} reference
 */
export async function ensureImage(engine, reference) {
  const whyNotPulled = await whyNotPresent(engine, reference)
  if (whyNotPulled === null) {
    const fallbackImage = (await inspectImage(engine, reference))?.Config?.Labels?.['io.flotilla.stand-in']
    if (fallbackImage !== undefined) logWarning(`${reference} is a fallback image here: ${fallbackImage}`)
    return
  }
  const whyNot = whyNoFallbackImage(reference)
  if (whyNot !== null) {
    throw new SetupError(
      `${reference} can't be pulled (${whyNotPulled}), and no fallback image is made because ${whyNot}`,
      `Check the name and the network, or bring the image some other way (docker load).`,
    )
  }
  logStep(`${reference} can't be pulled here (${whyNotPulled}); building a fallback image`)
  const content = await importFallbackImage(engine, reference)
  logWarning(
    `${reference} is a fallback image here: ${content}. Remove it with \`docker rmi ${reference}\` when a registry can be reached.`,
  )
}

/**
 * Pulls an image that is not there; null when it is there in the end, otherwise why not.
 * @param {EngineAddress} engine
 * @param {string} reference
 */
export async function whyNotPresent(engine, reference) {
  if ((await inspectImage(engine, reference)) !== null) return null
  logStep(`pulling ${reference}`)
  return await pull(engine, reference)
}

/**
 * The engine's facts on an image; null when it has none of that name. @param {EngineAddress} engine @param
 * {string} reference
 */
export async function inspectImage(engine, reference) {
  const { status, body } = await callEngine(engine, { method: 'GET', path: `/images/${reference}/json` })
  return status === 200 ? JSON.parse(body) : null
}

/**
 * Null when the image has been pulled, otherwise why not, in a few words.
 * @param {EngineAddress} engine
 * @param {string} reference
 * @returns {Promise<string | null>}
 */
async function pull(engine, reference) {
  const { repository, tag, digest } = parseImageReference(reference)
  const query = new URLSearchParams({ fromImage: repository, tag: digest ?? tag })
  try {
    const path = `/images/create?${query.toString()}`
    const { status, body } = await callEngine(engine, { method: 'POST', path, idleMs: pullIdleMs })
    if (status >= 400) return shortReason(String(JSON.parse(body).message))
    // Failures after the first byte come inside the 200 stream.
    const failure = /"error":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1]
    return failure === undefined ? null : shortReason(JSON.parse(`"${failure}"`))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The cause stands at the end of Go's chained messages. @param {string} message */
function shortReason(message) {
  return message.split(': ').slice(-2).join(': ').trim()
}
