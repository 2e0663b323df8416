import { describe } from 'node:test'
import { backupStoreContract } from '../contract/backup-store-contract.js'
import { createFakeStore } from '../fakes/backup/fake-store.js'

describe('the store of tests is a store', () => {
  backupStoreContract(() => {
    const { open } = createFakeStore()
    return Promise.resolve({ open, close: () => Promise.resolve() })
  })
})
