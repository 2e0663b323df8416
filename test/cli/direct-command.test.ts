import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingProgram } from '../../src/cli/direct-command.js'
import { renderReply } from '../../src/redis/render-reply.js'
import { executionFixture } from '../reconciler/support/execution.js'

test('a reply is printed as redis-cli prints it into a pipe', () => {
  assert.equal(renderReply('world'), 'world\n')
  assert.equal(renderReply(42), '42\n')
  assert.equal(renderReply(null), '\n')
  assert.equal(renderReply(['hz', '10', ['a', 1]]), 'hz\n10\na\n1\n')
})

test('what an image lacks is named, and redis-cli is looked for where the image says that programs are', async () => {
  const { fake, run } = await executionFixture()
  const { container } = await run(0)
  const missing = () =>
    missingProgram(fake.runtime, container.containerId, { environment: ['PATH=/opt/bin'] })
  const put = (path: string) =>
    fake.runtime.putFiles(container.containerId, [{ path, content: '', mode: 0o755, uid: 0, gid: 0 }])
  assert.equal(await missing(), '/bin/sh')
  await put('/bin/sh')
  await put('/usr/bin/redis-cli')
  assert.equal(await missing(), 'redis-cli')
  await put('/opt/bin/redis-cli')
  assert.equal(await missing(), null)
})
