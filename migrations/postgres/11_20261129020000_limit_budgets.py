"""Budgets decided in the same call as all other limits, charged by the journal's sink.

`limit_decide` stays as it is, and is called from the function here for a batch in which a request
has budgets. The release before calls it alone.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
-- A row for each window of a budget; `start` and `until` in Unix microseconds, `until` NULL where
-- it never ends. `spent` is what requests were charged, `held` what the open rows of limit_hold
-- come to.
-- A minute or an hour is a bucket with one row: `bucket` is how long it takes to fill, and `spent`
-- is its level as of `at`, with all that is held. `amount`, `alerts` and `matches` are as a request
-- claimed them last; `alerted` is the highest share of which somebody was told.
CREATE TABLE limit_budget (
    key text COLLATE "C" NOT NULL,
    start bigint NOT NULL,
    until bigint,
    subject text NOT NULL,
    bucket bigint NOT NULL,
    spent bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    at bigint NOT NULL,
    amount bigint NOT NULL,
    alerts text NOT NULL,
    alerted smallint NOT NULL DEFAULT 0,
    matches text NOT NULL,
    PRIMARY KEY (key, start)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX limit_budget_subject ON limit_budget (subject);

-- A row for each request that has budgets and whose entry has not come. `amounts` are held; where
-- the row is `final` they are what the request is charged, and are part of `spent`. Who writes a row
-- has locked the budgets that it names.
CREATE TABLE limit_hold (
    request text PRIMARY KEY,
    worker text NOT NULL,
    at bigint NOT NULL,
    final boolean NOT NULL DEFAULT false,
    keys text[] NOT NULL,
    starts bigint[] NOT NULL,
    amounts bigint[] NOT NULL
);
CREATE INDEX limit_hold_worker ON limit_hold (worker);

-- Workers that have held something: where their journals are, and the uptime at their last beat.
CREATE TABLE limit_holder (
    worker text PRIMARY KEY,
    home text NOT NULL,
    beat double precision NOT NULL
);

-- Decides as limit_decide, whose arguments come first. A request with budgets is a group of its
-- own.
--
-- p_home         names the machine's directory, in which the worker's journal is.
-- p_row_*        windows, each once, in the order in which all lock them: by key and start. `makes`
--                says that one which is missing begins empty. `amounts` NULL: it is only told of.
-- p_told         requests that have ended; p_told_last: the place of the last budget of each, and
--                then by budget its row, what was held of it and what it is charged. `drops`: no
--                entry will come of the request.
-- p_requests     by group, the request's id, NULL where it has no budgets; p_claim_last: the place
--                of its last budget, and then by budget its row, its hold, its amount, and whether
--                it is hard.
--
-- Returns what limit_decide does, then: the time; by group, 0 where budgets have room, 1 where they
-- do not, 2 where a window has to be made, 3 where another window has begun, 4 where it has to be
-- asked again, 5 where a row is locked; by budget, what was spent and held before; by request that
-- was told of, false where it has to be told again.
--
-- Locks are taken in one order everywhere: budgets by key and start, then as limit_decide does.
CREATE FUNCTION limit_budget_decide(
    p_worker text,
    p_call bigint,
    p_patience integer,
    p_sure boolean,
    p_keys text[],
    p_held bigint[],
    p_after bigint[],
    p_owed integer[],
    p_owed_epochs integer[],
    p_owed_counts bigint[],
    p_wanted integer[],
    p_last integer[],
    p_subjects integer[],
    p_quotas bigint[],
    p_bases bigint[],
    p_epochs integer[],
    p_rates integer[],
    p_parallels integer[],
    p_home text,
    p_row_keys text[],
    p_row_starts bigint[],
    p_row_untils bigint[],
    p_row_buckets bigint[],
    p_row_makes boolean[],
    p_row_amounts bigint[],
    p_row_alerts text[],
    p_row_matches text[],
    p_told text[],
    p_told_drops boolean[],
    p_told_last integer[],
    p_told_rows integer[],
    p_told_holds bigint[],
    p_told_charges bigint[],
    p_requests text[],
    p_claim_last integer[],
    p_claim_rows integer[],
    p_claim_holds bigint[],
    p_claim_amounts bigint[],
    p_claim_hard boolean[]
) RETURNS TABLE (
    admitted integer[],
    used bigint[],
    spent double precision[],
    busy bigint[],
    held bigint[],
    done boolean[],
    moment bigint,
    verdicts integer[],
    budget_spent bigint[],
    budget_held bigint[],
    told_done boolean[]
) LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    rows_count integer := cardinality(p_row_keys);
    durable text := current_setting('synchronous_commit');
    wanted integer[] := p_wanted;
    decided record;
    row_seen record;
    first integer;
    last integer;
    i integer;
    back bigint;
    verdict integer;
    room bigint;
    is_there boolean;
    took boolean := false;
    undone boolean := false;
    spents bigint[] := array_fill(NULL::bigint, ARRAY[rows_count]);
    helds bigint[] := array_fill(NULL::bigint, ARRAY[rows_count]);
    ats bigint[] := array_fill(NULL::bigint, ARRAY[rows_count]);
    amounts bigint[] := array_fill(NULL::bigint, ARRAY[rows_count]);
    changed boolean[] := array_fill(false, ARRAY[rows_count]);
BEGIN
    PERFORM set_config(
        'lock_timeout', CASE p_patience WHEN 0 THEN '100' ELSE p_patience::text END, true
    );
    verdicts := array_fill(0, ARRAY[cardinality(p_wanted)]);
    budget_spent := array_fill(NULL::bigint, ARRAY[cardinality(p_claim_rows)]);
    budget_held := array_fill(NULL::bigint, ARRAY[cardinality(p_claim_rows)]);
    told_done := array_fill(true, ARRAY[cardinality(p_told)]);

    moment := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO limit_budget AS b (key, start, until, subject, bucket, at, amount, alerts, matches)
        SELECT r.key, r.start, r.until, split_part(r.key, '|', 1), r.bucket, moment, r.amount,
            r.alerts, r.matches
        FROM unnest(p_row_keys, p_row_starts, p_row_untils, p_row_buckets, p_row_makes,
                p_row_amounts, p_row_alerts, p_row_matches)
            WITH ORDINALITY AS r (key, start, until, bucket, makes, amount, alerts, matches, place)
        WHERE r.makes AND r.start <= moment AND (r.until IS NULL OR moment < r.until)
            AND NOT EXISTS (SELECT FROM limit_budget l WHERE l.key = r.key AND l.start = r.start)
        ORDER BY r.place
        ON CONFLICT (key, start) DO NOTHING;

    FOR row_seen IN
        SELECT r.place::integer, b.*
        FROM unnest(p_row_keys, p_row_starts) WITH ORDINALITY AS r (key, start, place)
        CROSS JOIN LATERAL (
            SELECT l.spent, l.held, l.at, l.amount, l.alerts, l.matches FROM limit_budget l
            WHERE l.key = r.key AND l.start = r.start FOR UPDATE
        ) AS b
        WHERE p_patience > 0
        UNION ALL
        SELECT r.place::integer, b.*
        FROM unnest(p_row_keys, p_row_starts) WITH ORDINALITY AS r (key, start, place)
        CROSS JOIN LATERAL (
            SELECT l.spent, l.held, l.at, l.amount, l.alerts, l.matches FROM limit_budget l
            WHERE l.key = r.key AND l.start = r.start FOR UPDATE SKIP LOCKED
        ) AS b
        WHERE p_patience = 0
    LOOP
        i := row_seen.place;
        spents[i] := row_seen.spent;
        helds[i] := row_seen.held;
        ats[i] := row_seen.at;
        amounts[i] := row_seen.amount;
        IF p_row_amounts[i] IS NOT NULL THEN
            changed[i] := row_seen.amount <> p_row_amounts[i] OR row_seen.alerts <> p_row_alerts[i]
                OR row_seen.matches <> p_row_matches[i];
        END IF;
    END LOOP;

    -- Only now: while we waited for the locks, time went on.
    moment := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    FOR i IN 1..rows_count LOOP
        CONTINUE WHEN spents[i] IS NULL;
        IF p_row_buckets[i] > 0 THEN
            IF spents[i] <= 0 OR moment <= ats[i] THEN
                -- The clock was set back: unless this is written, the bucket would stand still.
                changed[i] := changed[i] OR moment < ats[i];
                spents[i] := greatest(spents[i], 0);
                ats[i] := moment;
            ELSE
                -- In whole units, and the time that these take: the rest counts with the next.
                back := least(
                    div((moment - ats[i])::numeric * amounts[i], p_row_buckets[i]), spents[i]
                )::bigint;
                spents[i] := spents[i] - back;
                ats[i] := CASE WHEN spents[i] = 0 THEN moment
                    ELSE ats[i] + ceil(back::numeric * p_row_buckets[i] / amounts[i])::bigint END;
            END IF;
            -- Lowered: an empty bucket fills within its time.
            IF p_row_amounts[i] < amounts[i] THEN
                spents[i] := least(spents[i], p_row_amounts[i]);
            END IF;
        END IF;
        amounts[i] := coalesce(p_row_amounts[i], amounts[i]);
    END LOOP;

    first := 1;
    FOR asked IN 1..cardinality(p_told) LOOP
        last := p_told_last[asked];
        IF p_patience = 0 AND EXISTS (SELECT FROM unnest(p_told_rows[first:last]) AS t (place)
                WHERE spents[t.place] IS NULL) THEN
            told_done[asked] := false;
        ELSE
            IF p_told_drops[asked] THEN
                DELETE FROM limit_hold h WHERE h.request = p_told[asked] AND NOT h.final;
            ELSE
                UPDATE limit_hold h SET final = true, amounts = p_told_charges[first:last]
                    WHERE h.request = p_told[asked] AND NOT h.final;
            END IF;
            -- Not found: its entry came first, or it was told of before.
            IF FOUND THEN
                FOR claim IN first..last LOOP
                    i := p_told_rows[claim];
                    CONTINUE WHEN spents[i] IS NULL;
                    helds[i] := helds[i] - p_told_holds[claim];
                    spents[i] := spents[i] + p_told_charges[claim];
                    IF p_row_buckets[i] > 0 THEN
                        spents[i] := greatest(0, spents[i] - p_told_holds[claim]);
                    END IF;
                    changed[i] := true;
                END LOOP;
                took := true;
            END IF;
        END IF;
        first := last + 1;
    END LOOP;

    first := 1;
    FOR asked IN 1..cardinality(p_wanted) LOOP
        CONTINUE WHEN p_requests[asked] IS NULL;
        last := p_claim_last[asked];
        verdict := 0;
        FOR claim IN first..last LOOP
            i := p_claim_rows[claim];
            IF moment < p_row_starts[i] OR moment >= p_row_untils[i] THEN
                verdict := greatest(verdict, 3);
            ELSIF spents[i] IS NULL THEN
                is_there := EXISTS (
                    SELECT FROM limit_budget l
                    WHERE l.key = p_row_keys[i] AND l.start = p_row_starts[i]
                );
                verdict := greatest(verdict, CASE WHEN is_there THEN 5 ELSE 2 END);
            ELSE
                budget_spent[claim] := spents[i];
                budget_held[claim] := helds[i];
                room := p_claim_amounts[claim] - spents[i];
                IF p_row_buckets[i] = 0 THEN
                    room := room - helds[i];
                END IF;
                IF p_claim_hard[claim] AND p_claim_holds[claim] > room THEN
                    verdict := greatest(verdict, 1);
                END IF;
            END IF;
        END LOOP;
        verdicts[asked] := verdict;
        IF verdict > 0 THEN
            wanted[asked] := 0;
        ELSE
            FOR claim IN first..last LOOP
                i := p_claim_rows[claim];
                helds[i] := helds[i] + p_claim_holds[claim];
                IF p_row_buckets[i] > 0 THEN
                    spents[i] := spents[i] + p_claim_holds[claim];
                END IF;
                changed[i] := changed[i] OR p_claim_holds[claim] > 0;
            END LOOP;
        END IF;
        first := last + 1;
    END LOOP;

    SELECT * INTO decided FROM limit_decide(
        p_worker, p_call, p_patience, p_sure, p_keys, p_held, p_after, p_owed, p_owed_epochs,
        p_owed_counts, wanted, p_last, p_subjects, p_quotas, p_bases, p_epochs, p_rates, p_parallels
    );
    admitted := decided.admitted;
    used := decided.used;
    spent := decided.spent;
    busy := decided.busy;
    held := decided.held;
    done := decided.done;

    first := 1;
    FOR asked IN 1..cardinality(p_wanted) LOOP
        CONTINUE WHEN p_requests[asked] IS NULL;
        last := p_claim_last[asked];
        IF verdicts[asked] = 0 AND admitted[asked] < 1 THEN
            -- Another limit refused it.
            FOR claim IN first..last LOOP
                i := p_claim_rows[claim];
                helds[i] := helds[i] - p_claim_holds[claim];
                IF p_row_buckets[i] > 0 THEN
                    spents[i] := spents[i] - p_claim_holds[claim];
                END IF;
                undone := undone OR p_claim_holds[claim] > 0;
            END LOOP;
        ELSIF verdicts[asked] = 0 THEN
            INSERT INTO limit_hold (request, worker, at, keys, starts, amounts)
                SELECT p_requests[asked], p_worker, moment,
                    array_agg(p_row_keys[c.place] ORDER BY c.n),
                    array_agg(p_row_starts[c.place] ORDER BY c.n), p_claim_holds[first:last]
                FROM unnest(p_claim_rows[first:last]) WITH ORDINALITY AS c (place, n);
            took := true;
        END IF;
        first := last + 1;
    END LOOP;
    IF undone THEN
        -- What was given back may be what others were refused for.
        FOR asked IN 1..cardinality(p_wanted) LOOP
            IF verdicts[asked] = 1 THEN
                verdicts[asked] := 4;
            END IF;
        END LOOP;
    END IF;

    UPDATE limit_budget b SET
        spent = n.spent,
        held = n.held,
        at = n.at,
        amount = n.amount,
        alerts = coalesce(n.alerts, b.alerts),
        matches = coalesce(n.matches, b.matches)
    FROM unnest(p_row_keys, p_row_starts, spents, helds, ats, amounts, p_row_alerts, p_row_matches,
            changed)
        AS n (key, start, spent, held, at, amount, alerts, matches, changed)
    WHERE b.key = n.key AND b.start = n.start AND n.changed AND n.spent IS NOT NULL;
    IF took THEN
        -- What is held must not be forgotten: a budget would be overspent.
        PERFORM set_config('synchronous_commit', durable, true);
        IF NOT EXISTS (SELECT FROM limit_holder w WHERE w.worker = p_worker) THEN
            INSERT INTO limit_holder (worker, home, beat) VALUES (p_worker, p_home, limit_uptime())
                ON CONFLICT (worker) DO NOTHING;
        END IF;
    END IF;
    RETURN NEXT;
END;
$$;

-- The windows that these requests hold something of, and those of these tokens and projects in this
-- time, locked in the order in which decisions lock them. Whoever makes a window from what was used
-- before takes the same lock alone, so that no batch of entries is counted by neither or by both.
CREATE FUNCTION limit_budget_lock(
    p_requests text[], p_subjects text[], p_since bigint, p_until bigint
) RETURNS SETOF limit_budget LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('limit_budget', 0));
    IF EXISTS (SELECT FROM limit_budget) THEN
        RETURN QUERY
            SELECT b.* FROM limit_budget b
            WHERE (b.key, b.start) IN (
                SELECT held.key, held.start
                FROM limit_hold h, unnest(h.keys, h.starts) AS held (key, start)
                WHERE h.request = ANY (p_requests)
            ) OR (
                b.subject = ANY (p_subjects) AND b.start <= p_until
                AND (b.until IS NULL OR b.until > p_since)
            )
            ORDER BY b.key, b.start FOR UPDATE;
    END IF;
END;
$$;

CREATE TABLE "budget_alert" (
    "id" UUID NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "budget" VARCHAR(255) NOT NULL,
    "window_start_us" BIGINT NOT NULL,
    "share" SMALLINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "spent" BIGINT NOT NULL,
    CONSTRAINT "uid_budget_alert_share" UNIQUE ("budget", "window_start_us", "share")
);
CREATE INDEX "idx_budget_alert_at" ON "budget_alert" ("at");
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TABLE "budget_alert";
DROP FUNCTION limit_budget_lock(text[], text[], bigint, bigint);
DROP FUNCTION limit_budget_decide(
    text, bigint, integer, boolean, text[], bigint[], bigint[], integer[], integer[], bigint[],
    integer[], integer[], integer[], bigint[], bigint[], integer[], integer[], integer[],
    text, text[], bigint[], bigint[], bigint[], boolean[], bigint[], text[], text[], text[],
    boolean[], integer[], integer[], bigint[], bigint[], text[], integer[], integer[], bigint[],
    bigint[], boolean[]
);
DROP TABLE limit_holder;
DROP TABLE limit_hold;
DROP TABLE limit_budget;
"""


MODELS_STATE = (
    "eJztXf1z2zbS/lcw+qW5GdcTyx9xczc3Yyfu1c2HO7Hztu81HRoSYQlnClAJ0oqml//9AJ"
    "Ci+CkRoD4oeWc6qU1iQfpZcLG7WDz4qzPmIhj4RBz+4vP/kH7QeY3+6jA8IvKH4s0D1MHj"
    "cfqWuhTgnhe1TzXricDHur8H7AkiL7lE9H06DihnqvFb4pGAsgHijKBHQsYCBUOCfD45QI"
    "LLn3GAhlQE3J8iEeCpQD7BrnrUAcLMRcTHgghEAyGlp+JQPdXlfflY2em6HhAy+mdInIAP"
    "iOzLl4/5/Q95mTKXfJVgxL+OH50HSjw3AyZ1VQf6uhNMx/ra58/Xb3/ULdXL95w+98IRm7"
    "ceT4MhZ0nzMKTuoZJR9waEyTcMiJuCmIWeFytjdil6Y3kh8EOSvKo7v+CSBxx6SlGdfzyE"
    "rK/0g0bcJZ44pK44ZGTiUPef8RumWjvOx5s75/bqznE6BfWqN8kpJL7U50wNDcoChddf36"
    "J+57joqx31gDc/XXx6cXz2N43EbLzFqHW+aUEc4EhUYz8HW/+/APebIfbL4Z61zwEuX9QG"
    "6tmFOdbzb2AG3wygNUDaGeGvjkfYIBjKX7svXy7A+P8uPmmYZSuNM5cfbfQxf4xvdaN7Cu"
    "85vh59Io4pyBkhK6TjIWswpncbZmlQn6hLfBOU0zJ7OJzPTmrAfHZSibK6lQW5J828E/qe"
    "CchpmZWM5FZh3H15cl5rMJ+cLxjN6mYWaSoc6RJIK1CE+pJzj2BWMRmm5XJw96Tgugb1zJ"
    "psdtq7vLl5r3oeCfGnpy9c3+VQ/vzh8urTiyMNvmxEA335+uNdDnCfyD9WBMIZE98ZURYG"
    "JdBfs6Ac9grpnALkX7SD432gXuL77tHJq5Pz47OTc9lEv2dy5dUCDRWBVp/PGPvY84jnzH"
    "AzgLpSHsAugi1R4hPiOpGTWkT559ubj+UwFyVz+Lq0H6D/Ik+GBbuH8wIQFSQZmzIz1C8+"
    "XPyWt+Fv3t9c5n1u1cFlhR64TweUWSkiJQqasNfE05Ez9skD/Wriw2SE9tGJWYND/oCpx5"
    "/KHPLqsZ6WgUFuP8ip4B7WL2kwyDNCmwuHOowzUkyZJFdXMcDruOjV/nnBOU8l7wxCzZkI"
    "2I96eRPeNx7CaRmAuRbMIRuRgPikJOVajXNGaIOmQvtC60qvrtVk9EJ3QMrinOrJMCUCc6"
    "H9XDjmHu1TYgR9Wgawt8e+7xOFjYNL5sq38k5AR6RcA1nJvA5i0cPZDzuYql2girvrD1e3"
    "dxcffsno4+3F3ZW609VXp7mrL85yOko6Qb9e3/2E1K/o3zcfr/JqS9rd/buj3gmHAXcYnz"
    "jYTWMyuzy7lJ1Dxq6lmrOSoOZWq9lVq8RWas5KrkDNu2NXd0LLaiX+4TG1PKwu9HD/cYJ9"
    "18ncmQ8HtdJfsjoRS/347hOpDCeTaonPYwkjwaN3ZLq7H/f8ajwyM19NwB9JWcbPDKg71c"
    "s+QaRGGO/yqjFXvDXqjvJXMMMD/SepZ387qBhXpWU6uYG3qFQnjJs6j3HbpfU6slM0kjry"
    "KfaQR/ATUfU0VKiCGuSSvj8dSwUizrwpkpBwhNHAxyyIimkYeSJ+fJ3J/8SE+MWSnTU9Y3"
    "nVzu/pXAZ1O39AGU8byngkCsRoXT4R2GD8vpnQfS15kmG8nlgX3ln7PawrOTqrAe9R3oeZ"
    "o6tu5eJEOpbGJiBfSyC+k1crYsSM1F4AvciRvPrtbnGAnviR728+/mvWPB+1Z4EnTE8U8i"
    "3V7OaUWezqIV4qvC41bK9cbfXDfULoYFgy1CtrHuYCVkUOVqP8aF3grrjEASqlNlwp1eMh"
    "k91zE1ORltm/hZnjWg7H8QKH47isoJVynwZTAzORFtmcoXiZx/hle4wDFKxuqmAV6mrKsN"
    "6XQvdWw7z6Onccyo4N8J213z9sj7p1rIVsVe3+dgu2QudanBEeFzGuXpPNCMGiLCzKwjrO"
    "wtW6OEtbGtNXZ2GzUqvMxrZXtUuyroXFsRqFgD9yX4bs7B2Zapiv5atg1i8LNcs2Du8mtI"
    "U1HnnZx5NkYSA3tiQG0bKwVsHF7ZuLt1edb9ULj5tZMIrW2RYuGSVLcbUWjYKk9dJlo1/V"
    "NmusdlCjCRaIfO0PMZPvix64f4BCFlAP0QAR5pZs4TYVbrA9uypTWG1VKtODm1vf0U9S/5"
    "zs2MKO4KHfN9o8PJfYi5z4up19WHyAxYc2qWHdqw8PJOgPrfz/rCT4/632/8nXMZXdWag5"
    "K7kZNW9yeW/XtWxQrbdep3mBs1zLSTbwja8DgQTp+0T+H/uamkgg/qBoiqiP+IQdoB7p41"
    "AQ6QT7PNAFdWhCgyFSGwo9PEZD6RYHE460n6yHcMGJXttToKxqR8uq2s+OBEVV4OeV+nkt"
    "cgB2J+O+Ew5AlrfmSc6iNt58VhK03GYtK1NRzZVzSQcL6XL2lCXnh273+PhV9+Xx2fnpya"
    "tXp+cvk3KR4q1FdSOX1/9SpSMZ7RZrSf4MpcPnkDHvl6wNV+Kfk9piWU5L6/cigFTRjdnA"
    "zsrtDa4bHtRAe7ahYQ60Z0B7tnWct0V7Rpg75volLFSREQZtNNcGHVvpIRYDDdhrAFhggA"
    "Xm+WEfeysS2bAs3bfIyS+Igp9v5+d7WKIYCqtEUV4WUkVtThVBee+zUDOU90J57z6V96YK"
    "HqMF+BJHwZwx51b3tUegr5k3Jw1adV3HHNWl1R2OmLddWuRxNyTIpQPp8KmiCxyXYhyi+/"
    "mC5D2iqkRDNmD6iCruufrQKt2+tCKjWOWxvsfUKfOIil6gvKMV5R3RMCgCXl2CMJdYTRFC"
    "i85lWn1pNZQgPAdXFCKOZ6HmaD43m57SMhBtLI42kmrYxrHGvpFF5iON9Khq2TZCIe98iB"
    "bCyzcRphos8Z9D1TS1ql7Pf1bJOnRyjoY89Eu2CZY3KfFbf+/0wv5j5LlnI7vMN50iltC+"
    "oPphtmAXObllNc6xdPwE2er3TK+z60Y+8qI0cqkBKskdx4Otvf7aBnPH1U7zfGCYzPWp4Q"
    "TzfJvnecgsrizwBOdpbYDCeb8biN+TKb0uwonAHsK7lh0wia9kAHJaBnCuh7Nd8XzjOkuo"
    "POgQ3+e+Ie5zGUDdDvW+RwkLHBvwC6KgAzsdJBxANlooEQY92OmBsj4fjXWOyEgFWTlA3/"
    "IrYI8y0mROlM6ym4er+wCt2Gpl7NM+ca0VUiK+05TTm56fpXc/0CtfzpB7tmpY1Atoo742"
    "xr409IFTeVTXAhUURMEiWX4R0VyrCL1s9FAqDrqw1AXWPF9WesiLgg5sd+ZiwZl8Lys1lE"
    "mDJmwtkwgchhk3NklpuT3ap7th/HvTgAiHltRGLEI/LQUjvwnyPDTctZURA+ztsA+Ch57z"
    "0gz4uQyg3gD1IwvUjwD1hqh3LVDvAuoNUT+2QP0YUG+I+okF6ieAekPUTy1QPwXUG6J+Zo"
    "H6GaDeEPVXFqi/AtQbon5ugfo5oN4Q9R8sUP8BUG8aJdkEp0cQnTbG3So8hfi0Me42AeoR"
    "RKiNcbcJUY8gRm2Mu02QegRRagPcFZfEkGDXNO+blQP0G6JvOMFm5QD9hugbTrNZOUC/If"
    "qGk21WDtBviL7hlJuVA/Qbom+YH87KAfoN0TfME2flAP2G6Bvmi7NygH5D9A3zxlk5QL8h"
    "+ob546wcoN802rINdiGXvBr8rcNdiHdXgr9twAu55dXgbxvyQo55NfjbBr2QazbFv8A+uF"
    "WevJ946HeqWfL07YM6HHnDWculDHlXcuzI8SK1UaTGy90DTjzgxANOvAaKAU484MQDTjzg"
    "xNswlMCJt+tcbcCJB5x4+xd7ASfetlEHTrzt6wA48dqhB+DEA0480Apw4rUJf+DEa5M2gB"
    "Nv+zoATrwW6QI48bauA+DEa4smgBNvu/gDJ952kQdOvG1gD5x4W0MdOPGAE++5oA6ceMCJ"
    "91xQB0484MR7LqgDJx5w4j0X1IETDzjxnhHuwIkHnHjPCXfgxANOvOeBO3DitQJ94MTbJv"
    "rAibdN9IETb5voAyfeNtEHTrxtog+ceNtEHzjxtok+cOJtE33gxNsm+sCJB5x4zxp/4MTb"
    "Lv7Aibdd/IETb1P4t4YT71O0UfE9H3RKSfFS9w8Ws+LFWx4dL266lBbvAnnEHRAfERb40w"
    "OEBcLI55NDdB0IRF1EBQqGBMUdf6evYSavM8R9VwryB6T5yjo57a6w6y/sC9McfeiBekF8"
    "Q0p6VARoqPplSA9VeRUH8nmuUJ2oJtQ9QIJH1zEaSw0gRibycd8/UF9KU/GF+fLzSR76d/"
    "WSmMl28dPVa6YuUdn3i3v576HuwKFqv+n936qIA5dw/sl/C3x/s2sJe9DsgghwEIr0FR4G"
    "fR5RxKlLRgyB1Uxbq+fYWk4T2PnHQ8j6alQi/ST1z8k/O2uyMU1It6qZALExCyAGBkBgAN"
    "wf1QIDIDAAbhXKdTMAAj/dZvjpRtJ/4iW2YQHVYiKxhxgfndWA+Cg/R84RVreAynKzQ3ju"
    "rGchvh1hz6uM5udSmwvk14lzFMsfd1+dJdG7+mVRvH774eL9+5IEyTzUqTtmUyL7OGrrzG"
    "7d6tmtW5jdNJ+YCcCJwB7Ce14D3fNKcM/z2G6dUwm4M163iFUJtPG6BbxKoIXXrWFWAl28"
    "Bm6lbeO/S9xKewr+rtAr7R38esNSWcS6dJdTg4AVrI5a8AklQsqpNEU/JwiDv3n5hakKco"
    "KggmbRgDPxaUDsQ4KCPFilVejjaNhYJZkuQCu2WsGhS7n0NcehXTKpXB700Uwf0vtsppBC"
    "B6ARW43QkToVw/4LKZcHfTTTR4MvpKID0IitRiak5wiCfTk5G6oiLwk6aDZvCCJfxrWaMV"
    "KioAVbLQjiP9G+jBeoWeFUXs5q/bNtGsgsfx53a6x/HncrF0DVrdyIZ2JCfMe48iQvt39Y"
    "r6X+RC8JCB76faMl/ZzY/oG9+qLA5GzCvhyiJlgXBAHt5Wg/kqlh2fBcokHRcMtQXk3NMA"
    "4CMhqXHbP28+3Nx6otC3OZ/MYF2g/Qf/WunL1CVIGhek42K8zG54sPF7/lh+6b9zeXeehV"
    "B5elR94ZmeZEYv/sRB0zUW0ltJFozW6+C+mfB1dPhAWd0t18qfsHi3fzKU8/cEjSdOluvh"
    "umNsUxMtsgp/D2ijvzqpvV2cEm34DrATfbhYb1vq30lUCN1PQet/3YmaZ9UHGoNv8xMpF/"
    "HmxQgw1q29+glnyQtUOqmcAe1u2uJZiaWzgDiGOJPcR49V59PGFokAxQzontIdSrz8Nk5m"
    "ZDoEvn3z1wP9eTgRkqzgCj4Col0ii2shrTKUenF1IvoEwcqsduw8lZS8hFxyZDPmq9f2N9"
    "9cZ7RjpiZlKyUoDzcpxhC9xa9sW2J3Hgjij7LHTYXZY3SG4fLEkbqIZOOGu5nAOIIdzv85"
    "AFEU/OCE+RoAOmOXS4zhDoLjV9jigh+jGXX55ngIxBGzIGahDpnw1sTlpmNUZnOeSbMzmn"
    "dTxF2ara6JwWPMUxFmLCpQEZYjE0gboguIdGvnt6Wsc3Pz2t9s3VvZzLwj2jMT1rvzl8Iy"
    "u+Lmuxbn4JKhyVAXkqAfmSSywxqzDXabkc2D0puC60ZwZls4b58ubmfSbKubzOlax8/Pzh"
    "8kpir6GXjWigL5dUa/tEQeKYp3izkpDqbXWq18MRuaP078w1XRBegbJbFoLtk66TyT3KCt"
    "l82xVdwEfeOsUbBKHp8kUhJE5l9aOx5I/vPhEPVyxFZCPL26iz3dX9/Gpsl75tIFyfoVYd"
    "sadwXR60i1TjGty9Ksom7vcytO75fCLjrkN0J6PtPuePlHwnkCBydlckt0gE3Ceu4uClgU"
    "AulYF4gDjzpmW8vavqtk41gU5TQH1AK6L9SH8mcdFcYu8i/dXnb8FH39vpu+CjC0KsXfSU"
    "LKi61aomX8dUdmeh6KzkZtS8SVu6T1qGdeM1bZyQrp8jvWszPuWs1AYTspvJxZ7UKkU5WV"
    "CKclIsRdGYmbnSKRHgWi9bJc6iW4T2RxkZyTjqHZlqgK/le2BWuquqfIV3N5EtBOHyso8n"
    "SWSXHlcSAhkvkSil/ebi9s3F26vOt22tvn/Qt0bSrtypPead0og+3+hgcVA/SppHG9frxf"
    "WfyJNs7Mo4mgiEfYIeyTg40EfjPBIyVgvq1Efq3V4jvUVAnaojY/ExwY/6iJqgGNSvqE9Y"
    "t2+PRTpYEMmbrtnv73p9ren0aMF0elScTiFPsla/cGh4wsas/R4WP6x+ZV70uVmNfSIA8N"
    "aAF3J8NjPdzqUEdJ5OurI2is7Lwip8mzXtR46zhZ6zkqDltmm5NXXfP/PQZ9j7hQsaVK4l"
    "5xsdLI48/xM1d8bp9ksjzw/8ibizo1OFfAW1NZyJaDOjWuUN9DJwyALii9mhqj0c9IdIgi"
    "2v8GLkuYI+1fmvn1Q4qgJXRp6Ij3wyUv2qw11lj9JHR5oHHD1wHxEsZUWA/UBFrhhNuP9I"
    "fBnXquNjiS5PV5sikNIf8jgbfGH4QR0rK6PeiXwhNc7DEYkOo40yFPJBExrIN5LS/aHaOq"
    "9fVLXmDw8yjkaC4bEYcvlIX79//zEcy3tf2L0c4BfO2+tP91G4rfrhYaAXzGWMrR/KQ89F"
    "vRkM8sED+ZWhB5+PdLMeGVCmDlk4RB85UmfYjvAjEV+Yfgk6kkoWVCo+egDjgXzDAZIBLJ"
    "nhrv9wgacCTZRIBnLsqQNwp2jIPbdpkD8bdmZbgbJSECFVREjV4X76K88VAi06WCglBcTV"
    "ZfW5tUjkwrFr6fJnJcHlBxehykX4V6T3Su8gdX+JYzDItqxFKZMc2u5xOWMK4lPsUUFmU/"
    "dopCYpOdWOwkD3LOZnrrNw1FOTTI/oKfeJ6okKxTsb8qQ063jQF6bPdV9H+nrxWY6ls5ml"
    "Yd3ubNb0FMfqiesJe2HZHpEFs1Yisrkp6+XOz1etMWRvdCF6uRGL79U2YHFVez079uuQyq"
    "ggPpVdOel6QS4yLLqbyMGf947uqXuvPXzck/56MbBZSY8rtkgLebT3zB5txM2rNl2P8o83"
    "CXJm7SGNXiONvoCkpnrNeBFJzfMsWsmSfZqGJxCWQFiyeDZXVSX9BWFJ6v6SWd3PtqwVls"
    "QpOBUTqLSfmnh13KDLVUQUTNzj4F5tVJkM5dRMA9RXCUg5DrgS6ZNybsxVddxgchdhT7kV"
    "hhYwK7W16hn9JPXPyY6VzcCcvsY5HSYgmIBWPQH9RLAf9AiuoFqe314y/QwzDWvsvIzWlL"
    "4TB6g31ZOCenbZXsrqhg1mh6hTE0s1l4DlFePlFbBcYLlWbbnekeknVRJaardmN5dYLXWy"
    "hT9rt9RofWYB9SJ/FSMpqrxXxgOEhSoMV44ul76vrnw+QPFvhLljLnWvxNTaO4/ua1H50m"
    "7R4q3tKSXm8vfU2R7J+UCzzqJN5dtMpMUmsb1mtB15tO0c6LJDhtUgyWN8ulazY7XaBuIG"
    "WJ0T82IAcloGcK6Hc6jmEVO3KxGCDdVtc7yyNbVYmB2nMJeA76f6+2mTc3sb4KBinTe5W8"
    "O9FUnDGkG5FPhOIFVfj4jvcz8uuBxqh1ElaRVjUSjG0h4T97W8iaLDJXUzjAJFXiQwdaME"
    "cNS+h0uc3PU+qkFioC3O1PNIFycKtqj9y8vC/oA2z1jqe7VQckoM9Ntm/T5g6slPUemrhE"
    "2xMhOQF9ubkrTu0cmrk/Pjs5MkFZBcWZQBKBZH681ueoY0cfeyUvvHpbOWiGkOmu2mxLQw"
    "2Ku22avWePef43Orb3SxQafUx8+1WeLpJydh83nzOseWzPznuXutNnxJjzLuD8WbquPdW5"
    "MhT+WhaRD77KqMU2WqH5naY1bGnrLeR5VmtuO60twZqhnqVF1vGjeYVSKkdpH/oU5iLbte"
    "GT34fFIaPSxKhs9lICG+moS42d65Ve6Za9cceVqnAkW2WnDuR6EGBQp81niypDRZT9Q1q0"
    "tIy+whyKsnx8nOC3WzPFkpWDbLl5unZtLa1eYpGQA0b2dbkofcCzCBU8gG4J2I6TJqjsgf"
    "bNSckYTIvW1abk/kLuSdt3IMsOpDS3JtDpZE7qq142aa191TjsYyih7yMFoUu38r0f14e3"
    "3z0Xl39f/3ryOmEirQwOfhWAbSvSlihOr1tWinJZORta5fKd/FsdInKAqa++TP1Ds/7uWU"
    "dZ9sEEnyAPFRqAcqBaAIWFzVVrW41zuX76tD/l7YfyT6E87gOd/wnHHi0v5HVMVTzBBkJT"
    "K9xg/TSYJ0V6WNoHSulZmC+YAxmS3mUuAQtG6qyNLMpj7FugF1Rggi6hoRdQUHRTXEVQwU"
    "+wDvUfe8zr6v7nn1xi91D3IWkLPYNUChdnrdK9Q+kX9paYXFwhWmlNTeFFhsmKNOr+wb4j"
    "6XAdQtmQGZWudlThQk243+6j5AK7ZaGfu0T1xrhZSIgy7sdNEfKs4elbl0FP2spUoW9QKa"
    "sdOM9L5H4/jYIkN1FERBB5Zfh8TRI5rqzkYPpeKgC0td4P5Qlfra6CEvCjqw00G0C0y+l5"
    "UayqRBE7aWSQQOw4wbm6S0nBX6LVubfIYcrpehOyDBhUf8iuLfdIODxeuHPd3UwUnbGtv8"
    "xFCdA8EfNHdE1IE650D9NpGjQLGz6dMiFIMb0owSs0U6l3j0ifhTJUyeiFRh2d6+lfdfsd"
    "qnOla3o04dfWKFjPPUJf0KzRgsWnu24s5u92s3DRBsRrdbZZt/h3XzvnOJNid+O3fDmfX6"
    "TqhNBwfx/oP4GBhdnKDKH6Kty9JiqXKIoj2072ZJefdprfLu0wXl3af5BHOJJa3vm5QIt/"
    "lUlM5nRr8iZT/+jl5GBx3Fc5XepzLEincpnrBKpjlj6Vb4ndG8WFDr4oMYEqFWq/MX4vel"
    "x6B0oVwJPFJVREW9VTdb9akNqYlPP8Tsa5rLtBr1C12bNUUT5cbJn5jsRYYn37tcvoovEl"
    "r/MkfRSLQdn8+YmOoxEWmzGiFay0Zr3/4HTWcA/A=="
)
