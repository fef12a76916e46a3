// An accountant's software on oauth4webapi alone: a member signs in, and the software trades their
// token and one permission for a token to act (RFC 8693), with good input and with broken input.
// Talks as sign_in.mjs does.
import * as readline from 'node:readline/promises'
import * as oauth from 'oauth4webapi'

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const tell = (said) => console.log(JSON.stringify(said))

const given = await read()
const http = { [oauth.allowInsecureRequests]: true } // the house under test is at http://localhost
const issuer = new URL(given.issuer)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
async function proofOf(jwk) {
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
  return oauth.PrivateKeyJwt({ key, kid: jwk.kid })
}
const proof = await proofOf(given.key)
const client = { client_id: given.client_id, id_token_signed_response_alg: 'ES256' }
const bind = async () => oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const DPoP = await bind()
const other = await bind()

const verifier = oauth.generateRandomCodeVerifier()
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
const address = new URL(as.authorization_endpoint)
address.search = new URLSearchParams({
  client_id: given.client_id, response_type: 'code', scope: 'openid', state, nonce,
  redirect_uri: given.redirect_uri, code_challenge_method: 'S256',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
}) // prettier-ignore
tell({ address: address.href })
const back = oauth.validateAuthResponse(as, client, new URL((await read()).back), state)
const member = await oauth.processAuthorizationCodeResponse(as, client,
  await oauth.authorizationCodeGrantRequest(as, client, proof, back, given.redirect_uri, verifier,
    { ...http, DPoP }), { expectedNonce: nonce, requireIdToken: true }) // prettier-ignore

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const usual = {
  subject_token: given.mandate,
  subject_token_type: 'urn:gatehouse:params:oauth:token-type:mandate',
  actor_token: member.access_token,
  actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  resource: given.api,
}
async function trade(changed = {}, options = { DPoP }) {
  const all = Object.entries({ ...usual, ...changed }).filter(([, value]) => value !== undefined)
  const asked = await oauth.genericTokenEndpointRequest(as, client, proof, GRANT,
    new URLSearchParams(all), { ...http, ...options }) // prettier-ignore
  return oauth.processGenericTokenEndpointResponse(as, client, asked)
}
async function refusal(changed, options) {
  try {
    await trade(changed, options)
    return { error: 'none' }
  } catch (e) {
    return { name: e.name, ...e.cause, error: e.error ?? e.code }
  }
}

let last
const kept = (url, options) => {
  last = [url, options]
  return fetch(url, options)
}
const done = await trade({}, { DPoP, [oauth.customFetch]: kept })
const again = await (await fetch(...last)).json() // assertion and proof, a second time
const less = await trade({ scope: 'tax:view' })

// The API of Tax asks whether the token is still good, in Tax's own name.
async function ask(name, jwk) {
  const api = { client_id: name }
  const answer = await oauth.introspectionRequest(as, api, await proofOf(jwk), done.access_token, http)
  return oauth.processIntrospectionResponse(as, api, answer)
}

const refused = {
  wrongAudience: await refusal({ resource: given.other_api }),
  unknownAudience: await refusal({ resource: 'https://nowhere.example/api' }),
  otherKey: await refusal({}, { DPoP: other }),
  noKey: await refusal({}, {}),
  beyond: await refusal({ scope: 'tax:view tax:repayment' }),
  otherService: await refusal({ scope: 'vehicles:renew' }),
  idToken: await refusal({ actor_token: member.id_token }),
  nobody: await refusal({ actor_token: undefined, actor_token_type: undefined }),
  unknownMandate: await refusal({ subject_token: 'x'.repeat(22) }),
}
const { access_token: token, ...answered } = done
tell({ answered, claims: JSON.parse(Buffer.from(token.split('.')[1], 'base64url')), again,
  less: less.scope, active: await ask('tax', given.tax_key),
  elsewhere: await ask('by-key', given.other_key), refused })
process.exit(0)
