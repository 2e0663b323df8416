/**
 * Whether clients are paused. Before Valkey 8.1 INFO does not say so, but a client that a pause keeps waiting
 * shows in CLIENT LIST: it is blocked in a command that never blocks by itself. A pause that nobody waits for
 * is not seen, and does no harm.
 */

/**
 * CLIENT LIST costs the server some microseconds for each client, so it is asked only where it can tell
 * something.
 */
const clientsMax = 1_000

/** Whether CLIENT LIST has to be asked, from the text of INFO. */
export function mayBePaused(info: string): boolean {
  const connected = numberIn(info, 'connected_clients')
  return (
    /^role:master\r?$/m.test(info) &&
    !/^paused_actions:/m.test(info) &&
    numberIn(info, 'blocked_clients') > 0 &&
    connected <= clientsMax
  )
}

export function showsPausedClients(clientList: string): boolean {
  return clientList.split('\n').some(line => {
    const command = / cmd=(\S+)/.exec(line)?.[1] ?? ''
    return / flags=\S*b/.test(line) && command !== '' && !blocksByDesign(command)
  })
}

const blocking = [
  ...['blpop', 'brpop', 'brpoplpush', 'blmove', 'blmpop', 'bzpopmin', 'bzpopmax', 'bzmpop'],
  ...['xread', 'xreadgroup', 'wait', 'waitaof', 'shutdown', 'failover', 'replicaof', 'slaveof'],
]

/** Commands of modules, `ft.search`, block in worker threads. */
function blocksByDesign(command: string): boolean {
  const [name = ''] = command.toLowerCase().split('|')
  return name.includes('.') || name === 'null' || blocking.includes(name)
}

function numberIn(info: string, field: string): number {
  const start = info.indexOf(`\n${field}:`)
  return start < 0 ? 0 : Number.parseInt(info.slice(start + field.length + 2), 10)
}
