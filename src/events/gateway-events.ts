/** Of the gateway. */
export const gatewayEvents = {
  'gateway.pointed': {
    level: 'info',
    message: 'the gateway leads elsewhere',
    fields: ['master', 'replicas', 'tookMs'],
  },
  'gateway.held': {
    level: 'info',
    message:
      'the connection to the master was lost: new clients of the gateway wait until it is known who is master',
    fields: ['master', 'tookMs'],
  },
  'gateway.not-pointed': {
    level: 'warn',
    message: 'the gateway did not take who is master; it is told again as soon as it answers',
    fields: ['master', 'error', 'hint'],
    alert: 'when GatewayReady stays False for a minute: clients reach the master by its name alone',
  },
} as const
