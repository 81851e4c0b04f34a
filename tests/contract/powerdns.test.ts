import { nameServerSuite } from './name-server.suite.ts'

/** A real PowerDNS Authoritative Server (Debian: pdns-server, pdns-backend-sqlite3), asked by its API and as the world asks it. */
nameServerSuite('names at a real PowerDNS', process.env.GARDU_TEST_PDNS ?? 'pdns_server')
