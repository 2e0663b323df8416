import { dirname } from 'node:path'
import { FlotillaError } from '../../errors.js'

/** What a unit is made of; every path absolute. */
export interface UnitSetting {
  readonly node: string
  readonly program: string
  readonly manifests: string
  readonly state: string
  /** Who owns the state directory: the daemon runs as they. Root where it is not there yet. */
  readonly uid: number
  /** Group of the engine's socket, for those who are not root; null where there is no socket. */
  readonly socketGid: number | null
  /** DOCKER_HOST and its like, as they were when the unit was written. */
  readonly environment: Readonly<Record<string, string>>
}

export const unitName = 'flotilla.service'
/** Where an administrator's units are. */
export const unitFolder = '/etc/systemd/system'

/**
 * The systemd unit of the daemon. It may write its state directory and the manifests, talk to the engine and
 * to the nodes, and nothing else. Whoever reaches the engine's socket can be root by way of it, so all this
 * keeps mistakes small, not an attacker out.
 */
export function renderUnit(setting: UnitSetting): string {
  const { node, program, manifests, state, environment } = setting
  const command = [node, program, 'run', '--manifests', manifests, '--state', state].map(quoteArgument)
  return `# Written by: flotilla service install. What is changed here is lost at the next install; use: systemctl edit ${unitName}
[Unit]
Description=Flotilla keeps Redis masters and replicas on Docker as their manifests declare
Wants=docker.service
After=docker.service network-online.target
# However often it fails to start, it is tried again: without it nothing that crashes comes back.
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify, a child of the daemon, speaks for it: Node can't send to a Unix datagram socket.
NotifyAccess=all
ExecStart=${command.join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2s
# When a master dies on a busy machine it must not wait for its turn.
Nice=-7
WatchdogSec=60s
TimeoutStartSec=120s
TimeoutStopSec=30s
${identity(setting)}${Object.entries(environment)
    .map(([name, value]) => `Environment=${quote(`${name}=${value}`)}\n`)
    .join('')}
# It writes here and nowhere else: its state, and the manifests, in which the page and the API change a number of replicas.
UMask=0077
ProtectSystem=strict
ReadWritePaths=${quote(state)}
ReadWritePaths=${quote(folderOf(manifests))}
RuntimeDirectory=flotilla
RuntimeDirectoryMode=0750
${protectHome(setting)}
PrivateTmp=${pathsOf(setting).some(isInTmp) ? 'no' : 'yes'}
PrivateDevices=yes
PrivateMounts=yes

# It needs no privilege: the engine does the work.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
KeyringMode=private
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
# Left out on purpose: MemoryDenyWriteExecute (V8 compiles while it runs), ProtectProc (a master that hangs is judged by /proc/<pid>/stat).

[Install]
WantedBy=multi-user.target
`
}

function identity({ uid, socketGid }: UnitSetting): string {
  if (uid === 0) return ''
  const group = socketGid === null || socketGid === 0 ? '' : `SupplementaryGroups=${socketGid}\n`
  return `# The owner of the state directory.\nUser=${uid}\n${group}`
}

/** A save replaces the file, so the folder is what is written. */
export function folderOf(manifests: string): string {
  return /\.ya?ml$/.test(manifests) ? dirname(manifests) : manifests
}

/** What lies in somebody's home must be seen, and is still not written, but for the paths named above. */
function protectHome(setting: UnitSetting): string {
  return `ProtectHome=${pathsOf(setting).some(isInHome) ? 'read-only' : 'yes'}`
}

function pathsOf({ node, program, manifests, state, environment }: UnitSetting): readonly string[] {
  return [node, program, manifests, state, ...Object.values(environment).map(withoutScheme)]
}

function withoutScheme(value: string): string {
  return value.replace(/^unix:\/\//, '')
}

export function isInHome(path: string): boolean {
  return /^\/(home|root|run\/user)(\/|$)/.test(path)
}

/** With a private /tmp a clone that lies there would not be seen. */
export function isInTmp(path: string): boolean {
  return /^\/(var\/)?tmp(\/|$)/.test(path)
}

/**
 * As systemd reads a word: quotes, backslashes and `%` mean something to it.
 * @throws FlotillaError usage/invalid for a line break and its like, which would be a line of the unit.
 */
function quote(text: string): string {
  if (/\p{Cc}/u.test(text))
    throw new FlotillaError(
      'usage/invalid',
      `the unit can't name ${JSON.stringify(text)}: it has a control character`,
      {
        hint: 'Rename that file or folder, or change that variable.',
      },
    )
  const safe = text.replaceAll('%', '%%')
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : `"${safe.replace(/["\\]/g, '\\$&')}"`
}

/** In a command `$` does too. */
function quoteArgument(text: string): string {
  return quote(text).replaceAll('$', '$$$$')
}
