import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'

/**
 * Where an engine that we started lives. Nothing of it is shared with another engine on the machine.
 * @typedef {object} EngineHome
 * @property {string} name for messages
 * @property {string} keepFolder survives a reboot: data root and log
 * @property {string} runFolder does not: socket, pid files, exec root
 * @property {string} dataRoot
 * @property {string} execRoot
 * @property {string} socket
 * @property {string} url
 * @property {string} pidFile dockerd's own
 * @property {string} supervisorPidFile the isolated engine's outermost process, as the host numbers it
 * @property {string} keptMark there when a person brought the test engine up: a test run then leaves it up
 * @property {string} configFile empty: /etc/docker/daemon.json belongs to the machine's own engine
 * @property {string} logFile
 * @property {string} lockFile
 * @property {string} cgroup parent of the containers' cgroups
 */

/** The engine that `npm start` brings up where none answers. Its data stays until someone deletes it. */
export const userEngineHome = engineHome('flotilla-engine', 'Flotilla’s own engine')

/**
 * The engine that the tests of one checkout use; two checkouts don't meet.
 * @param {string} checkout
 */
export function testEngineHome(checkout) {
  const id = createHash('sha256').update(realpathSync(checkout)).digest('hex').slice(0, 8)
  return engineHome(`flotilla-test-engine-${id}`, 'the test engine')
}

/** @param {string} stem @param {string} name @returns {EngineHome} */
function engineHome(stem, name) {
  const keepFolder = `/var/lib/${stem}`
  const runFolder = `/run/${stem}`
  const socket = `${runFolder}/docker.sock`
  return {
    name,
    keepFolder,
    runFolder,
    dataRoot: `${keepFolder}/data`,
    execRoot: `${runFolder}/exec`,
    socket,
    url: `unix://${socket}`,
    pidFile: `${runFolder}/docker.pid`,
    supervisorPidFile: `${runFolder}/supervisor.pid`,
    keptMark: `${runFolder}/kept`,
    configFile: `${runFolder}/daemon.json`,
    logFile: `${keepFolder}/dockerd.log`,
    lockFile: `/run/${stem}.lock`,
    cgroup: `/${stem}`,
  }
}
