/** @param {string} version such as `20.19.2` @param {string} lowest such as `20.19` @returns {boolean} */
export function isAtLeast(version, lowest) {
  const [own, other] = [numbersOf(version), numbersOf(lowest)]
  for (const [index, number] of own.entries()) {
    const than = other[index] ?? 0
    if (number !== than) return number > than
  }
  return true
}

/**
 * Whether a version is in the range that a package's `engines` names: `^20.19.0 || >=22.12.0`, `18 || 20 ||
 * >=22`, `*`.
 * @param {string} version @param {string} range
 * @returns {boolean}
 */
export function isInRange(version, range) {
  return range
    .replace(/(>=|\^|~|>|<=|<)\s+/g, '$1')
    .split('||')
    .some(part =>
      part
        .trim()
        .split(/\s+/)
        .every(one => meets(version, one)),
    )
}

/** @param {string} version @param {string} comparator one, without spaces */
function meets(version, comparator) {
  const [, operator = '', lowest = ''] = /^(>=|\^|~|<)?v?([\d.]*)(?:\.[x*])*$/.exec(comparator) ?? []
  if (comparator === '*') return true
  if (lowest === '') throw new Error(`"${comparator}" is a range of versions that nothing here reads`)
  if (operator === '<') return !isAtLeast(version, lowest)
  if (operator === '>=') return isAtLeast(version, lowest)
  const fixed = operator === '^' ? 1 : operator === '~' ? 2 : lowest.split('.').length
  const isSame = numbersOf(version).slice(0, fixed).join('.') === numbersOf(lowest).slice(0, fixed).join('.')
  return isSame && isAtLeast(version, lowest)
}

/** @param {string} version @returns {readonly number[]} */
function numbersOf(version) {
  return version
    .split('.')
    .filter(part => part !== '')
    .map(Number)
}
