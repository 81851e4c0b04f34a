import { unknownRoute } from '#server/platform/http.ts'

/** Whatever no route takes: 405 where the address has routes of other methods, else the one 404. */
export default unknownRoute
