// A service that serves helpers, on openid-client alone: sign-in to act for somebody (`acting_for`,
// then `authorization_details`) with tokens that are bound to a key, and what that library makes of refusals.
// Talks as sign_in.mjs does: settings in, an address out, where the browser landed in, findings out.
import * as readline from 'node:readline/promises'
import * as oidc from 'openid-client'

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const tell = (said) => console.log(JSON.stringify(said))

const given = await read()
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const key = await crypto.subtle.importKey('jwk', given.key, algorithm, false, ['sign'])
const proof = oidc.PrivateKeyJwt({ key, kid: given.key.kid })
const http = { execute: [oidc.allowInsecureRequests] } // the house under test is at http://localhost
const metadata = { id_token_signed_response_alg: 'ES256' }
const config = await oidc.discovery(new URL(given.issuer), given.client_id, metadata, proof, http)
const bind = async () => oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
const DPoP = await bind()
const other = await bind()

// What the library reports: the error, and what the server said of it, wherever it said that.
async function refusal(work) {
  try {
    await work()
    return { error: 'none' }
  } catch (e) {
    const challenge = Array.isArray(e.cause) ? e.cause[0]?.parameters : undefined
    const said = e.cause instanceof URLSearchParams ? Object.fromEntries(e.cause) : e.cause
    return { code: e.code, ...said, ...challenge, error: e.error ?? challenge?.error ?? said?.error }
  }
}

// Send the browser with these parameters; answers how to redeem what it comes back with.
async function signIn(asked) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()]
  const params = {
    redirect_uri: given.redirect_uri,
    scope: 'openid profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    dpop_jkt: await DPoP.calculateThumbprint(),
    ...asked,
  }
  if (params.dpop_jkt === null) delete params.dpop_jkt
  tell({ address: oidc.buildAuthorizationUrl(config, params).href })
  const back = new URL((await read()).back)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  return (handle) =>
    oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: handle })
}

// The last request to an address, kept so that it can be sent a second time.
let last
config[oidc.customFetch] = (address, options) => {
  last = [address, options]
  return fetch(address, options)
}

let redeem = await signIn({ acting_for: 'choose' })
const mixed = await refusal(() => redeem(other)) // the code is bound to another key, and stays good
const tokens = await redeem(DPoP)
const claims = tokens.claims()
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
const again = await fetch(...last)
const replayed = { status: again.status, challenge: again.headers.get('www-authenticate') }
const active = await oidc.tokenIntrospection(config, tokens.access_token)
const look = (options) => oidc.fetchUserInfo(config, tokens.access_token, claims.sub, options)
const bearer = await refusal(() => look({}))
const otherKey = await refusal(() => look({ DPoP: other }))

// May she? Authenticated as at /token; the library fills in the proof of the client.
async function check(scope, delegate = claims.act.sub) {
  const form = new URLSearchParams({ delegate, principal: claims.sub, scope })
  await proof(config.serverMetadata(), config.clientMetadata(), form, new Headers())
  const answer = await fetch(`${given.issuer}/api/v1/mandates/check`, { method: 'POST', body: form })
  return answer.json()
}
const checks = { held: await check('view'), stranger: await check('view', 'nobody'),
  misspelt: await check('nonsense') }

const details = (...actions) => ({
  authorization_details: JSON.stringify([{ type: 'urn:gatehouse:mandate', actions }]),
})
redeem = await signIn({ ...details('view'), resource: given.api })
const rich = await redeem(DPoP)
const atUserinfo = await refusal(() =>
  oidc.fetchUserInfo(config, rich.access_token, claims.sub, { DPoP }),
)
const richActive = await oidc.tokenIntrospection(config, rich.access_token)

redeem = await signIn({ ...details('view'), resource: given.other_api })
const wrongAudience = await refusal(() => redeem(DPoP))
redeem = await signIn(details('nonsense'))
const unknownPower = await refusal(() => redeem(DPoP))
redeem = await signIn({ ...details('view'), resource: given.api, dpop_jkt: null })
const unbound = await refusal(() => redeem(undefined))

const { access_token: _, refresh_token: __, id_token: ___, ...answered } = rich
tell({ metadata: config.serverMetadata(), claims, token_type: tokens.token_type, userinfo, active,
  checks, rich: answered, rich_active: richActive, refused: { mixed, replayed, bearer, otherKey,
    atUserinfo, wrongAudience, unknownPower, unbound } })
process.exit(0)
