import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The licences of all packages that files come from, in one text, sorted by name. Most of these licences ask
 * for that: they go with every copy.
 * @param {string} root
 * @param {readonly string[]} files paths below `root`
 * @returns {string}
 */
export function noticesOf(root, files) {
  const folders = new Set(
    files.flatMap(file => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
  )
  const notices = [...folders].map(folder => noticeOf(join(root, folder)))
  return [
    'Flotilla contains parts of the packages below. Each is under the licence that follows its name.\n',
    ...[...new Set(notices)].sort(),
  ].join(`\n${'-'.repeat(80)}\n\n`)
}

/** @param {string} folder @returns {string} */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder)
    .filter(file => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map(file => readFileSync(join(folder, file), 'utf8').trim())
  return [`${name} ${version} (${license})`, ...texts].join('\n\n') + '\n'
}
