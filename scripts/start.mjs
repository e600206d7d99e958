// `npm start`: set up, then run the node. Arguments after `--` go to local-ai.
import { ensureSetup } from './ensure-setup.mjs'

ensureSetup()
await import('../bin/local-ai.mjs')
