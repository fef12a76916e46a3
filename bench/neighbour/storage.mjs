// Durable adapters for node-oidc-provider, which ships only an in-memory one. Written to be the cheapest that still
// keeps every promise: one table a model, the primary key and the two indexes the provider asks by, prepared
// statements. SQLite runs WAL with synchronous=FULL, PostgreSQL with its default durability.

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const MODELS = [
  'AccessToken', 'AuthorizationCode', 'ClientCredentials', 'Grant', 'InitialAccessToken', 'Interaction',
  'RefreshToken', 'RegistrationAccessToken', 'ReplayDetection', 'Session',
];
const BY_GRANT = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);
const seconds = () => Math.floor(Date.now() / 1000);

function schema(model) {
  const table = `CREATE TABLE IF NOT EXISTS "${model}" (id TEXT PRIMARY KEY, payload TEXT NOT NULL,`
    + ' grant_id TEXT, uid TEXT, expires BIGINT, consumed BIGINT)';
  const index = (column) => `CREATE INDEX IF NOT EXISTS "${model}_${column}" ON "${model}" (${column})`;
  return [
    table,
    ...(BY_GRANT.has(model) ? [index('grant_id')] : []),
    ...(model === 'Session' ? [index('uid')] : []),
  ];
}

// The same five statements for both engines.
const statements = (model) => ({
  find: `SELECT payload, consumed FROM "${model}" WHERE id = $1`,
  uid: `SELECT payload, consumed FROM "${model}" WHERE uid = $1`,
  upsert: `INSERT INTO "${model}" (id, payload, grant_id, uid, expires) VALUES ($1, $2, $3, $4, $5)`
    + ' ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,'
    + ' uid = excluded.uid, expires = excluded.expires',
  consume: `UPDATE "${model}" SET consumed = $2 WHERE id = $1`,
  destroy: `DELETE FROM "${model}" WHERE id = $1`,
});
const forSqlite = (text) => text.replaceAll('$', '?');
const revocation = (model) => `DELETE FROM "${model}" WHERE grant_id = $1`;

function read(row) {
  if (!row) return undefined;
  const payload = JSON.parse(row.payload);
  if (row.consumed !== null) payload.consumed = Number(row.consumed);
  return payload;
}

const values = (id, payload, expiresIn) => [
  id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null,
  expiresIn ? seconds() + expiresIn : null,
];

function sqlite(path) {
  const database = new DatabaseSync(path, { timeout: 5000 });
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  for (const model of MODELS) schema(model).forEach((statement) => database.exec(statement));
  const revocations = [...BY_GRANT].map((model) => database.prepare(forSqlite(revocation(model))));
  const prepared = new Map(MODELS.map((model) => [model, Object.fromEntries(
    Object.entries(statements(model)).map(([name, text]) => [name, database.prepare(forSqlite(text))]),
  )]));
  return class {
    constructor(model) { this.on = prepared.get(model); }

    async find(id) { return read(this.on.find.get(id)); }

    async findByUid(uid) { return read(this.on.uid.get(uid)); }

    async findByUserCode() { return undefined; }

    async upsert(id, payload, expiresIn) { this.on.upsert.run(...values(id, payload, expiresIn)); }

    async consume(id) { this.on.consume.run(id, seconds()); }

    async destroy(id) { this.on.destroy.run(id); }

    async revokeByGrantId(grantId) { revocations.forEach((statement) => statement.run(grantId)); }
  };
}

async function postgresql(url) {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  const first = await pool.connect();
  try {
    await first.query('SELECT pg_advisory_lock(1)');
    for (const model of MODELS) for (const statement of schema(model)) await first.query(statement);
    await first.query('SELECT pg_advisory_unlock(1)');
  } finally {
    first.release();
  }
  return class {
    constructor(model) {
      this.model = model;
      this.texts = statements(model);
    }

    async ask(name, given) {
      const { rows } = await pool.query({ name: `${this.model}:${name}`, text: this.texts[name], values: given });
      return rows[0];
    }

    async find(id) { return read(await this.ask('find', [id])); }

    async findByUid(uid) { return read(await this.ask('uid', [uid])); }

    async findByUserCode() { return undefined; }

    async upsert(id, payload, expiresIn) { await this.ask('upsert', values(id, payload, expiresIn)); }

    async consume(id) { await this.ask('consume', [id, seconds()]); }

    async destroy(id) { await this.ask('destroy', [id]); }

    async revokeByGrantId(grantId) {
      for (const model of BY_GRANT) await pool.query(revocation(model), [grantId]);
    }
  };
}

export const open = async (url) => (
  url.startsWith('sqlite:') ? sqlite(url.slice('sqlite:'.length)) : postgresql(url)
);
