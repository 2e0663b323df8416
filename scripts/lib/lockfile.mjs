/**
 * @typedef {Readonly<Record<string, any>>} LockedPackages the `packages` of a package-lock.json: by path
 * below the project
 */

/**
 * Adds an entry for every optional dependency that has none, where its wanted version is exact: a native
 * binary of one platform, whose name says which. Entries stay sorted by path, as npm writes them.
 * @param {LockedPackages} packages
 * @returns {{ readonly packages: Record<string, any>, readonly added: readonly string[] }}
 */
export function completeLockfile(packages) {
  /** @type {Map<string, unknown>} */
  const missing = new Map()
  for (const [parent, { optionalDependencies = {}, dev = false }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!/^\d+\.\d+\.\d+$/.test(String(version)) || isLocked(packages, parent, name)) continue
      const entry = { version, ...platformOf(name), ...(dev ? { dev: true } : {}), optional: true }
      missing.set(`node_modules/${name}`, entry)
    }
  }
  const entries = [...Object.entries(packages), ...missing].sort(([left], [right]) =>
    left.localeCompare(right, 'en'),
  )
  return { packages: Object.fromEntries(entries), added: [...missing.keys()] }
}

/**
 * Paths of the packages that the lock gives no digest of: what is installed there could be anything.
 * @param {LockedPackages} packages
 * @returns {readonly string[]}
 */
export function withoutIntegrity(packages) {
  return Object.entries(packages).flatMap(([path, { integrity, link = false }]) =>
    path === '' || link || integrity !== undefined ? [] : [path],
  )
}

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

/**
 * `@x/binding-linux-arm64-musl` runs on `{ os: ['linux'], cpu: ['arm64'], libc: ['musl'] }`.
 * @param {string} name
 */
export function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = systems.filter(system => words.includes(system))
  const cpu = processors.filter(processor => words.includes(processor))
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : []
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    ...(os.length > 0 ? { os } : {}),
  }
}

/**
 * Node looks in the package's own node_modules, then in each one above it.
 * @param {LockedPackages} packages
 * @param {string} parent
 * @param {string} name
 */
function isLocked(packages, parent, name) {
  for (let folder = parent; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
    if (folder === '') return false
  }
}
