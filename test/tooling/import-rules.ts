import { whyNotImport } from './rooms.js'
import type { Source } from './source-tree.js'

/** A rule answers with what is wrong in a file, or null. */
export interface Rule {
  readonly name: string
  readonly whyNot: (source: Source) => string | null
}

/**
 * One package speaks to Docker, one to Redis, one HTTP, one Prometheus's language and one to the browser,
 * each in its room.
 */
export const portRules: readonly Rule[] = [
  onlyIn({ packages: ['dockerode', 'docker-modem', 'ssh2'], folder: 'src/runtime/' }),
  onlyIn({ packages: ['ioredis'], folder: 'src/redis/' }),
  onlyIn({ packages: ['fastify'], folder: 'src/http/' }),
  onlyIn({ packages: ['prom-client'], folder: 'src/metrics/' }),
  onlyIn({ packages: ['preact'], folder: 'src/dashboard/' }),
]

/** What the environment says is read where a program starts, and passed on as an argument. */
export const environmentRule: Rule = {
  name: 'process.env is read only in cmd/, test/ and bench/',
  whyNot: ({ path, code }) =>
    isIn(path, ['cmd/', 'test/', 'bench/']) ? null : found(code, /\bprocess\s*(\.|\?\.)\s*env\b/),
}

/** A plan follows from its arguments alone: that is what lets tests enumerate worlds and replay a crash. */
export const planRules: readonly Rule[] = [
  {
    name: 'src/reconciler/plan/ and judge/ import no adapter, no package and nothing of Node',
    whyNot: ({ path, imports }) => {
      if (!isPure(path)) return null
      const outside = imports.find(({ target }) => target === null || isIn(target, impureFolders))
      return outside === undefined ? null : `imports ${outside.specifier}`
    },
  },
  {
    name: 'src/reconciler/plan/ and judge/ wait for nothing and read no clock, no dice, no world',
    whyNot: ({ path, code }) => (isPure(path) ? found(code, impureWords) : null),
  },
]

/** The law of rooms: who may import whom. The table is rooms.ts. */
export const roomRule: Rule = {
  name: 'a room imports only what the table of rooms allows it',
  whyNot: ({ path, imports }) => {
    const reasons = imports.map(({ target }) =>
      target === null ? null : whyNotImport({ from: path, to: target }),
    )
    return reasons.find(reason => reason !== null) ?? null
  },
}

/** The page runs in a browser: it gets none of Node. */
export const pageRule: Rule = {
  name: 'src/dashboard/ imports nothing of Node',
  whyNot: ({ path, imports }) => {
    const nodes = imports.find(({ specifier }) => specifier.startsWith('node:'))
    return nodes === undefined || !path.startsWith('src/dashboard/') ? null : `imports ${nodes.specifier}`
  },
}

export const shapeRules: readonly Rule[] = [
  {
    name: 'there are no barrels',
    whyNot: ({ path, code }) =>
      /(^|\/)index\.ts$/.test(path) ? 'is an index.ts' : found(code, /^\s*export\s+\*/m),
  },
  {
    name: 'there are no default exports',
    whyNot: ({ code }) => found(code, /^\s*export\s+default\b|\bas\s+default\b(?=[^}]*\})/m),
  },
]

export const allRules: readonly Rule[] = [
  ...portRules,
  environmentRule,
  ...planRules,
  roomRule,
  pageRule,
  ...shapeRules,
]

/** One line for each file and rule that don't agree. */
export function violations(sources: readonly Source[], rules: readonly Rule[]): readonly string[] {
  return sources.flatMap(source =>
    rules.flatMap(rule => {
      const reason = rule.whyNot(source)
      return reason === null ? [] : [`${source.path}: ${reason} (${rule.name})`]
    }),
  )
}

/**
 * The first circle of imports, as the files on it; null when there is none. Type imports count: they tie
 * ideas together as well.
 */
export function findImportCycle(sources: readonly Source[]): readonly string[] | null {
  const targets = new Map(sources.map(({ path, imports }) => [path, imports.map(({ target }) => target)]))
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return null
    for (const target of targets.get(path) ?? []) {
      const cycle = target === null ? null : visit(target, [...trail, path])
      if (cycle !== null) return cycle
    }
    done.add(path)
    return null
  }
  for (const { path } of sources) {
    const cycle = visit(path, [])
    if (cycle !== null) return cycle
  }
  return null
}

const planFolder = 'src/reconciler/plan/'

const judgeFolder = 'src/reconciler/judge/'

const impureFolders = ['src/runtime/docker/', 'src/redis/client/']

const impureWords =
  /\b(async|await|setTimeout|setInterval|setImmediate|queueMicrotask|console|fetch)\b|\bprocess\.(env|hrtime|cwd|pid|uptime|nextTick)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\brandomUUID\b/

function onlyIn({
  packages,
  folder,
}: {
  readonly packages: readonly string[]
  readonly folder: string
}): Rule {
  return {
    name: `${packages.join(', ')} only in ${folder}`,
    whyNot: ({ path, imports }) => {
      // Tests and benchmarks are clients of Redis and look at Docker from outside.
      if (isIn(path, [folder, 'test/', 'bench/'])) return null
      const stray = imports.find(({ specifier }) =>
        packages.some(name => specifier === name || specifier.startsWith(`${name}/`)),
      )
      return stray === undefined ? null : `imports ${stray.specifier}`
    },
  }
}

function isPure(path: string): boolean {
  return isIn(path, [planFolder, judgeFolder])
}

function isIn(path: string, folders: readonly string[]): boolean {
  return folders.some(folder => path.startsWith(folder))
}

function found(code: string, pattern: RegExp): string | null {
  const match = pattern.exec(code)
  return match === null ? null : `has \`${match[0].trim()}\``
}
