import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { folderOf, rooms } from './rooms.js'

describe('the README of each room says where to start, and what the law of rooms lets it import', () => {
  for (const { name, mayImport } of rooms) {
    test(name, () => {
      const folder = folderOf(name)
      const readme = readFileSync(`${folder}/README.md`, 'utf8')
      const allowed = mayImport.length === 0 ? 'nothing of ours' : mayImport.join(', ')
      assert.ok(readme.includes(`\nMay import: ${allowed}.\n`), `May import: ${allowed}.`)
      const start = /^Start reading at `([^`]+)`/m.exec(readme)?.[1]
      assert.ok(start !== undefined && existsSync(`${folder}/${start}`), `${start} is not there`)
    })
  }
})
