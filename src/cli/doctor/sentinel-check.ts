import type { DoctorFacts } from './facts.js'
import { checkKnown, failure, ok, warning, type Finding } from './finding.js'

/** Clients that ask Sentinels find no master where the daemon can't listen. */
export function checkSentinel({ sentinel }: Pick<DoctorFacts, 'sentinel'>): Finding {
  return checkKnown(sentinel, ({ listening, waiting, problems, taken }) => {
    const [first] = taken
    if (first !== undefined)
      return failure(`${first.address} can't be had for --sentinel: ${first.reason}`, {
        means: 'the daemon does not start with it',
        fix: `ss -ltnp 'sport = :${first.address.split(':').at(-1)}' names who has it; or name another address`,
      })
    const [problem] = problems
    if (problem !== undefined)
      return warning(problem.error, {
        means: 'clients that ask for their master there get no answer',
        fix: problem.hint ?? 'name another address with --sentinel',
      })
    const [missing] = waiting
    if (missing !== undefined)
      return warning(`this machine does not have the address of --sentinel ${missing}`, {
        means: 'clients that ask for their master there get no answer until it does',
        fix: 'ip -brief address lists those that it has; docker network inspect those of bridges',
      })
    return listening.length === 0
      ? ok('the Sentinel protocol is not spoken')
      : ok(`the Sentinel protocol is spoken at ${listening.map(({ address }) => address).join(', ')}`)
  })
}
