import { judgeCgroup, judgeChanges, judgeClock, judgeEngine, judgeReach } from './engine-checks.js'
import type { DoctorFacts } from './facts.js'
import { notKnown, type Finding } from './finding.js'
import { judgeEngineDisk, judgeHugePages, judgeOvercommit, judgeSomaxconn } from './host-checks.js'
import {
  judgeDaemon,
  judgeEncryption,
  judgeImages,
  judgeLeftovers,
  judgeManifests,
  judgeModes,
  judgeNames,
  judgeNodes,
  judgeSecrets,
  judgeState,
  judgeStateSpace,
} from './own-checks.js'

export interface CheckedFinding extends Finding {
  readonly check: string
}

/** Every check, in the order in which a person would ask: can we work at all, is the host fit, is what is ours in order. */
export function examine(facts: DoctorFacts): readonly CheckedFinding[] {
  const { engine, host, state } = facts
  const ofEngine = (
    judge: (engine: Extract<DoctorFacts['engine'], { kind: 'answers' }>) => Finding,
  ): Finding => (engine.kind === 'answers' ? judge(engine) : notKnown('the engine does not answer'))
  const findings: readonly (readonly [string, Finding])[] = [
    ['engine', judgeEngine(engine)],
    ['changes', ofEngine(judgeChanges)],
    ['reach', ofEngine(judgeReach)],
    ['clock', ofEngine(judgeClock)],
    ['cgroup', ofEngine(judgeCgroup)],
    ['overcommit', judgeOvercommit(host)],
    ['huge-pages', judgeHugePages(host)],
    ['somaxconn', judgeSomaxconn(host)],
    ['engine-disk', judgeEngineDisk(host)],
    ['state', judgeState(state)],
    ['state-modes', judgeModes(state)],
    ['state-disk', judgeStateSpace(state)],
    ['daemon', judgeDaemon(state)],
    ['manifests', judgeManifests(facts.manifests)],
    ['encryption', judgeEncryption(facts.encryption)],
    ['images', judgeImages(facts.images)],
    ['nodes', judgeNodes(facts.nodes)],
    ['names', judgeNames(facts.misled)],
    ['secrets', judgeSecrets(facts.withoutSecrets, state.directory)],
    ['leftovers', judgeLeftovers(facts.leftovers)],
  ]
  return findings.map(([check, finding]) => ({ check, ...finding }))
}
