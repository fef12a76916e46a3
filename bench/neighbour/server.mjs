// node-oidc-provider as a neighbour to be measured against: ES256, PKCE, client_secret_basic, one person who is let
// in without being asked anything (the interaction is scripted; that is why it listens on loopback only).
//
// Environment: PORT, ISSUER, DATABASE ("sqlite:FILE" or a PostgreSQL URL), CLIENT_ID, CLIENT_SECRET, REDIRECT_URI,
// RESOURCE, WORKERS (1 = no cluster), ROTATE ("1" = a new refresh token at every refresh).

import cluster from 'node:cluster';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

import { open } from './storage.mjs';

const { env } = process;
const ACCOUNT = 'margaret';

function settings(adapter) {
  return {
    adapter,
    jwks: { keys: [JSON.parse(env.SIGNING_KEY)] },
    cookies: { keys: [env.COOKIE_KEY] },
    clients: [{
      client_id: env.CLIENT_ID,
      client_secret: env.CLIENT_SECRET,
      redirect_uris: [env.REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'client_secret_basic',
    }],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    claims: { openid: ['sub'], profile: ['name'] },
    ttl: {
      AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 600,
      Grant: 86400, RefreshToken: 86400, Session: 86400,
    },
    findAccount: async (ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, name: 'Margaret Hughes' }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: async () => true,
    rotateRefreshToken: env.ROTATE === '1',
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: async () => true },
      // With `resource` in the request the access token is an ES256 JWT, as ours; without it, opaque and stored.
      resourceIndicators: {
        enabled: true,
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          scope: 'api', audience: env.RESOURCE, accessTokenTTL: 300,
          accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

async function letIn(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId: params.client_id });
  grant.addOIDCScope('openid profile');
  grant.addResourceScope(env.RESOURCE, 'api');
  const result = { login: { accountId: ACCOUNT }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function serve() {
  const provider = new Provider(env.ISSUER, settings(await open(env.DATABASE)));
  provider.on('server_error', (ctx, error) => console.error(error));
  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    return letIn(provider, request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  server.keepAliveTimeout = 60_000; // a connection between two runs must not be cut
  server.listen(Number(env.PORT), '127.0.0.1');
}

const workers = Number(env.WORKERS ?? '1');
if (cluster.isPrimary) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  env.SIGNING_KEY = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' });
  env.COOKIE_KEY = randomBytes(32).toString('base64url');
}
if (cluster.isPrimary && workers > 1) {
  for (let n = 0; n < workers; n += 1) cluster.fork();
} else {
  await serve();
}
