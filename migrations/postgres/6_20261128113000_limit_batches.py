"""Limits decided in batches: one call for all requests of a worker that wait together.

The functions before it stay for the release before, which may run beside this one on the same
rows. Its `limit_acquire` learns to count the slots that are stored here.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_ACQUIRE = "limit_acquire(text[], bigint[], bigint[], integer[], integer[], integer[], uuid, text)"
# In the text of `limit_acquire`: the slots of one key that living workers have.
_LEASES = "WHERE l.key = p_keys[i] AND w.beat >= present - 30"
_LEASES_AND_SLOTS = f"""{_LEASES}
            ) + (
                SELECT coalesce(sum(counter.slots[entry + 1]), 0)
                FROM generate_series(1, cardinality(counter.slots), 4) AS entry
                JOIN limit_worker w ON hashtextextended(w.worker, 0) = counter.slots[entry]
                WHERE w.beat >= present - 30"""


def _in_acquire(text: str, replacement: str) -> str:
    return f"""
DO $do$
DECLARE
    installed text := pg_get_functiondef('{_ACQUIRE}'::regprocedure);
BEGIN
    ASSERT position('{text}' IN installed) > 0;
    EXECUTE replace(installed, '{text}', '{replacement}');
END
$do$;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return (
        """
-- `slots` holds four numbers for each worker that has had parallel slots of this key: the hash of its
-- name, how many it has, the number of the call that said so, and how many that call took. A count in
-- place of a row per request: this row is written anyway, and leaves no index entries behind.
--
-- `turns` counts the decisions and `generation` is a 64th of it. Under a long snapshot no version of
-- a row can be removed; an index scan from the highest generation finds the newest of them without
-- a walk through all the others.
ALTER TABLE limit_counter
    ADD COLUMN turns bigint NOT NULL DEFAULT 0,
    ADD COLUMN generation bigint NOT NULL DEFAULT 0,
    ADD COLUMN slots bigint[] NOT NULL DEFAULT '{}';
CREATE INDEX limit_counter_newest ON limit_counter (key, generation);
-- Room for new versions on the row's own page, where they need no index entries: with the usual
-- fill a row under a long snapshot moved to another page with every second version.
ALTER TABLE limit_counter SET (
    fillfactor = 10, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0
);
ALTER TABLE limit_lease SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- As limit_heartbeat, but says whether the worker was known. If it was not, its slots may have been
-- cleared away, and it has to tell them again.
CREATE FUNCTION limit_beat(p_worker text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    known boolean := EXISTS (SELECT FROM limit_worker WHERE worker = p_worker);
BEGIN
    PERFORM limit_heartbeat(p_worker);
    RETURN known;
END;
$$;

-- Decides requests in groups of equal claims, in order, and writes each counter once.
--
-- p_call      counts up for each worker. A call that arrives behind a later one about the same key
--             changes nothing of it.
-- p_patience  milliseconds to wait for a row that somebody has locked, then the call fails; 0: leave
--             out what is locked.
-- p_sure      false where an earlier call's fate is unknown: what p_held says is then written even if
--             it says nothing new, so that the earlier one is recognised if it comes after all.
-- p_keys      every counter that the call is about, each once.
-- p_held      by key, the slots that this worker's running requests have; NULL: no matter.
-- p_after     by key, the one earlier call whose answer the worker has not heard yet, 0 without one:
--             what it took, where it was carried out, comes on top of p_held.
-- p_owed      places in p_keys whose quota of that epoch gets back so many requests.
-- p_wanted    by group, how many requests; p_last: the place of the group's last claim.
-- p_subjects  by claim, its place in p_keys; then its limits, NULL: no such limit. A quota of a higher
--             epoch than any before counts from its base.
--
-- Returns one row. `admitted` by group, -1 where a row was left out, -2 where the call was overtaken;
-- `used`, `spent` and `busy` by claim, before the group took anything; `held` by key, afterwards, and
-- `done`, false where the key was left out.
--
-- Locks are taken in one order everywhere: the worker's row, then counters by key.
CREATE FUNCTION limit_decide(
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
    p_parallels integer[]
) RETURNS TABLE (
    admitted integer[],
    used bigint[],
    spent double precision[],
    busy bigint[],
    held bigint[],
    done boolean[]
) LANGUAGE plpgsql
-- Read from the highest generation, whatever the planner thinks of a table that was small when it
-- was last looked at; and planned once for each session.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    own bigint := hashtextextended(p_worker, 0);
    with_slots boolean := num_nonnulls(VARIADIC p_held) > 0;
    present double precision;
    moment timestamptz;
    row_seen record;
    found_rows integer;
    made integer;
    first integer := 1;
    i integer;
    room bigint;
    most integer;
    bucket double precision;
    durable boolean := false;
    prunes boolean := false;
    alive bigint[];
    tids tid[] := array_fill(NULL::tid, ARRAY[cardinality(p_keys)]);
    epochs integer[] := array_fill(NULL::integer, ARRAY[cardinality(p_keys)]);
    useds bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_keys)]);
    spents double precision[] := array_fill(NULL::double precision, ARRAY[cardinality(p_keys)]);
    refills timestamptz[] := array_fill(NULL::timestamptz, ARRAY[cardinality(p_keys)]);
    others bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_keys)]);
    own_entry integer[] := array_fill(NULL::integer, ARRAY[cardinality(p_keys)]);
    taken bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_keys)]);
    overtaken boolean[] := array_fill(false, ARRAY[cardinality(p_keys)]);
    crowded boolean[] := array_fill(false, ARRAY[cardinality(p_keys)]);
    changed boolean[] := array_fill(false, ARRAY[cardinality(p_keys)]);
BEGIN
    used := array_fill(NULL::bigint, ARRAY[cardinality(p_subjects)]);
    spent := array_fill(NULL::double precision, ARRAY[cardinality(p_subjects)]);
    busy := array_fill(NULL::bigint, ARRAY[cardinality(p_subjects)]);
    admitted := '{}';
    held := p_held;
    PERFORM set_config('lock_timeout', CASE p_patience WHEN 0 THEN '100' ELSE p_patience::text END, true);

    IF with_slots THEN
        -- A worker that was stopped for longer than its heartbeats' reach must not hold slots
        -- that nobody counts. Fresh ones are left alone: their calls would queue for this row.
        present := limit_uptime();
        IF NOT EXISTS (SELECT FROM limit_worker w WHERE w.worker = p_worker AND w.beat >= present - 10)
        THEN
            INSERT INTO limit_worker AS w (worker, beat) VALUES (p_worker, present)
                ON CONFLICT (worker) DO UPDATE SET beat = greatest(w.beat, excluded.beat);
        END IF;
    END IF;

    LOOP
        found_rows := 0;
        FOR row_seen IN
            SELECT wanted.place::integer, c.*
            FROM (
                SELECT k.key, k.place FROM unnest(p_keys) WITH ORDINALITY AS k (key, place)
                ORDER BY k.key
            ) AS wanted CROSS JOIN LATERAL (
                SELECT l.ctid, l.epoch, l.used, l.spent, l.refilled_at, l.turns, l.slots
                FROM limit_counter l WHERE l.key = wanted.key
                ORDER BY l.generation DESC LIMIT 1 FOR UPDATE
            ) AS c
            WHERE p_patience > 0
            UNION ALL
            SELECT wanted.place::integer, c.*
            FROM (
                SELECT k.key, k.place FROM unnest(p_keys) WITH ORDINALITY AS k (key, place)
                ORDER BY k.key
            ) AS wanted CROSS JOIN LATERAL (
                SELECT l.ctid, l.epoch, l.used, l.spent, l.refilled_at, l.turns, l.slots
                FROM limit_counter l WHERE l.key = wanted.key
                ORDER BY l.generation DESC LIMIT 1 FOR UPDATE SKIP LOCKED
            ) AS c
            WHERE p_patience = 0
        LOOP
            found_rows := found_rows + 1;
            i := row_seen.place;
            tids[i] := row_seen.ctid;
            epochs[i] := row_seen.epoch;
            useds[i] := row_seen.used;
            spents[i] := row_seen.spent;
            refills[i] := row_seen.refilled_at;
            IF p_held[i] IS NOT NULL THEN
                others[i] := 0;
                held[i] := p_held[i];
                changed[i] := NOT p_sure OR held[i] > 0;
                FOR entry IN 1..cardinality(row_seen.slots) BY 4 LOOP
                    IF row_seen.slots[entry] <> own THEN
                        others[i] := others[i] + row_seen.slots[entry + 1];
                    ELSIF row_seen.slots[entry + 2] > p_call THEN
                        tids[i] := NULL;
                        overtaken[i] := true;
                    ELSE
                        own_entry[i] := entry;
                        IF row_seen.slots[entry + 2] = p_after[i] THEN
                            held[i] := held[i] + row_seen.slots[entry + 3];
                        END IF;
                        changed[i] := NOT p_sure OR held[i] <> row_seen.slots[entry + 1];
                    END IF;
                END LOOP;
                -- Now and then: a worker that died leaves its numbers behind.
                crowded[i] := row_seen.turns % 64 = 0 AND cardinality(row_seen.slots) > 4;
                prunes := prunes OR crowded[i];
            END IF;
        END LOOP;
        EXIT WHEN found_rows = cardinality(p_keys);
        INSERT INTO limit_counter (key)
            SELECT k.key FROM unnest(p_keys) AS k (key)
            WHERE NOT EXISTS (SELECT FROM limit_counter c WHERE c.key = k.key) ORDER BY k.key
            ON CONFLICT (key) DO NOTHING;
        GET DIAGNOSTICS made = ROW_COUNT;
        -- Where nothing had to be made, what is missing is locked.
        EXIT WHEN p_patience = 0 AND made = 0;
    END LOOP;

    -- Only now: while we waited for the locks, time went on.
    moment := clock_timestamp();
    IF with_slots THEN
        present := limit_uptime();
        IF EXISTS (SELECT FROM limit_lease) THEN
            -- Slots of workers of the release before.
            FOR row_seen IN
                SELECT k.place::integer, count(*) AS leases
                FROM unnest(p_keys) WITH ORDINALITY AS k (key, place)
                JOIN limit_lease l ON l.key = k.key
                JOIN limit_worker w ON w.worker = l.worker AND w.beat >= present - 30
                GROUP BY k.place
            LOOP
                others[row_seen.place] := others[row_seen.place] + row_seen.leases;
            END LOOP;
        END IF;
    END IF;

    FOR debt IN 1..cardinality(p_owed) LOOP
        i := p_owed[debt];
        -- A quota that was set anew meanwhile is owed nothing.
        IF tids[i] IS NOT NULL AND epochs[i] = p_owed_epochs[debt] THEN
            useds[i] := greatest(0, useds[i] - p_owed_counts[debt]);
            changed[i] := true;
        END IF;
    END LOOP;

    FOR request IN 1..cardinality(p_wanted) LOOP
        most := p_wanted[request];
        FOR claim IN first..p_last[request] LOOP
            i := p_subjects[claim];
            IF tids[i] IS NULL THEN
                most := CASE WHEN overtaken[i] THEN -2 ELSE -1 END;
                EXIT;
            END IF;
            IF p_quotas[claim] IS NOT NULL THEN
                IF epochs[i] < p_epochs[claim] THEN
                    epochs[i] := p_epochs[claim];
                    useds[i] := p_bases[claim];
                END IF;
                used[claim] := useds[i];
                most := least(most, greatest(p_quotas[claim] - useds[i], 0));
            END IF;
            IF p_rates[claim] IS NOT NULL THEN
                -- The clock was set back: unless this is written, the bucket would stand still.
                changed[i] := changed[i] OR refills[i] > moment;
                -- At most the rate, for when it was lowered: an empty bucket fills in a minute.
                bucket := greatest(0, least(spents[i], p_rates[claim])
                    - greatest(0, date_part('epoch', moment - refills[i])) * p_rates[claim] / 60.0);
                spents[i] := bucket;
                refills[i] := moment;
                spent[claim] := bucket;
                -- The grain lets a client in that waited exactly as long as it was told.
                room := greatest(0, floor(p_rates[claim] + 1e-6 - bucket));
                IF room > 0 AND bucket + room > p_rates[claim] + 1e-6::double precision THEN
                    room := room - 1;
                ELSIF bucket + room + 1 <= p_rates[claim] + 1e-6::double precision THEN
                    room := room + 1;
                END IF;
                most := least(most, room);
            END IF;
            IF p_parallels[claim] IS NOT NULL THEN
                room := p_parallels[claim] - others[i] - held[i];
                IF room < most AND others[i] > 0 THEN
                    -- Before anybody is refused: without the slots of the dead.
                    IF alive IS NULL THEN
                        alive := ARRAY(
                            SELECT hashtextextended(w.worker, 0) FROM limit_worker w
                            WHERE w.beat >= present - 30 AND w.worker <> p_worker
                        );
                    END IF;
                    others[i] := (
                        SELECT coalesce(sum(c.slots[entry + 1]), 0)
                        FROM limit_counter c, generate_series(1, cardinality(c.slots), 4) AS entry
                        WHERE c.ctid = tids[i] AND c.slots[entry] = ANY (alive)
                    ) + (
                        SELECT count(*) FROM limit_lease l JOIN limit_worker w ON w.worker = l.worker
                        WHERE l.key = p_keys[i] AND w.beat >= present - 30
                    );
                    room := p_parallels[claim] - others[i] - held[i];
                END IF;
                busy[claim] := others[i] + held[i];
                most := least(most, greatest(room, 0));
            END IF;
        END LOOP;
        IF most > 0 THEN
            FOR claim IN first..p_last[request] LOOP
                i := p_subjects[claim];
                changed[i] := true;
                IF p_quotas[claim] IS NOT NULL THEN
                    useds[i] := useds[i] + most;
                    durable := true;
                END IF;
                IF p_rates[claim] IS NOT NULL THEN
                    spents[i] := spents[i] + most;
                END IF;
                IF p_parallels[claim] IS NOT NULL THEN
                    held[i] := held[i] + most;
                    taken[i] := taken[i] + most;
                END IF;
            END LOOP;
        END IF;
        admitted[request] := most;
        first := p_last[request] + 1;
    END LOOP;

    IF prunes AND alive IS NULL THEN
        alive := ARRAY(
            SELECT hashtextextended(w.worker, 0) FROM limit_worker w
            WHERE w.beat >= present - 30 AND w.worker <> p_worker
        );
    END IF;
    -- By their places, which are ours while we have them locked: no version is walked twice.
    UPDATE limit_counter c SET
        epoch = n.epoch,
        used = n.used,
        spent = n.spent,
        refilled_at = n.refilled_at,
        turns = c.turns + 1,
        generation = (c.turns + 1) / 64,
        slots = CASE
            WHEN n.held IS NULL THEN c.slots
            WHEN n.crowded THEN ARRAY(
                SELECT number FROM generate_series(1, cardinality(c.slots), 4) AS entry,
                    unnest(c.slots[entry:entry + 3]) AS number
                WHERE c.slots[entry] = ANY (alive)
            ) || ARRAY[own, n.held, p_call, n.taken]
            WHEN n.entry IS NULL THEN c.slots || ARRAY[own, n.held, p_call, n.taken]
            ELSE c.slots[:n.entry - 1] || ARRAY[own, n.held, p_call, n.taken]
                || c.slots[n.entry + 4:]
        END
    FROM unnest(tids, epochs, useds, spents, refills, held, taken, crowded, own_entry, changed)
        AS n (tid, epoch, used, spent, refilled_at, held, taken, crowded, entry, changed)
    WHERE c.ctid = n.tid AND n.changed;
    IF NOT durable THEN
        -- A crash of the server forgets a second of rates and slots; of a quota, nothing.
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    FOR place IN 1..cardinality(p_keys) LOOP
        done[place] := tids[place] IS NOT NULL;
    END LOOP;
    RETURN NEXT;
END;
$$;
"""
        + _in_acquire(_LEASES, _LEASES_AND_SLOTS)
        # A bitmap scan never marks dead index entries: slots cost more and more between vacuums.
        + f"ALTER FUNCTION {_ACQUIRE} SET enable_bitmapscan = off;\n"
    )


async def downgrade(db: BaseDBAsyncClient) -> str:
    return (
        _in_acquire(_LEASES_AND_SLOTS, _LEASES)
        + f"""
ALTER FUNCTION {_ACQUIRE} RESET ALL;
DROP FUNCTION limit_decide(
    text, bigint, integer, boolean, text[], bigint[], bigint[], integer[], integer[], bigint[],
    integer[], integer[], integer[], bigint[], bigint[], integer[], integer[], integer[]
);
DROP FUNCTION limit_beat(text);
ALTER TABLE limit_lease RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE limit_counter RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay
);
DROP INDEX limit_counter_newest;
ALTER TABLE limit_counter DROP COLUMN turns, DROP COLUMN generation, DROP COLUMN slots;
"""
    )


MODELS_STATE = (
    "eJztXflv4zYW/lcI/9JZIA0mjnN0drFAMpNp006SIsnsFttZKLTF2FrLpCtS8Rjt/O9LUo"
    "d1W4cP2XlAMU1IPkr5HsV3UZ/+7EwZF0OH8MNfHfY/MhCdd+jPDsUTIn9Idx6gDp5Oo12q"
    "SeC+7Y2PDOtz4WA93zO2OZFNJuEDx5oKi1E1+AOxibDoEDFK0JiQKUdiRJDDZgeIM/kzFm"
    "hkccGcOeICzzlyCDbVpQ4QpiYiDuaEI0twKT3nh+qqJhvIy8pJ13UBl1p/uMQQbEjkXI68"
    "zO//lc0WNclXCYb/63RsPFvENmNgWqaaQLcbYj7VbZ8/X3/4qEeqm+8bA2a7E7oYPZ2LEa"
    "PhcNe1zEMlo/qGhMo7FMSMQExd2/aVETR5dywbhOOS8FbNRYNJnrFrK0V1/vHs0oHSD5ow"
    "k9j80DL5ISUzwzL/6d9hZLRh3N49Gg9Xj4bRSalX3UlCIX7TgFG1NCwqFF5/fvPmXeCiWz"
    "vqAu9/urh/c3z6N41EsN581DrftCAW2BPV2C/A1v9Pwf1+hJ1suIPxCcDljdaBOmhYYL14"
    "BgL4AoDWAGlngr8aNqFDMZK/dt++LcD4Xxf3GmY5SuPM5EPrPcy3flfX61N4L/C1rRdiVA"
    "U5JlQLaX/JVljTuw2z3FBfLJM4VVCOyuzhcj7tlYD5tJeLsuqKg9yX27zhOnYVkKMyK1nJ"
    "rcK4+7Z3Xmox984LVrPqjCNtcUO6BHIXSEN9yZhNMM0xhlG5BNx9KbiuRR3sJps1e5d3d5"
    "/UzBPO/7B1w/VjAuXPN5dX92+ONPhykCV08/XtYwJwh8g/lgtuTIljTCzqigzor6nIhj1H"
    "OqEA+Rft4Hofqpv4vnvUO+udH5/2zuUQfZ9hy1mBhtJAq8dnih1s28Q2AtwqQJ0rD2CnwZ"
    "YosRkxDc9JTaP888PdbTbMackEvqY1EOgvZMuwYPdwLgBRQRLbU4KN+s3NxW/JPfz9p7vL"
    "pM+tJrjM0QNzrKFFaykiIgqaqK8Jl06IIA7JCDHzfZiY0OY8RU/36won445MGS8m34VJ+S"
    "8DhygwDCzSOH+QPcKakGys45LJpe6LHgY/7KCTXgD04/XN1cPjxc2vsWX/4eLxSvV0des8"
    "0frmNKGVcBL07+vHn5D6Ff3n7vYq+XSE4x7/01H3hF3BDMpmBjajmATNQVP8aZqaNdUclw"
    "Q1t1rNpsoP1lJzXHIFat4d87UTWlY52OdxJDGoGvp4MJ5hxzRiPYvloHK8GXGpL/Xxl3ti"
    "Yw1kWuVhnvzzVMJI8OQXMt/dh3vR6q/M2FMj2Jhk+XrVgHpUs+wTRGqFsS7LW3Pprkl3km"
    "zBFA/1n6Su/e0gZ11lFmgSC6+oSOP6Q42xP3ZppUZOiiZSR46FbWQT/EJUJcXiqpSCTDJw"
    "5lOpQMSoPUcSEoYwGjqYCq+MQskLcfx2Kv/jM+KkizVrusbyes3v0aqVZXb+CwWcNhRwJA"
    "qkUkY2FNhgJLOZIGYtlYWRn0kqC28wfg8rCkenJeA9SvowC3RVVyJOtKZysxHkawbEj7I1"
    "J0aMSe0F0EWO5NVvj8V5kNCP/HR3+2MwPJkciQNPqDYU8i6VdTOyduz8JZ4pvC41bK9Quf"
    "rlPiPWcJSx1HOz3QuBWuntWqv8aF3grji5DTWyDdfI+sylcnpWZauIyuxf+fe4lMNxXOBw"
    "HKcdDsid1rKSu5BuSZxYUcFUpunND5biUqsMmtqr2iXBUSqHlcI4DfBH5kjLSmUsrWG+lr"
    "eC6SDLImSd7NxNaFOpGNns4FkYvyfWlsTAy95qFVw8vL/4cNX5lp8fXG9ex0uDZWZ0wgxZ"
    "US5HhIOWJnGuBUecyL1U/h87+hgsR+xZHYm1HMRm9AD1yQC7nCAsO4VO4aGZJUaIvRDHxl"
    "M0whyJGUNYyCF6002lcdZ2FUjk7Ggip/0ncSGNs6PZhXXHteTr1JILvYbLGpeEAmGbPVaH"
    "vEgrWicwiUuCltusZbVV5J/LvLSGhUcz9/RE5g/d7vHxWfft8en5Se/s7OT8bZi9SncVpb"
    "Eur39UiZWYdtOZlj9c6fAZZMoGowrJwoTU5jKGb9cL/soyhh5A6o2Eags7Lrc3uG54UcMR"
    "ezhiv39gwxH7dhzsDtAk1JwyfRM1VBETBm0014Y1raUHXww0UF8D/r4twXWzEh9F7k5KFD"
    "yeeh6PjSWKLq8VMidlIWhuc9AMNdtXoWao2ULNdp9qtgvU/VJkhqNQ/W2FBz3XHoG+5ncW"
    "oqDlV7gXqC6tcxt8MXZpuftxRJBpDaXDp8rP2C9KH6KnRWnmCVmqWC0HUE0MxWxTU0Xp8Z"
    "m16XS9e32XKVPw9sr/UOhuRaHbWwZVirELidWUY1vEhrR6lh4oxr4GVxQijlehZs+eVzNP"
    "URmINoqjjfBcYONYY99e1E1GGtFV1a6zoZ+57LnxSoLZ7/xGBizxn101NFJfLOc/q2Qd6p"
    "2jEXOdDH7V7CEZfuvvnb47GHueezyyiz3TEd5C7QuqH4LShefkZp329KX9K8hRv8dmDdor"
    "+chFaeTMDSgjd+wvtvb6axvMHec7zYuFUcXWR5YT2Pk223nILK4s8ATnaW2AAsvuBuL30K"
    "SXRTgU2EN41/IuQOgrVQA5KgM4l8O53jHixifO4ORBhzgOcyrivpAB1OuhPrAtQoVRB/yU"
    "KOigng5C0q46WsgQBj3U04NFB2wy1TmiSiqIywH6NZ8COpaRJjW8dFY9O5w/B2ilnlZkKD"
    "SZCiOXGLJAGSlR0EFNG+3tLoq7qo4eMsVBFzV1gQcjYtbTQ1IUdFD3rSzMGZX3VUsNWdKg"
    "ibo7ExcGxZRV3pKicnv0jtaG8e/PBeGGlVENLkI/KgUrvwnyzK34nkpMDLCvh70Qz33jbT"
    "XgFzKAegPUj2qgfgSoN0S9WwP1LqDeEPXjGqgfA+oNUe/VQL0HqDdE/aQG6ieAekPUT2ug"
    "fgqoN0T9rAbqZ4B6Q9TPa6B+Dqg3RP2HGqj/AKg3jZLqBKdHEJ02xr1WeArxaWPc6wSoRx"
    "ChNsa9Toh6BDFqY9zrBKlHEKU2wF29PT8i2Kya943LAfoN0a9oYONygH5D9Cua2bgcoN8Q"
    "/YrGNi4H6DdEv6LJjcsB+g3Rr5gfjssB+g3Rr5gnjssB+g3Rr5gvjssB+g3Rr5g3jssB+g"
    "3Rr5g/jssB+k2jrbrBLuSSV4N/7XAX4t2V4F834IXc8mrwrxvyQo55NfjXDXoh11wV/xTf"
    "2laZwX5irtPJ5wXT3QdlWMFGwcilnGBXcu3I9SK1kSYDS/QBCxiwgAELWAPFAAsYsIABCx"
    "iwgG0YSmAB23V2KmABAxaw/Yu9gAVs26gDC9j2dQAsYO3QA7CAAQsYaAVYwNqmA2ABa5Eu"
    "gAVs6zoAFrC2aAJYwLaLP7CAbRd5YAHbBvbAArY11IEFDFjAXgvqwAIGLGCvBXVgAQMWsN"
    "eCOrCAAQvYa0EdWMCABewV4Q4sYMAC9ppwBxYwYAF7HbgDC1gr0AcWsG2iDyxg20QfWMC2"
    "iT6wgG0TfWAB2yb6wAK2TfSBBWyb6AML2DbRBxawbaIPLGDAAvaq8QcWsO3iDyxg28UfWM"
    "A2hX9rWMDuvZcWP7FhJ5MGLNJ/UMwD5r/+aNj+0KVEYBfIJuaQOIhQ4cwPEOYII4fNDtG1"
    "4MgykcWRGBHkT/ydbsNUtlPEHFMKsmekGZo6Ce2ucOov9AvVrGTo2bKF3yElbYsLNFLzUq"
    "SXqmzFQl7P5GoSNcQyDxBnXjtGU6kBRMlMXu77Z8uR0hb/Qh35+IQX/bu6SUzlOP/q6jYj"
    "TZac+82T/PdQT2BYpoHF09/yqNKWsJzJf1MMZ0FbyJcSNHCBhcujLcwVA+aRYqmmSpxo+d"
    "xCq2cVWk6M1vnHs0sHalUifSX1T++fnTXtMU1ohvK5z3Bl3jMMnGfAebY/qgXOM+A82yqU"
    "6+Y8A0auzTByTaT/xDL2hgJyuVBiDzE+Oi0B8VHSRi4QVl1A3rfZJbxw1uMQP0ywbedG8w"
    "upzQXy68TZi+WPu2enYfSufimK1x9uLj59ykiQLEKdsms2IrKPq7aMdevmW7duyrppBqUq"
    "AIcCewjveQl0z3PBPU9iu3VOJeDOeNciViXQxrsW8CqBFt61hlkJdPEOuJW2jf8ucSvtKf"
    "i7Qq+0d/DrF5ayItalbzk1CFhh11EFH1cipJzKqugnBGHxNz9+UVUFCUFQwW6ewLhwTUtc"
    "vRAqOpknMCL9B8UnMLAaaZBw6NITGHdUHWSgJDjUoBRhp09T5A8rc+pA3gHTOZng5ADWtf"
    "Zoi8COnCByBmE/ThPoxDU/VAc2KJnJPw8OFcChgu0fKggfyLK51lBgD3OtaynALHa4ChD7"
    "EnuI8eqL4b7B0CBVQDkhtodQH3dLQH3czYVadWVCnWV4lwKdaX/Lwdy26Gz9m8ZgpM55Zs"
    "QAPz/c3ebk3hYiSZtrDQT6S59SXdeajjg6fdeyhUX5obrsNpwcBVHM/AZIv7m5+C2phPef"
    "7i6TdlVNcJn8Ps+0ypL3Ru/fWl/95h0cFK+2pcSlAOflOMOxhbWcZWpP4sCcWPQzJzkfcF"
    "90HyxJG6iBhhuMXJo1eJArpM/MOZqNGJrgOeLWUL0EkU4cFI5cnjuALEAbsgBqYeifK+wj"
    "UZnVbCTb/b59fBs5KeP9yVH5G8lJyvubYs5nTG4KI8xHVaBOCe7hxt09OSnjb5+c5Pvbqi"
    "/hhjC70poOxm8OX29nXtduse5zvhY3VFbjJevrlkxiiWnOdh2VS4Ddl4LrQjvYUDa7MV/e"
    "3X2KRS6X14lyxe3nm8srib2GXg6yRE4haeAQBYlRPW0bl4T0bavTtzb2XrKVPlt1TaeEV6"
    "DsloVV+6Tr0Lh7mZ46z3bOFPCQt07xFQLLyLsehHOJU9bRAV/y4y/3xMY55YV4tPjgTba7"
    "ul+0+vvStw2E4AFq+VF4BNflgTiPDC7BoaBCamJ+b1HUd9hMxl2H6HFE0ICxsUW+44gTad"
    "0V2QDigjnEVFwIluDItIaEC8SoPc/iT1jVtGVOCOjUA9T8WxHte/qrEhctJPYu0l99ThZ8"
    "9L013ykfnRNS20WPyIKqW61q8nVqyelqKDouuRk1b3Iv3SctQy14PfZQuX6G9K6r8VrEpT"
    "aYkN1MLrZX6nhJr+B4SS99vERjVs2VjogA501W5TeObhrajzIyknHUL2SuAb6W94HpICux"
    "nV213U1kU0G4bHbwLIzsoutKQiDjJeKltN9fPLy/+HDV+bativqN7prIfeVRvVHayYzok4"
    "MOioP6STjce021XFx/T17kYFPG0YQj7BA0JlNxoCkKx4RM1TF8y0Hq3t4hfexfsRvKWHxK"
    "8FhTBYp0UL+iOaFu354d6aAgkq9as9/fen0pc3pUYE6P0uYU8iRr9QtHFZnOgvF7ePhh9Z"
    "V5PmDVzs2HAgBvCXghx1fH0u1cSkDn6aQrW0fRSVmowrdZ047nONfQc1wStNw2LbfmLPfP"
    "zHUotn9l3BK5teTkoIPiyPN/3nBjGh2/NPK8YS/EDCjsubwF9bo35d4LiqrKK3QZ2KWCOD"
    "wgt+9jMRghCbZsYenIcwVzKh7+exWOqsCVkhfiIIdM1LyKZF/OKH10pPlY0DNzEMFSlgvs"
    "CBW5YjRjzpg4Mq5VNP5En0VXLzogpT9kMzr8QvGzoveXUe9M3pCp1jjxvgngJSjkdWaWkD"
    "ckhQcj9Ta8vk81mD0/yzAacYqnfMTkFR19+4OxO5V9X+iTXN8Xxofr+ycv2lbzMFfoerkM"
    "sfU1mWubqB+gIC88lDeAnh020cP6ZGhRxXV1iG4ZUp8SmOAx4V+ovglrInXMLal37wKUCX"
    "mHQyTjVxLArv9ujucczZSIauozNpaA2uojBHM0YrbZNMAPlly1V3viUhAd5URH+aF+9AlP"
    "HAIqIneMSAF5SNbZ3FL8Le7UrOnuxyXB3Qf3IM89+NHTe65nEOlf4hQM4yNLUcSEH86xmb"
    "SW2vAo6zlRhkla14kr9ITSsmBpykLzy5T1WHwCR1kc6k760sSnHIS1XOUL7RNt5F8sbRvD"
    "7+ysI41dzK2dadlqbrLbtWxNWbXzjdgLtt2sd0UKLFgoAp8e20Hiq/f6QHr2hub3ld7M/N"
    "Pt5fa0f6uNQscOertYzCIDDfRkmU/pCKacyIr3lKKlv287ykactvzNZyz/+CohSzAeEuIl"
    "EuIFFDIFX1wqoJB5ncdPYgxTQM0GQcbKPwX6wgYFQUakf4ldduIjSwUZfjZNefvKt9ff2F"
    "SBgD54wr3o4AmLJ/XKyWxEqMqaDVQqUa4DpkQGGd8BXeXEDYw7d/s1PuMXl4JvYlY9AAM2"
    "fY02HQwQGKBVG6CfCHZEn+AcIuRF9xLzM4oNLPEOpVcd+o4foP5cGwV17ay3IvMHNrAO3q"
    "RVdqqFBBRLKhdLYOeCnWvVO9cFcazBKHvb8vuW7Fl4MWrZhpWv3hXnnxonn/xtpL1bj5d7"
    "6h71znrnx6e9MOUUthRlmkqktIkTvMpfdmuPiOyhH7oWIi/1WFVA2B++h+iu5aC7vKLIfD"
    "2vgJZ4IbJ5WuLtmMuVERBv1aR9+z9t/yRy"
)
