// A relying party on openid-client, a certified library that nobody here wrote.
// Reads one JSON object of settings, then, once its address was followed, the address that the
// browser came back to; prints one JSON object a step. Whatever it does not like, it throws.
import * as readline from 'node:readline/promises'
import * as oidc from 'openid-client'

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const tell = (said) => console.log(JSON.stringify(said))

const given = await read()
const http = { execute: [oidc.allowInsecureRequests] } // the house under test is at http://localhost

async function proof() {
  if (given.secret) return oidc.ClientSecretBasic(given.secret)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await crypto.subtle.importKey('jwk', given.key, algorithm, false, ['sign'])
  return oidc.PrivateKeyJwt({ key, kid: given.key.kid })
}

const metadata = { id_token_signed_response_alg: given.algorithm }
const issuer = new URL(given.issuer)
const config = await oidc.discovery(issuer, given.client_id, metadata, await proof(), http)

const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
const expectedState = oidc.randomState()
const expectedNonce = oidc.randomNonce()
tell({
  address: oidc.buildAuthorizationUrl(config, {
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  }).href,
})

const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
const back = new URL((await read()).back)
const tokens = await oidc.authorizationCodeGrant(config, back, checks)
const { sub } = tokens.claims()
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, sub)
const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
const active = await oidc.tokenIntrospection(config, refreshed.access_token)
const signOut = oidc.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: given.signed_out,
  state: 'bye',
})
await oidc.tokenRevocation(config, tokens.refresh_token)
const revoked = await oidc.tokenIntrospection(config, refreshed.access_token)

async function errorOf(work) {
  try {
    await work()
    return 'none'
  } catch (error) {
    return error.error ?? error.code ?? String(error)
  }
}

tell({
  claims: tokens.claims(),
  refreshed: refreshed.claims(),
  userinfo,
  active,
  revoked,
  sign_out: signOut.href,
  replay: await errorOf(() => oidc.authorizationCodeGrant(config, back, checks)),
  dead_refresh: await errorOf(() => oidc.refreshTokenGrant(config, tokens.refresh_token)),
  dead_userinfo: await errorOf(() => oidc.fetchUserInfo(config, refreshed.access_token, sub)),
})
process.exit(0)
