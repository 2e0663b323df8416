import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { headingAnchors } from './markdown.js'

const pages = [
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs',
  'docs/adr',
  'deploy',
  'src/reconciler',
].flatMap(place =>
  place.endsWith('.md')
    ? [place]
    : readdirSync(place)
        .filter(name => name.endsWith('.md'))
        .map(name => join(place, name)),
)

test('there are pages to judge', () => assert.ok(pages.length > 10))

for (const page of pages)
  test(`every link in ${page} leads somewhere`, () => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(
      match => match[1] ?? [],
    )
    const broken = links.filter(link => !/^https?:/.test(link) && !leadsSomewhere(page, link))
    assert.deepEqual(broken, [])
  })

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(target)) return false
  return anchor === undefined || headingAnchors(readFileSync(target, 'utf8')).includes(anchor)
}
