import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** What a manifest that names no image means. */
const defaultImage = 'redis:8'

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
    .map(document => ('getIn' in document ? document.getIn(['spec', 'image']) : null))
    .map(image => (typeof image === 'string' ? image : defaultImage))
}
