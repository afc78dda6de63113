import type { Route } from '../http/route.js';

/** Who is looking at which page. The REST side only; it is among the few routes that ask who you are. */
export const presenceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/presence/{page_identifier}',
    access: 'user',
    json: 'plain',
    handle: async ({ db, params }) => ({
      users: await db.rows(
        `select user_id, page_identifier, entered_at, last_seen, user_info from user_page_presence
         where page_identifier = $1 and last_seen > now() - interval '2 minutes' order by entered_at`,
        [params.page_identifier],
      ),
    }),
  },
  {
    method: 'POST',
    path: '/api/presence/{page_identifier}/enter',
    access: 'user',
    json: 'plain',
    async handle({ db, params, user }) {
      const info = { name: `${user.first_name} ${user.last_name}`.trim(), avatar: user.profile_picture_url };
      await db.rows(
        `insert into user_page_presence (user_id, page_identifier, user_info) values ($1, $2, $3)
         on conflict (user_id, page_identifier) do update set last_seen = now(), user_info = excluded.user_info`,
        [user.id, params.page_identifier, JSON.stringify(info)],
      );
      return { message: 'Presence recorded', user_id: user.id };
    },
  },
  {
    method: 'DELETE',
    path: '/api/presence/{page_identifier}/exit',
    access: 'user',
    json: 'plain',
    async handle({ db, params, user }) {
      await db.rows('delete from user_page_presence where user_id = $1 and page_identifier = $2', [
        user.id,
        params.page_identifier,
      ]);
      return { message: 'Presence removed' };
    },
  },
];
