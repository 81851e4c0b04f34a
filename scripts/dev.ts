import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { embeddedEnvironment, simulatorAddresses, startSimulators } from './embedded.ts'

/** `npm run dev`: hot reload with everything embedded. */
const port = Number(process.env.PORT ?? 3000)
const host = process.env.HOST ?? 'localhost'
const dataDir = process.env.GARDU_DATA_DIR ?? '.data/dev'
const simulators = simulatorAddresses()
const children: ChildProcess[] = []
const stop = () => children.forEach(child => child.kill('SIGTERM'))
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const { environment } = await startSimulators({ dataDir, simulators, app: `http://${host}:${port}`, started: child => children.push(child) }).catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
const server = spawn('node_modules/.bin/nuxt', ['dev', '--port', String(port), '--host', host], { stdio: 'inherit', env: { ...process.env, ...embeddedEnvironment({ dataDir, port, host, simulators }), ...environment } })
children.push(server)
server.on('close', (code) => {
  stop()
  process.exit(code ?? 0)
})
