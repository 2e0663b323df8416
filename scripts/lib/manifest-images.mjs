import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** What a manifest that names no image means. */
const defaultImage = 'redis:8'
const defaultGatewayImage = 'haproxy:3.2'

/**
 * The images that the manifests of a folder name, each once. A manifest that can't be read is left to the
 * daemon to complain about.
 * @param {string} folder
 * @returns {readonly string[]}
 */
export function imagesOfManifests(folder) {
  const files = existsSync(folder) ? readdirSync(folder).filter(name => /^[^.].*\.ya?ml$/.test(name)) : []
  return [...new Set(files.flatMap(name => imagesOf(readFileSync(join(folder, name), 'utf8'))))]
}

/**
 * The images that a text of one or more manifests names.
 * @param {string} text
 * @returns {readonly string[]}
 */
export function imagesOf(text) {
  const documents = [...parseAllDocuments(text)].filter(
    document => 'errors' in document && document.errors.length === 0,
  )
  return documents
    .filter(document => 'getIn' in document && document.get('kind') === 'RedisReplication')
    .flatMap(document => ('getIn' in document ? [...redisImage(document), ...gatewayImage(document)] : []))
}

/**
 * @typedef {{ getIn(path: readonly string[]): unknown, hasIn(path: readonly string[]): boolean }} Document
 */

/** @param {Document} document */
function redisImage(document) {
  const image = document.getIn(['spec', 'image'])
  return [typeof image === 'string' ? image : defaultImage]
}

/** @param {Document} document */
function gatewayImage(document) {
  if (!document.hasIn(['spec', 'gateway'])) return []
  const gateway = document.getIn(['spec', 'gateway'])
  const isSection = typeof gateway === 'object' && gateway !== null
  const image = isSection ? document.getIn(['spec', 'gateway', 'image']) : null
  return [typeof image === 'string' ? image : defaultGatewayImage]
}
