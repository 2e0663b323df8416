// Stands in for node:child_process, which takes a twentieth of the time that an empty Node does, until
// something of it is used: commander asks for it at every start, and for nothing in it. By name, because
// whoever imports a name gets what is there by name.
const names = [
  ...['ChildProcess', 'exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'],
  '_forkChild',
]
/** @param {string} name */
const late = name => ({ enumerable: true, get: () => Reflect.get(require('child_process'), name) })
module.exports = Object.defineProperties({}, Object.fromEntries(names.map(name => [name, late(name)])))
