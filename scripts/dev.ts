import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { embeddedEnvironment, simulatorAddresses } from './embedded.ts'

/** `npm run dev`: hot reload with everything embedded. */
const port = Number(process.env.PORT ?? 3000)
const host = process.env.HOST ?? 'localhost'
const dataDir = process.env.GARDU_DATA_DIR ?? '.data/dev'
const simulators = simulatorAddresses()
const children = existsSync('simulators/main.ts') ? [spawn(process.execPath, ['simulators/main.ts', '--data', `${dataDir}/simulators`, '--base-port', String(simulators.control), '--app', `http://127.0.0.1:${port}`], { stdio: 'inherit' })] : []
children.push(spawn('node_modules/.bin/nuxt', ['dev', '--port', String(port), '--host', host], { stdio: 'inherit', env: { ...process.env, ...embeddedEnvironment({ dataDir, port, host, simulators }) } }))
const stop = () => children.forEach(child => child.kill('SIGTERM'))
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
children.at(-1)?.on('close', (code) => {
  stop()
  process.exit(code ?? 0)
})
