/** The part of the catalogue that tells of the daemon itself and of its log. */
export const daemonEvents = {
  'daemon.started': {
    level: 'info',
    message: 'Flotilla runs',
    fields: ['version', 'pid', 'manifests', 'state', 'engine', 'apiVersion', 'reach', 'reason'],
    alert:
      'when it comes more than a few times an hour: something ends the daemon, and a service manager starts it again',
  },
  'daemon.stopping': {
    level: 'info',
    message: 'Flotilla ends; the containers go on running',
    fields: ['signal'],
  },
  'daemon.stopped': {
    level: 'info',
    message: 'Flotilla has ended',
    fields: [],
    alert: 'when no daemon.started follows within a minute: nobody looks after the flotillas',
  },
  'daemon.reloading': {
    level: 'info',
    message: 'SIGHUP: the manifests are read again, and every flotilla is looked at',
    fields: [],
  },
  'daemon.state': {
    level: 'info',
    message: 'SIGUSR1: this is how things are',
    fields: ['version', 'pid', 'uptimeMs', 'logLevel', 'waiting', 'flotillas'],
  },
  'daemon.log-level': {
    level: 'warn',
    message: 'SIGUSR2: another amount is logged from now on',
    fields: ['from', 'to'],
  },
  'daemon.sd-notify-failed': {
    level: 'warn',
    message: 'the service manager can not be told how the daemon is',
    fields: ['error'],
    alert: 'when the daemon is run by systemd: its watchdog will end it',
  },
  'daemon.stalled': {
    level: 'error',
    message:
      'the daemon before this one stood still and was ended by its watchdog; this is a bug in Flotilla',
    fields: ['at', 'stalledMs', 'where'],
    alert: 'always, and report it: `where` names the functions that did not come to an end',
  },
  'log.blocked': {
    level: 'warn',
    message: 'the log can not be written; lines are kept for a while, then dropped and counted',
    fields: ['reason'],
    alert: 'when no log.resumed follows within minutes: flotilla events has what is missing',
  },
  'log.resumed': {
    level: 'warn',
    message: 'the log is written again; what was dropped is missing here',
    fields: ['droppedLines', 'blockedMs'],
    alert: 'when droppedLines is not 0 and the log is needed: flotilla events has the most of it',
  },
} as const
