import type { ErrorCode } from '../../errors.js'
import { FlotillaError } from '../../errors.js'
import type { DockerEndpoint } from './endpoint.js'

/**
 * An answer that is no success, as an error of ours: the code by Docker's status and words, which differ
 * between versions.
 */
export function explainAnswer(answer: {
  /** What was tried, as `create container shop-master`. */
  readonly what: string
  readonly status: number
  /** Docker's own words. */
  readonly message: string
}): FlotillaError {
  const message = answer.message.trim() || `status ${answer.status} without a word`
  const rule = rules.find(
    ({ status, pattern }) => (status === null || status === answer.status) && pattern.test(message),
  )
  const options = rule?.hint === undefined ? {} : { hint: rule.hint }
  return new FlotillaError(rule?.code ?? 'runtime/failed', `${answer.what}: Docker says: ${message}`, options)
}

interface Rule {
  /**
   * null: whatever the status; Docker uses 400, 403, 404, 409 and 500 for the same thing in different
   * versions.
   */
  readonly status: number | null
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly hint?: string
}

/** The first that fits counts. */
const rules: readonly Rule[] = [
  {
    status: null,
    pattern: /pool overlaps|non-overlapping ipv4 address pool|all predefined address pools/i,
    code: 'runtime/network-pool-exhausted',
    hint: 'remove networks that nobody uses (docker network prune), or give the engine more with default-address-pools in daemon.json',
  },
  {
    status: null,
    pattern: /port is already allocated|address already in use|ports are not available/i,
    code: 'runtime/port-taken',
    hint: 'see who listens there (docker ps, ss -ltnp), and stop it',
  },
  {
    status: null,
    pattern: /no space left on device|disk quota exceeded/i,
    code: 'runtime/disk-full',
    hint: "make room on the engine's disk: docker system df, docker image prune",
  },
  // What is left of an earlier run, mostly after an engine or a machine that was killed: of the task in
  // containerd, of its folder, of the state of runc, of the removal. Whoever takes one of these for a name
  // that is taken, or for something that passes, starts such a container for ever.
  {
    status: null,
    pattern:
      /\btask (?:[0-9a-f]{64}:? )?already exists|container with (?:given )?id (?:already )?exists|container "[0-9a-f]{64}": already exists|\bid already in use|\/[0-9a-f]{64}: file exists|marked for removal and cannot be started|rwlayer of container [0-9a-f]{64} is unexpectedly nil/i,
    code: 'runtime/container-unusable',
    hint: 'a new container is made in its place, on the same volume; if that fails too, restart the engine',
  },
  {
    status: 409,
    pattern: /is already in use by|already exists/i,
    code: 'runtime/name-taken',
    hint: 'rename or remove what has the name, or choose another',
  },
  { status: 409, pattern: /./, code: 'runtime/conflict' },
  // Networks with endpoints: 403 in every version so far.
  { status: 403, pattern: /has active endpoints/i, code: 'runtime/conflict' },
  {
    status: null,
    pattern: /endpoint with name \S+ already exists in network/i,
    code: 'runtime/conflict',
    hint: 'see whose it is: docker network inspect',
  },
  {
    status: 404,
    pattern: /no such image|manifest unknown|manifest for |pull access denied/i,
    code: 'runtime/image-unavailable',
    hint: 'check the name and tag of the image, or pull or load it on the engine',
  },
  { status: 404, pattern: /./, code: 'runtime/not-found' },
  {
    status: 500,
    pattern: /./,
    code: 'runtime/failed',
    hint: "look into the engine's own log (journalctl -u docker, or its window), and restart it if need be",
  },
]

/** A connection that failed before, or in the middle of, an answer. */
export function explainTransport(failure: {
  readonly what: string
  readonly error: unknown
  readonly endpoint: DockerEndpoint
  /** True when the request may have reached the engine and have been carried out. */
  readonly mayBeDone: boolean
}): FlotillaError {
  const { what, error, endpoint, mayBeDone } = failure
  const cause = errnoOf(error)
  const place = `${endpoint.address} (found by: ${endpoint.source})`
  if (cause === 'EACCES' || cause === 'EPERM') {
    return new FlotillaError('runtime/permission-denied', `${what}: this user may not open ${place}`, {
      hint: 'join the docker group (sudo usermod -aG docker "$USER", then log in again), use a rootless engine, or run as root',
      cause: error,
    })
  }
  if (cause === 'ENOENT' || cause === 'ECONNREFUSED' || cause === 'ENOTSOCK') {
    return new FlotillaError('runtime/unreachable', `${what}: no Docker engine answers at ${place}`, {
      hint: 'start it (sudo systemctl start docker, or Docker Desktop), or say where it is with DOCKER_HOST or docker context use',
      cause: error,
    })
  }
  const lost = mayBeDone ? '; whether it was done is not known' : ''
  return new FlotillaError(
    'runtime/unreachable',
    `${what}: ${place} gave no answer: ${messageOf(error)}${lost}`,
    {
      hint: 'check that the engine runs and that its address and TLS settings are right: docker version',
      cause: error,
    },
  )
}

/** Node's code of a failed system call, also of one wrapped in another error. */
export function errnoOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string') return code
  // Node tries each address of a host name, and reports all failures in one.
  const inner =
    error instanceof AggregateError ? (error.errors[0] as unknown) : (error as Error | null)?.cause
  return inner === undefined || inner === null ? null : errnoOf(inner)
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
