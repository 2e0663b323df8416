/** The part of the catalogue that tells of users and passwords. */
export const passwordEvents = {
  'password.rotation-started': {
    level: 'info',
    message: 'a user is to have a new password; every node is given it beside the current one',
    fields: ['user', 'source'],
  },
  'password.rotated': {
    level: 'info',
    message: 'new passwords are in use; those before are accepted until the overlap ends',
    fields: ['users', 'formerUntil'],
  },
  'password.retired': {
    level: 'info',
    message:
      'former passwords, or users that are not in the manifest any more, are accepted nowhere from now on',
    fields: ['users'],
  },
  'password.unavailable': {
    level: 'warn',
    message: 'a password can not be read from where the manifest says; the last good one stays in force',
    fields: ['reason'],
    alert: 'within a day: nothing is broken, but the next change of the password would not be noticed',
  },
  'user.added': { level: 'info', message: 'the manifest has another user', fields: ['user'] },
  'user.unknown': {
    level: 'warn',
    message: 'a node has users that the manifest does not name; flotilla rotate removes them',
    fields: ['node', 'name', 'users'],
    alert: 'within a day: whoever made them can still log in when every password has been replaced',
  },
  'user.removed': {
    level: 'info',
    message: 'a user is not in the manifest; it is taken from every node',
    fields: ['user'],
  },
} as const
