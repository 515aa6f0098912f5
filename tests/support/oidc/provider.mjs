// A certified OpenID Provider of somebody else (oidc-provider), as the third party in tests.
//   node provider.mjs '{"port": 0, "clients": [...], "claims": "id_token" | "userinfo", "people": {"anna": {...}}}'
// Prints its issuer when it listens.  POST /_rotate gives it new keys; everything else is the provider's own.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const wanted = JSON.parse(process.argv[2]);
const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(), use: 'sig', alg,
});

function made(issuer) {
  const provider = new Provider(issuer, {
    clients: wanted.clients,
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    cookies: { keys: [randomUUID()] },
    claims: { openid: ['sub'], profile: ['name', 'role', 'functions', 'organization_ura', 'bsn', 'loa'] },
    conformIdTokenClaims: wanted.claims === 'userinfo',
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    pkce: { required: () => true },
    ttl: { Session: 600, Grant: 600, Interaction: 600, IdToken: 600, AccessToken: 600 },
    findAccount: (_, id) => wanted.people[id] && { accountId: id, claims: () => ({ sub: id, ...wanted.people[id] }) },
    renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
    // The sites under test answer on loopback, from which its dispatcher guards a provider in earnest.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  });
  provider.on('backchannel.error', (_, error) => process.stderr.write(`backchannel ${error}\n`));
  return provider.callback();
}

let current;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/_rotate') {
    current = made(`http://127.0.0.1:${server.address().port}`);
    response.end();
  } else {
    current(request, response);
  }
});
server.listen(wanted.port, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  current = made(issuer);
  process.stdout.write(`${issuer}\n`);
});
