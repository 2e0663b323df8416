#!/usr/bin/env node
import nodeModule from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Node 22 and later keep compiled code for the next start. In the user's own folder: what lies in a shared
// one could be anybody's. Where it can't be written, nothing is kept.
const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown }
enableCompileCache?.(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'flotilla'))

// Only what is loaded from here on is kept.
const { main } = await import('./main.js')
await main()
