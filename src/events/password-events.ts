/** The part of the catalogue that tells of users and passwords. */
export const passwordEvents = {
  'password.rotation-started': {
    level: 'info',
    message: 'password rotation started; nodes accept the new one beside the current one',
    fields: ['user', 'source'],
  },
  'password.rotated': {
    level: 'info',
    message: 'new passwords in use; the former ones are accepted until the overlap ends',
    fields: ['users', 'formerUntil'],
  },
  'password.retired': {
    level: 'info',
    message: 'former passwords and removed users are no longer accepted',
    fields: ['users'],
  },
  'password.unavailable': {
    level: 'warn',
    message: 'cannot read a password; the last good one stays in use',
    fields: ['reason'],
    alert: 'within a day: nothing is broken, but the next change of the password would not be noticed',
  },
  'user.added': { level: 'info', message: 'user added', fields: ['user'] },
  'user.unknown': {
    level: 'warn',
    message: 'a node has users that the manifest does not name; flotilla rotate removes them',
    fields: ['node', 'name', 'users'],
    alert: 'within a day: whoever made them can still log in when every password has been replaced',
  },
  'user.removed': {
    level: 'info',
    message: 'user removed from every node',
    fields: ['user'],
  },
} as const
