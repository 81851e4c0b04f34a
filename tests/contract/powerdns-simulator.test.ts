import { nameServerSuite } from './name-server.suite.ts'

/** The name server of the demo, and of the integration suite where no PowerDNS is installed. */
nameServerSuite('names at the simulated PowerDNS', null)
