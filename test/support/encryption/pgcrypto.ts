import pg from 'pg';
import { type BorrowedServer, borrowPostgres } from '../postgres/borrowed.js';

/** A server with the extension in a schema of its own, and two functions as a portal might have them. */
export async function startPgcrypto(): Promise<BorrowedServer> {
  const server = await borrowPostgres();
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  await client.query(`
    create schema crypto;
    create extension pgcrypto schema crypto;
    grant usage on schema crypto to public;
    create schema fields;
    grant usage on schema fields to public;
    create function fields.seal(plaintext text, passphrase text) returns bytea language sql
      as $$ select crypto.pgp_sym_encrypt(plaintext, passphrase) $$;
    create function fields.unseal(sealed bytea, passphrase text) returns text language sql
      as $$ select crypto.pgp_sym_decrypt(sealed, passphrase) $$;
    -- As one should not: no integrity, and an error that tells everything.
    create function fields.seal_loosely(plaintext text, passphrase text) returns bytea language sql
      as $$ select crypto.encrypt(convert_to(plaintext, 'LATIN1'), convert_to(rpad(passphrase, 32, 'x'), 'UTF8'), 'aes-cbc/pad:none') $$;
    create function fields.unseal_loosely(sealed bytea, passphrase text) returns text language sql
      as $$ select replace(encode(crypto.decrypt(sealed, convert_to(rpad(passphrase, 32, 'x'), 'UTF8'), 'aes-cbc/pad:none'), 'escape'), '\\\\', '\\') $$;
    create function fields.linger(plaintext text, passphrase text) returns bytea language sql
      as $$ select ''::bytea from pg_sleep(30) $$;
    create function fields.shout(plaintext text, passphrase text) returns bytea language plpgsql
      as $$ begin raise exception 'cannot encrypt % with %', plaintext, passphrase; end $$;
  `);
  await client.end();
  return server;
}
