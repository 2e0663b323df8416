import { writeRefusal } from '../../redis/write-refusal.js'
import type { DoctorFacts, StateFacts } from './facts.js'
import { checkStateDisk } from './host-checks.js'
import { failure, checkKnown, ok, warning, type Finding } from './finding.js'
import type { Probe } from '../../model/redis.js'

export function checkManifests({ path, problems, flotillas }: DoctorFacts['manifests']): Finding {
  if (problems.length === 0) return ok(`${flotillas} declared in ${path}`)
  return failure(problems.join('; '), {
    means: 'the last good version stays in force',
    fix: `flotilla validate ${path}`,
  })
}

/**
 * No more than a word about it: what is in plain text stays on the engine's host, and HTTP beyond loopback is
 * refused without a certificate.
 */
export function checkEncryption(encryption: DoctorFacts['encryption']): Finding {
  return checkKnown(encryption, all => {
    const named = (mode: string): string =>
      all.flatMap(one => (one.mode === mode ? [one.flotilla] : [])).join(', ')
    const [plain, either] = [named('off'), named('prefer')]
    if (plain === '' && either === '') return ok('no connection to a node is in plain text')
    const found = [
      ...(plain === '' ? [] : [`clients and replicas of ${plain}`]),
      ...(either === '' ? [] : [`clients of ${either} that ask for no TLS`]),
    ]
    return ok(
      `in plain text: ${found.join('; ')}`,
      'it stays on the networks of the engine and on loopback; to encrypt it, write tls: require under spec',
    )
  })
}

export function checkImages(images: DoctorFacts['images']): Finding {
  return checkKnown(images, all => {
    const missing = all.filter(({ found }) => found === null).map(({ image }) => image)
    const fallbackImages = all
      .filter(({ found }) => found?.labels['io.flotilla.stand-in'] !== undefined)
      .map(({ image }) => image)
    if (missing.length > 0)
      return warning(`not on the engine: ${missing.join(', ')}`, {
        means: 'it is pulled when the first node is created, which then waits for it',
        fix: missing.map(image => `docker pull ${image}`).join(' && '),
      })
    if (fallbackImages.length > 0)
      return warning(`${fallbackImages.join(', ')}: a fallback image, not the image of that name`, {
        means: 'it was built from this machine’s own Redis where the image could not be pulled',
        fix: fallbackImages.map(image => `docker rmi ${image} && docker pull ${image}`).join(' && '),
      })
    return ok(all.length === 0 ? 'none is asked for' : all.map(({ image }) => image).join(', '))
  })
}

export function checkNodes(nodes: DoctorFacts['nodes']): Finding {
  return checkKnown(nodes, all => {
    const bad = all.flatMap(({ name, probe }) => {
      const reason = whyNotReached(probe) ?? whyNoWrites(probe)
      return reason === null ? [] : [`${name} ${reason}`]
    })
    if (bad.length === 0) return ok(all.length === 0 ? 'none runs' : `${all.length} of ${all.length} answer`)
    return failure(bad.join('; '), {
      means:
        'what Flotilla can not ask, it can not judge; it waits, and fails over only on proof. A master that refuses writes is not failed over: the next one would refuse them too',
      fix: 'flotilla status, which says how to fix it; and docker logs of that node. If no node answers: a firewall between this host and the containers, or --reach',
    })
  })
}

function whyNotReached(probe: Probe | null): string | null {
  if (probe === null) return 'has no address'
  switch (probe.kind) {
    case 'answered':
    case 'loading':
    case 'busy':
      return null
    case 'denied':
      return `does not let us in: ${probe.reason}`
    case 'refused':
    case 'silent':
    case 'hung':
      return `does not answer: ${probe.reason}`
  }
}

/** By what the node says alone: how many replicas a write needs is asked of `status`. */
function whyNoWrites(probe: Probe | null): string | null {
  if (probe?.kind !== 'answered' || probe.facts.role !== 'master') return null
  const refusal = writeRefusal(probe.facts, {
    savesSnapshots: !probe.facts.persistence.aofEnabled,
    ...{ stopsWhenSnapshotFails: true, minReplicas: 1, wasOutOfMemory: false, hasRefused: false },
  })
  return refusal === null ? null : `refuses writes: ${refusal.detail}; it answers ${refusal.reply}`
}

export function checkGateways(gateways: DoctorFacts['gateways']): Finding {
  return checkKnown(gateways, all => {
    const [first, ...others] = all.flatMap(({ name, problem }) =>
      problem === null ? [] : [{ name, problem }],
    )
    if (first === undefined)
      return ok(
        all.length === 0 ? 'none is asked for' : `${all.length} of ${all.length} lead to their master`,
      )
    const told = [first, ...others].map(({ name, problem }) => `${name}: ${problem}`)
    return failure(told.join('; '), {
      means: 'clients that go through it reach no master; the name still leads to one',
      fix: 'flotilla status, which says how to fix it; a running daemon repairs what is its own to repair',
    })
  })
}

export function checkNames(nameConflicts: DoctorFacts['nameConflicts']): Finding {
  return checkKnown(nameConflicts, all => {
    const [first] = all
    if (first === undefined) return ok('each leads to its node alone')
    return failure(all.map(({ reason }) => reason).join('; '), {
      means: 'programs that ask for that name reach somebody else, always or now and then',
      fix: first.fix,
    })
  })
}

export function checkSecrets(missingSecrets: DoctorFacts['missingSecrets'], directory: string): Finding {
  return checkKnown(missingSecrets, names => {
    const [first] = names
    if (first === undefined) return ok('the passwords of all that runs are here')
    return failure(`no passwords for ${names.join(', ')} in ${directory}/secrets`, {
      means: 'its nodes refuse us, so it is not looked after',
      fix: `restore ${directory}/secrets from your backup, or recreate it with its data kept: flotilla down ${first} && flotilla up ${first}`,
    })
  })
}

export function checkLeftovers(leftovers: DoctorFacts['leftovers']): Finding {
  return checkKnown(leftovers, things => {
    if (things.length === 0) return ok('nothing of ours is wanted by nobody')
    return warning(
      `${things.length} of ours, wanted by nobody: ${things.map(({ name }) => name).join(', ')}`,
      {
        means:
          'volumes of nodes that were scaled away, old data set aside, networks: they take space, and nothing else',
        fix: 'flotilla gc; and flotilla gc --yes to remove them',
      },
    )
  })
}

export function checkState({ directory, error, exists }: StateFacts): Finding {
  if (error !== null)
    return failure(`${directory}: ${error}`, {
      means: 'nothing that must be remembered first is done',
      fix: `sudo chown -R "$(id -u)" ${directory}; or name another one with --state`,
    })
  return ok(exists ? `${directory} can be written` : `${directory} is not there yet, and can be made`)
}

export function checkModes({ directory, exposed }: StateFacts): Finding {
  if (exposed.length === 0) return ok('only its owner may read what is secret')
  return failure(`others may read: ${exposed.map(({ path, mode }) => `${path} (${mode})`).join(', ')}`, {
    means: 'whoever has an account on this machine can read passwords, or write orders to the daemon',
    fix: `chmod -R go-rwx ${directory}`,
  })
}

export function checkStateSpace({ disk }: StateFacts): Finding {
  return checkKnown(disk, checkStateDisk)
}

export function checkDaemon({ holder, directory }: StateFacts): Finding {
  const rest = {
    means: 'what crashes stays down until one runs',
    fix: 'flotilla run; for good: sudo flotilla service install',
  }
  if (holder === null) return warning('no daemon runs', rest)
  const who = `${holder.command}, pid ${holder.pid} on ${holder.host}`
  if (!holder.alive)
    return warning(`the daemon has ended without saying so (${who} left ${directory}/daemon.lock)`, rest)
  return holder.command === 'run'
    ? ok(`the daemon runs (pid ${holder.pid} on ${holder.host})`)
    : warning(`another Flotilla works on the state directory (${who})`, {
        means: 'a daemon can start when it has ended',
        fix: 'wait for it, then: flotilla run',
      })
}
