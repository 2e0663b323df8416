import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

test('every decision has a number of its own, which its title says too', () => {
  const files = readdirSync('docs/adr')
  const numbers = files.map(file => file.slice(0, 4))
  assert.deepEqual(
    numbers.filter((number, index) => numbers.indexOf(number) !== index),
    [],
  )
  for (const file of files) {
    const [title = ''] = readFileSync(`docs/adr/${file}`, 'utf8').split('\n', 1)
    assert.match(title, /^# \d+\. \S/, file)
    assert.equal(title.split('.', 1)[0], `# ${Number(file.slice(0, 4))}`, file)
  }
})
