import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FlotillaError } from '../../src/errors.js'
import { readNotifySettings } from '../../src/notify/settings.js'

const secret = `whsec_${Buffer.from('an-example-key-of-32-bytes-at-all').toString('base64')}\n`

test('a webhook and a command are read, the secret from a file beside the settings', async t => {
  const file = files(t, {
    'notify.yaml': 'webhook:\n  url: https://ops.example/hook\n  secretFile: key\ncommand: [page, ops]\n',
    key: secret,
  })
  const { webhook, command } = await readNotifySettings(file)
  assert.equal(webhook?.url.href, 'https://ops.example/hook')
  assert.equal(webhook?.secret.reveal(), secret.trim().slice('whsec_'.length))
  assert.deepEqual(command, ['page', 'ops'])
})

test('a secret that others may read is refused', async t => {
  const file = files(t, { 'notify.yaml': 'webhook: { url: "http://h/", secretFile: key }', key: secret })
  chmodSync(join(file, '../key'), 0o640)
  await assert.rejects(readNotifySettings(file), (error: unknown) => {
    assert.ok(error instanceof FlotillaError)
    assert.match(error.message, /others than its owner may read the secret/)
    assert.match(error.hint ?? '', /chmod 600 .*key/)
    return true
  })
})

const mistakes: readonly { readonly title: string; readonly text: string; readonly told: RegExp }[] = [
  { title: 'an empty file', text: '', told: /names nobody to tell; write, for example/ },
  { title: 'a file about something else', text: 'apiVersion: v1\n', told: /names nobody to tell/ },
  {
    title: 'a misspelt key',
    text: 'webhook: {}\ncomand: [page]\n',
    told: /notify\.yaml:2:1: unknown key "comand" at the top level; did you mean command\?/,
  },
  {
    title: 'a webhook without a secret',
    text: 'webhook: { url: "http://h/" }\n',
    told: /notify\.yaml:1:1: webhook\.secretFile is missing/,
  },
  {
    title: 'a URL with a password',
    text: 'webhook: { url: "http://me:pw@h/", secretFile: key }\n',
    told: /notify\.yaml:1:17: webhook\.url must be an http or https URL without a user or password/,
  },
  {
    title: 'a command for a shell',
    text: 'command: page ops\n',
    told: /command must be a list of a program and its arguments, not "page ops"; write command: \[/,
  },
  { title: 'text that is not YAML', text: 'command: [page\n', told: /notify\.yaml:\d+:\d+: / },
  {
    title: 'a short secret',
    text: 'webhook: { url: "http://h/", secretFile: short }\n',
    told: /a secret is whsec_ and at least 24 random bytes/,
  },
  {
    title: 'a secret that is not there',
    text: 'webhook: { url: "http://h/", secretFile: none }\n',
    told: /the secret of the webhook can't be read: ENOENT/,
  },
]
for (const { title, text, told } of mistakes)
  test(`${title} is told with its place and what to write instead`, async t => {
    const file = files(t, { 'notify.yaml': text, key: secret, short: 'whsec_c2hvcnQ=' })
    await assert.rejects(readNotifySettings(file), told)
  })

function files(t: TestContext, contents: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-settings-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(contents))
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, 'notify.yaml')
}
