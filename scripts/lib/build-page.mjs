import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Makes the files of the dashboard: one script, one style sheet, the page and its icon, in `dist/dashboard/`,
 * where the daemon serves them from.
 * @param {string} root
 */
export function buildPage(root) {
  // The package is there only after the dependencies are.
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  const from = join(root, 'src/dashboard')
  const to = join(root, 'dist/dashboard')
  mkdirSync(to, { recursive: true })
  buildSync({
    entryPoints: [
      { in: join(from, 'main.tsx'), out: 'dashboard' },
      { in: join(from, 'styles/all.css'), out: 'dashboard' },
    ],
    outdir: to,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    banner: { js: '/* Contains Preact, (c) 2015-present Jason Miller, MIT licence. */' },
    logLevel: 'warning',
    tsconfig: join(from, 'tsconfig.json'),
  })
  for (const name of ['index.html', 'icon.svg']) copyFileSync(join(from, name), join(to, name))
}
