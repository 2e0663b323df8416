/**
 * @typedef {object} TarEntry
 * @property {string} path relative, at most 100 bytes
 * @property {'file' | 'folder' | 'link'} kind
 * @property {number} [mode]
 * @property {number} [owner] uid and gid
 * @property {Buffer} [content] of a file
 * @property {string} [target] of a symbolic link
 */

const blockBytes = 512

/**
 * Packs entries as a ustar archive, with the owners that the entries ask for (so that no root is needed) and
 * no times (so that the same entries give the same bytes).
 * @param {readonly TarEntry[]} entries
 * @returns {Buffer}
 */
export function packTar(entries) {
  const blocks = entries.flatMap(entry => {
    const content = entry.content ?? Buffer.alloc(0)
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
    return [header(entry, content.length), content, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}

const typeFlag = Object.freeze({ file: '0', link: '2', folder: '5' })

/** @param {TarEntry} entry @param {number} size */
function header(entry, size) {
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`path too long for a tar header: ${entry.path}`)
  const block = Buffer.alloc(blockBytes)
  const octal = (/** @type {number} */ value, /** @type {number} */ digits) =>
    `${value.toString(8).padStart(digits, '0')}\0`
  block.write(entry.path, 0)
  block.write(octal(entry.mode ?? (entry.kind === 'file' ? 0o644 : 0o755), 7), 100)
  block.write(octal(entry.owner ?? 0, 7), 108)
  block.write(octal(entry.owner ?? 0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write('        ', 148)
  block.write(typeFlag[entry.kind], 156)
  block.write(entry.target ?? '', 157)
  block.write('ustar\x0000', 257)
  // The checksum is the sum of all header bytes with its own field read as spaces.
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${octal(checksum, 6)} `, 148)
  return block
}
