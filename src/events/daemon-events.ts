/** The part of the catalogue that tells of the daemon itself and of its log. */
export const daemonEvents = {
  'daemon.started': {
    level: 'info',
    message: 'daemon started',
    fields: ['version', 'pid', 'manifests', 'state', 'engine', 'apiVersion', 'reach', 'reason'],
    alert:
      'when it comes more than a few times an hour: something ends the daemon, and a service manager starts it again',
  },
  'daemon.standing-by': {
    level: 'info',
    message: 'another Flotilla has the state directory; this one takes over when it ends',
    fields: ['state', 'holder', 'holderPid', 'holderHost'],
  },
  'daemon.deposed': {
    level: 'error',
    message: 'another Flotilla has taken the state directory; this daemon ends',
    fields: ['state', 'holderPid', 'holderHost'],
    alert:
      'always: the machine slept or stood still for half a minute, or two run without knowing of each other',
  },
  'daemon.stopping': {
    level: 'info',
    message: 'daemon stopping; the containers keep running',
    fields: ['signal'],
  },
  'daemon.stopped': {
    level: 'info',
    message: 'daemon stopped',
    fields: [],
    alert: 'when no daemon.started follows within a minute: nobody looks after the flotillas',
  },
  'daemon.reloading': {
    level: 'info',
    message: 'SIGHUP: reloading manifests and reconciling every flotilla',
    fields: [],
  },
  'daemon.state': {
    level: 'info',
    message: 'SIGUSR1: current state',
    fields: ['version', 'pid', 'uptimeMs', 'logLevel', 'waiting', 'flotillas'],
  },
  'daemon.log-level': {
    level: 'warn',
    message: 'SIGUSR2: log level changed',
    fields: ['from', 'to'],
  },
  'daemon.sd-notify-failed': {
    level: 'warn',
    message: 'cannot reach the service manager',
    fields: ['error'],
    alert: 'when the daemon is run by systemd: its watchdog will end it',
  },
  'daemon.stalled': {
    level: 'error',
    message: 'the watchdog killed the previous daemon because it hung; this is a bug in Flotilla',
    fields: ['at', 'stalledMs', 'where'],
    alert: 'always, and report it: `where` names the functions that did not come to an end',
  },
  'log.blocked': {
    level: 'warn',
    message: 'the log cannot be written; lines are buffered, then dropped and counted',
    fields: ['reason'],
    alert: 'when no log.resumed follows within minutes: flotilla events has what is missing',
  },
  'log.resumed': {
    level: 'warn',
    message: 'the log is written again; dropped lines are missing here',
    fields: ['droppedLines', 'blockedMs'],
    alert: 'when droppedLines is not 0 and the log is needed: flotilla events has the most of it',
  },
} as const
