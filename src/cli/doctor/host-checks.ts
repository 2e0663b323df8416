import { formatBytes } from '../../units.js'
import type { Disk, DoctorFacts, HostFacts } from './facts.js'
import { failure, checkKnown, ok, warning, type Finding } from './finding.js'

/**
 * Redis forks to save and to rewrite its file; without overcommit the kernel may refuse the fork although the
 * memory would never be used.
 */
export function checkOvercommit({ overcommit }: HostFacts): Finding {
  return checkKnown(overcommit, value =>
    value === '1'
      ? ok('vm.overcommit_memory is 1')
      : warning(`vm.overcommit_memory is ${value}`, {
          means:
            'a background save, and with it a synchronisation of a replica, can fail when a node uses more than half of the memory',
          fix: "echo 'vm.overcommit_memory = 1' | sudo tee /etc/sysctl.d/99-redis.conf && sudo sysctl --system",
        }),
  )
}

/**
 * https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/ (transparent huge
 * pages); `disable-thp yes` is Redis's default since 6.2.
 */
export function checkHugePages({ hugePages }: HostFacts): Finding {
  return checkKnown(hugePages, value =>
    value === 'always'
      ? ok('transparent huge pages are always on', 'Redis turns them off for itself')
      : ok(`transparent huge pages: ${value}`),
  )
}

/** Redis asks for a queue of 511 connections that wait to be accepted; the kernel cuts it to this. */
const tcpBacklog = 511

export function checkSomaxconn({ somaxconn }: HostFacts): Finding {
  return checkKnown(somaxconn, value =>
    value >= tcpBacklog
      ? ok(`net.core.somaxconn is ${value} in a node`)
      : warning(`net.core.somaxconn is ${value} in a node`, {
          means: `Redis wants ${tcpBacklog}; when many clients connect at once, after a failover say, some are turned away and try again a second later`,
          fix: 'update the kernel: from 5.4 on each container begins with 4096',
        }),
  )
}

const mebibyte = 1_024 ** 2

/** Redis stops taking writes when it can't write its file; a synchronisation needs room for a second copy. */
export function checkEngineDisk({ engineDisk }: HostFacts): Finding {
  return checkKnown(engineDisk, disk =>
    checkDisk(disk, {
      failBytes: 512 * mebibyte,
      warnShare: 0.1,
      means:
        'nodes that can not write their data refuse writes, and a synchronisation needs room for a second copy',
      fix: 'free some: flotilla gc, docker system df, docker image prune',
    }),
  )
}

export function checkStateDisk(disk: Disk): Finding {
  return checkDisk(disk, {
    failBytes: 20 * mebibyte,
    warnShare: 0.02,
    means: 'what can not be written down is not done: no promotion, above all',
    fix: `free some space on the disk of ${disk.path}`,
  })
}

/** The worst of the folders that backups go to. */
export function checkBackupDisks({ backupDisks }: Pick<DoctorFacts, 'backupDisks'>): Finding {
  return checkKnown(backupDisks, folders => {
    const findings = folders.map(({ path, disk }) =>
      disk.kind === 'known' ? checkBackupDisk(disk.value) : missingFolder(path, disk.reason),
    )
    const [first] = findings
    const worst =
      findings.find(({ verdict }) => verdict === 'failure') ??
      findings.find(({ verdict }) => verdict === 'warning')
    return worst ?? first ?? ok('no backups go to a folder of this machine')
  })
}

function missingFolder(path: string, reason: string): Finding {
  return failure(`${path}, where backups go: ${reason}`, {
    means: 'no backup can be taken',
    fix: `mount its disk; if this is where they are to go: mkdir -p ${path}`,
  })
}

function checkBackupDisk(disk: Disk): Finding {
  return checkDisk(disk, {
    failBytes: 512 * mebibyte,
    warnShare: 0.1,
    means: 'when it is full no further backup is taken',
    fix: `free some space on the disk of ${disk.path}, or keep fewer backups (spec.backup.keep)`,
  })
}

function checkDisk(
  { path, freeBytes, totalBytes }: Disk,
  limits: {
    readonly failBytes: number
    readonly warnShare: number
    readonly means: string
    readonly fix: string
  },
): Finding {
  const share = totalBytes === 0 ? 1 : freeBytes / totalBytes
  const found = `${formatBytes(freeBytes)} (${Math.floor(share * 100)} %) free at ${path}`
  const { means, fix } = limits
  if (freeBytes < limits.failBytes) return failure(found, { means, fix })
  return share < limits.warnShare ? warning(found, { means, fix }) : ok(found)
}
