import { nameServerSuite } from './name-server.suite.ts'

/** What stands for PowerDNS in the integration suite where none is installed. */
nameServerSuite('names at what stands for PowerDNS', null)
