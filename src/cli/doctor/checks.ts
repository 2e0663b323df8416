import { checkCgroup, checkChanges, checkClock, checkEngine, checkReach } from './engine-checks.js'
import type { DoctorFacts } from './facts.js'
import { notKnown, type Finding } from './finding.js'
import {
  checkBackupDisks,
  checkEngineDisk,
  checkHugePages,
  checkOvercommit,
  checkSomaxconn,
} from './host-checks.js'
import {
  checkDaemon,
  checkEncryption,
  checkGateways,
  checkImages,
  checkLeftovers,
  checkManifests,
  checkModes,
  checkNames,
  checkNodes,
  checkSecrets,
  checkState,
  checkStateSpace,
} from './flotilla-checks.js'
import { checkSentinel } from './sentinel-check.js'

export interface CheckedFinding extends Finding {
  readonly check: string
}

/**
 * Every check, in the order in which a person would ask: can we work at all, is the host fit, is what is ours
 * in order.
 */
export function runChecks(facts: DoctorFacts): readonly CheckedFinding[] {
  const { engine, host, state } = facts
  const ofEngine = (
    verdictOn: (engine: Extract<DoctorFacts['engine'], { kind: 'answers' }>) => Finding,
  ): Finding => (engine.kind === 'answers' ? verdictOn(engine) : notKnown('the engine does not answer'))
  const findings: readonly (readonly [string, Finding])[] = [
    ['engine', checkEngine(engine)],
    ['changes', ofEngine(checkChanges)],
    ['reach', ofEngine(checkReach)],
    ['clock', ofEngine(checkClock)],
    ['cgroup', ofEngine(checkCgroup)],
    ['overcommit', checkOvercommit(host)],
    ['huge-pages', checkHugePages(host)],
    ['somaxconn', checkSomaxconn(host)],
    ['engine-disk', checkEngineDisk(host)],
    ['state', checkState(state)],
    ['state-modes', checkModes(state)],
    ['state-disk', checkStateSpace(state)],
    ['backup-disk', checkBackupDisks(facts)],
    ['daemon', checkDaemon(state)],
    ['sentinel', checkSentinel(facts)],
    ['manifests', checkManifests(facts.manifests)],
    ['encryption', checkEncryption(facts.encryption)],
    ['images', checkImages(facts.images)],
    ['nodes', checkNodes(facts.nodes)],
    ['gateways', checkGateways(facts.gateways)],
    ['names', checkNames(facts.nameConflicts)],
    ['secrets', checkSecrets(facts.missingSecrets, state.directory)],
    ['leftovers', checkLeftovers(facts.leftovers)],
  ]
  return findings.map(([check, finding]) => ({ check, ...finding }))
}
