import { z } from 'zod'
import type { ContainerSettings } from '../../model/spec.js'
import { field, inQuotes } from '../field-docs.js'
import { nearestWhole } from '../nearest-amount.js'
import { bytes, durationField } from '../units.js'

/** Where a manifest says nothing of its containers. */
export const defaultContainer: ContainerSettings = {
  ...{ capAdd: [], pidsLimit: null, ulimits: {}, logging: null, env: {} },
  ...{ shmSizeBytes: null, stopTimeoutSeconds: null, sysctls: {}, securityOpt: [] },
}

const capAdd = field(
  z
    .array(
      field(
        z
          .string()
          .regex(/^[A-Z]+(_[A-Z]+)*$/)
          .refine(name => !name.startsWith('CAP_') && name !== 'ALL'),
        {
          describe: 'A capability of Linux, without CAP_.',
          wants: 'the name of a capability',
          example: 'SYS_RESOURCE',
          advice: 'write it in capitals and without CAP_, such as SYS_RESOURCE',
        },
      ),
    )
    .max(50)
    // In any order they are the same.
    .transform(names => [...new Set(names)].sort()),
  {
    describe:
      'Capabilities that an image needs beside those that its entrypoint gives root up with. What Docker does not give by itself the policy of the daemon must allow.',
    wants: 'a list of capabilities',
    example: '[AUDIT_WRITE]',
  },
)

const pidsRange = { min: 64, max: 4_194_304 }
const pidsLimit = field(z.int().min(pidsRange.min).max(pidsRange.max), {
  describe: 'How many processes and threads a container may have at once. Left out: 512.',
  wants: `a whole number from ${pidsRange.min} to ${pidsRange.max}`,
  example: '1024',
  repair: nearestWhole(pidsRange),
})

const largest = 2 ** 53 - 1
/** As `docker run --ulimit` takes it for the soft and the hard one alike. */
function ulimit(about: { readonly describe: string; readonly min: number; readonly example: string }) {
  const { describe, min, example } = about
  return field(z.int().min(min).max(largest), {
    describe,
    wants: min === -1 ? 'a whole number, or -1 for no limit' : `a whole number from ${min}`,
    example,
    repair: nearestWhole({ min, max: largest }),
  }).optional()
}

/** Redis wants a file for each of 10,000 clients, and some for itself. */
const openFilesMin = 10_240

const ulimits = field(
  z
    .strictObject({
      core: ulimit({ describe: 'Bytes of a core dump; -1: no limit.', min: -1, example: '0' }),
      memlock: ulimit({ describe: 'Bytes of locked memory; -1: no limit.', min: -1, example: '-1' }),
      nofile: ulimit({
        describe: `Open files: those of clients, by maxclients, and some more. Left out: ${openFilesMin}.`,
        ...{ min: openFilesMin, example: '65536' },
      }),
      stack: ulimit({ describe: 'Bytes of a stack; -1: no limit.', min: -1, example: '16777216' }),
    })
    .transform((limits): Readonly<Record<string, number>> =>
      Object.fromEntries(
        Object.entries(limits).flatMap(([name, most]) => (most === undefined ? [] : [[name, most]])),
      ),
    ),
  {
    describe: 'Limits of each process, as after docker run --ulimit.',
    wants: 'a mapping',
    example: '{ core: 0 }',
    misplaced: {
      nproc: () =>
        'it counts the processes of a user on the whole host, other containers included; write pidsLimit: 1024 under container',
    },
  },
)

const logDrivers = ['json-file', 'local', 'journald'] as const
const maxFilesRange = { min: 1, max: 100 }
/** Less would hardly tell of one start. */
const logSize = z.union([z.int().min(1_048_576), z.string().regex(/^[1-9]\d{0,5}[mMgG][bB]$/)]).pipe(bytes())

const logging = field(
  z.strictObject({
    driver: field(z.enum(logDrivers), {
      describe: 'Where the engine keeps what nodes print; with each of these it can be read again.',
      wants: 'json-file, local or journald',
      example: 'local',
      choices: logDrivers,
    }).prefault('json-file'),
    maxSize: field(logSize, {
      describe: 'How large a file of a log grows before the next one is begun. Without effect with journald.',
      wants: 'an amount from 1mb, such as 10mb',
      example: '10mb',
    }).prefault('10mb'),
    maxFiles: field(z.int().min(maxFilesRange.min).max(maxFilesRange.max), {
      describe: 'How many files of a log are kept. Without effect with journald.',
      wants: `a whole number from ${maxFilesRange.min} to ${maxFilesRange.max}`,
      example: '3',
      repair: nearestWhole(maxFilesRange),
    }).prefault(3),
  }),
  {
    describe:
      'How logs of nodes are kept. Left out: by the engine’s own driver; where that is json-file, three files of 10 MB.',
    wants: 'a mapping',
    example: '{ driver: local, maxSize: 50mb }',
    misplaced: { options: () => 'its two options have names here; write maxSize: 10mb, maxFiles: 3' },
  },
)

/** Images make arguments of these, which would stand above the configuration that Flotilla keeps. */
const argumentVariables = ['REDIS_ARGS', 'VALKEY_ARGS', 'VALKEY_EXTRA_FLAGS']

const env = field(
  z
    .record(
      z.string(),
      field(z.string().max(4_096), {
        describe: 'What the variable holds.',
        wants: 'text, in quotes where YAML would make something else of it',
        example: '"Europe/Paris"',
        repair: inQuotes,
        mayBeSecret: true,
      }),
    )
    .superRefine((variables, context) => {
      for (const key of Object.keys(variables)) {
        const message = whyNotVariable(key)
        if (message !== null)
          context.addIssue({ code: 'custom', path: [key], message, params: { at: 'key' } })
      }
    }),
  {
    describe:
      'Environment variables for the entrypoint and the server. Whoever may ask the engine can read them: no secrets here.',
    wants: 'a mapping of variables to text',
    example: '{ TZ: Europe/Paris }',
    mayBeSecret: true,
  },
)

function whyNotVariable(key: string): string | null {
  if (argumentVariables.includes(key))
    return "can't be set: its image makes arguments of it, above what Flotilla configures; write options under spec.config"
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(key)
    ? null
    : "can't be a variable: use a-z, A-Z, 0-9 and underscore, with no digit at the beginning"
}

/** Docker's own is 64 MB. */
const shmSize = field(
  z.union([z.int().min(65_536), z.string().regex(/^[1-9]\d{0,5}[kKmMgG][bB]$/)]).pipe(bytes()),
  {
    describe: 'How large /dev/shm is, which modules and scripts may use. Left out: 64mb.',
    wants: 'an amount from 64kb, such as 128mb',
    example: '128mb',
  },
)

/** Below it a server would be killed while it waits for its replicas and saves. */
const stopTimeoutMinMs = 15_000

const stopTimeout = durationField(
  { minMs: stopTimeoutMinMs, maxMs: 3_600_000 },
  {
    describe:
      'How long a server has to end, and to save what it holds, before the engine kills it. Left out: 20s.',
    wants: 'a duration from 15s to 1h, such as 60s',
    example: '60s',
  },
)

/** These belong to the network of the container; others are the host's, which is not ours to change. */
const sysctlName =
  /^net\.(?:core\.somaxconn|ipv4\.[a-z0-9_]+(?:\.[a-z0-9_]+)*|ipv6\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)$/

const sysctls = field(
  z
    .record(
      z.string(),
      field(z.union([z.int(), z.string().regex(/^-?\d+(?:[ \t]+-?\d+)*$/)]).transform(String), {
        describe: 'What it is set to.',
        wants: 'a whole number, or some of them in quotes',
        example: '1024',
      }),
    )
    .superRefine((values, context) => {
      for (const key of Object.keys(values)) {
        if (sysctlName.test(key)) continue
        const message =
          "can't be set for a container: only net.core.somaxconn, net.ipv4.… and net.ipv6.… are its own; set others on the engine's host"
        context.addIssue({ code: 'custom', path: [key], message, params: { at: 'key' } })
      }
    }),
  {
    describe: 'Settings of the kernel for the container’s own network, as after docker run --sysctl.',
    wants: 'a mapping of names to numbers',
    example: '{ net.core.somaxconn: 1024 }',
  },
)

const securityOption =
  /^(?:apparmor=(?!unconfined$)[A-Za-z0-9._/-]{1,200}|label=(?:user|role|type|level):[A-Za-z0-9_.,:-]{1,200})$/

const securityOpt = field(
  z
    .array(
      field(z.string().regex(securityOption), {
        describe: 'A profile of AppArmor that is loaded on the host, or a label of SELinux.',
        wants: 'apparmor=<profile> or label=<user, role, type or level>:<value>',
        example: 'apparmor=redis',
        advice:
          'no-new-privileges and the engine’s seccomp profile are always on; write a profile that takes more away, such as apparmor=redis',
      }),
    )
    .max(10)
    .transform(options => [...new Set(options)].sort()),
  {
    describe: 'What the host’s security modules are told of the container, beside no-new-privileges.',
    wants: 'a list of options',
    example: '[apparmor=redis]',
  },
)

export const containerSection = field(
  z
    .strictObject({
      capAdd: capAdd.prefault([]),
      pidsLimit: pidsLimit.optional(),
      ulimits: ulimits.prefault({}),
      logging: logging.optional(),
      env: env.prefault({}),
      shmSize: shmSize.optional(),
      stopTimeout: stopTimeout.optional(),
      sysctls: sysctls.prefault({}),
      securityOpt: securityOpt.prefault([]),
    })
    .transform(
      ({ pidsLimit: most, logging: logs, shmSize: shm, stopTimeout: stop, ...rest }): ContainerSettings => ({
        ...rest,
        shmSizeBytes: shm ?? null,
        stopTimeoutSeconds: stop === undefined ? null : Math.ceil(stop / 1_000),
        pidsLimit: most ?? null,
        logging: logs ?? null,
      }),
    ),
  {
    describe:
      'What the containers of nodes get beside what Flotilla gives them. A change makes them again, one at a time.',
    wants: 'a mapping',
    example: '{ pidsLimit: 1024 }',
    misplaced: {
      name: () =>
        'a container is named after its role, which is how clients find the master; write metadata: { name: shop }',
      command: () =>
        'Flotilla starts the server that the image names, with its own file; write options under spec.config',
      entrypoint: () => 'it is the image’s; make an image with another one, and name it under spec.image',
      network: () => 'write spec.network: { external: [frontend] }',
      networks: () => 'write spec.network: { external: [frontend] }',
      links: () =>
        'Flotilla links each node to the master; write spec.network: { external: [frontend] } to join others',
      ports: () =>
        'nodes change places, and a port of the host would not follow; put HAProxy before them: docs/haproxy.md',
      volumes: () => '/data is a volume that Flotilla keeps; write spec.persistence: { volume: … }',
      user: () =>
        'a server runs as the user of its image, to whom its files and its data are given; make an image with another USER, and name it under spec.image',
      extraMounts: mountsElsewhere,
      mounts: mountsElsewhere,
      tmpfs: mountsElsewhere,
      modules: () =>
        'a module is a file of the image; write spec.config: { loadmodule: /usr/lib/redis/modules/x.so }',
      networkPriority: () =>
        'which network a node answers by is no matter of an order; write spec.network: { external: [frontend] }',
      labels: () => 'write spec.labels: { team: shop }',
      memory: () => 'it belongs under resources; write spec.resources: { memory: 2Gi }',
      cpus: () => 'it belongs under resources; write spec.resources: { cpus: 1.5 }',
      privileged: () => 'no server needs it; write what is missing under capAdd',
      restart: () =>
        'Flotilla alone decides whether a node that ended starts again: a dead master must not come back beside a new one',
    },
  },
)

function mountsElsewhere(): string {
  return 'a folder of the host or of another container would not move with a node; put the files into an image, and data under spec.persistence: { volume: … }'
}
