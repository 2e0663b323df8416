// Stands in for node:child_process, which takes a twentieth of the time that an empty Node does, until something of it is used: commander asks for it at
// every start, and for nothing in it.
module.exports = new Proxy({}, { get: (_, name) => Reflect.get(require('child_process'), name) })
