import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { noticesOf } from './notices.mjs'

/**
 * What dockerode loads for what Flotilla never asks of it: gRPC and protobuf for sessions of BuildKit, and an
 * ssh of its own. They are four fifths of the time that it takes to load.
 */
const leftOut = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2']

/**
 * Packages that are CommonJS ask for Node's own modules by `require`, which an ES module does not have. There
 * is nothing else to ask for.
 */
const banner =
  'const require = name => { const found = process.getBuiltinModule(name); if (found) return found; throw new Error(`Cannot find module "${name}"`) };'

/**
 * Makes the program that people install, in `dist/bundle/`: a file for each part that is loaded when it is
 * needed, with all that it takes of its dependencies, and the licences of those. Does nothing when nothing
 * has changed.
 * @param {string} root
 */
export function bundle(root) {
  const to = join(root, 'dist/bundle')
  const listFile = join(root, 'dist/.bundle-inputs.json')
  if (isCurrent(root, listFile)) return
  rmSync(to, { recursive: true, force: true })
  // The package is there only after the dependencies are.
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  const { metafile } = buildSync({
    absWorkingDir: root,
    // A thread starts from a file of its own.
    entryPoints: { flotilla: 'cmd/flotilla.ts', 'watchdog-thread': 'src/daemon/watchdog-thread.ts' },
    outdir: to,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Names stay as they are: stack traces speak of them.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: banner },
    alias: {
      ...Object.fromEntries(leftOut.map(name => [name, './scripts/lib/left-out.cjs'])),
      'node:child_process': './scripts/lib/late-child-process.cjs',
    },
    metafile: true,
    logLevel: 'warning',
  })
  chmodSync(join(to, 'flotilla.js'), 0o755)
  const inputs = Object.keys(metafile.inputs)
  writeFileSync(join(to, 'THIRD-PARTY-NOTICES.txt'), noticesOf(root, inputs))
  writeFileSync(listFile, JSON.stringify([...inputs, 'package-lock.json', 'scripts/lib/bundle.mjs']))
}

/**
 * @param {string} root @param {string} listFile what the bundle was made of, written when it was whole
 * @returns {boolean}
 */
function isCurrent(root, listFile) {
  if (!existsSync(listFile)) return false
  const { mtimeMs } = statSync(listFile)
  /** @type {readonly string[]} */
  const inputs = JSON.parse(readFileSync(listFile, 'utf8'))
  return inputs.every(
    path => (statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < mtimeMs,
  )
}
