"""The limits engine of PostgreSQL: counters, leases, and one call that decides all of a request.

Raw SQL, since no model stands behind it: `proxy` calls the functions and nothing reads the tables.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
-- One row per subject that has a limit; the limits themselves come with each call. `used` belongs to
-- the quota of this epoch, -1 before there is one. `spent` is what was taken from the rate's bucket
-- and has not run back in yet, as of `refilled_at`: 0 is a full bucket, whatever the rate is.
CREATE TABLE limit_counter (
    key text PRIMARY KEY,
    epoch integer NOT NULL DEFAULT -1,
    used bigint NOT NULL DEFAULT 0,
    spent double precision NOT NULL DEFAULT 0,
    refilled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Seconds for which this database has been there for somebody. A gap between two heartbeats counts
-- for 10 at most, so an outage, of whatever kind and length, ages no worker.
CREATE TABLE limit_clock (
    id smallint PRIMARY KEY CHECK (id = 1),
    uptime double precision NOT NULL,
    seen_at timestamptz NOT NULL
);
INSERT INTO limit_clock (id, uptime, seen_at) VALUES (1, 0, clock_timestamp());

-- `beat` is the uptime at the last heartbeat; 30 later the worker counts as dead.
CREATE TABLE limit_worker (
    worker text PRIMARY KEY,
    beat double precision NOT NULL
);

-- A parallel slot in use. No foreign key: it would lock the worker's row for every request. A lease
-- whose worker has no row is as dead as one whose worker is.
CREATE TABLE limit_lease (
    lease uuid NOT NULL,
    key text NOT NULL,
    worker text NOT NULL,
    PRIMARY KEY (lease, key)
);
CREATE INDEX limit_lease_key ON limit_lease (key);
CREATE INDEX limit_lease_worker ON limit_lease (worker);

CREATE FUNCTION limit_uptime() RETURNS double precision LANGUAGE sql VOLATILE AS $$
    SELECT uptime + least(greatest(extract(epoch FROM clock_timestamp() - seen_at), 0), 10)
    FROM limit_clock;
$$;

-- Every few seconds, by each worker; also clears away the dead.
CREATE FUNCTION limit_heartbeat(p_worker text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    present double precision;
BEGIN
    -- The clock's row lock makes heartbeats take turns, so that they never delete crosswise.
    UPDATE limit_clock SET uptime = limit_uptime(), seen_at = clock_timestamp()
        RETURNING uptime INTO present;
    INSERT INTO limit_worker AS w (worker, beat) VALUES (p_worker, present)
        ON CONFLICT (worker) DO UPDATE SET beat = greatest(w.beat, excluded.beat);
    DELETE FROM limit_worker WHERE beat < present - 30;
    DELETE FROM limit_lease l
        WHERE NOT EXISTS (SELECT FROM limit_worker w WHERE w.worker = l.worker);
END;
$$;

-- The worker is known to be dead, or has nothing under way: free its slots now.
CREATE FUNCTION limit_worker_gone(p_worker text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM limit_worker WHERE worker = p_worker;
    DELETE FROM limit_lease WHERE worker = p_worker;
$$;

-- Take one request from every claim, or nothing. Claims are parallel arrays with distinct keys;
-- NULL means no such limit. A quota of a higher epoch than any before counts from its base.
-- `p_lease` may be NULL where no claim has a parallel limit.
--
-- Admitted: a row per limit, as it stands after taking. Refused: one row, the limit that refused;
-- a quota before a rate (the longest wait first) before a parallel limit, since waiting does not
-- help against a quota.
-- Times are in seconds; `reset_after` is when a rate's bucket is full again.
--
-- Locks are taken in one order everywhere: the worker's row, then counters by key.
CREATE FUNCTION limit_acquire(
    p_keys text[],
    p_quotas bigint[],
    p_bases bigint[],
    p_epochs integer[],
    p_rates integer[],
    p_parallels integer[],
    p_lease uuid,
    p_worker text
) RETURNS TABLE (
    admitted boolean,
    claim_key text,
    claim_kind text,
    claim_limit bigint,
    claim_remaining bigint,
    reset_after double precision,
    retry_after double precision
) LANGUAGE plpgsql AS $$
DECLARE
    claims integer := cardinality(p_keys);
    locked integer;
    counter limit_counter;
    moment timestamptz;
    present double precision;
    epoch_now integer[];
    used_now bigint[];
    spent_now double precision[];
    busy_now bigint[];
    first integer;
BEGIN
    -- The caller has given up by then, and must not be served behind its back.
    SET LOCAL lock_timeout = '2s';
    IF num_nonnulls(VARIADIC p_quotas) = 0 THEN
        -- A crash of the server forgets a second of rates and slots; of a quota, nothing.
        SET LOCAL synchronous_commit = off;
    END IF;

    IF p_lease IS NOT NULL THEN
        -- A worker that was stopped for longer than its heartbeats' reach must not hold leases
        -- that nobody counts. Fresh ones are left alone: their requests would queue for this row.
        present := limit_uptime();
        INSERT INTO limit_worker (worker, beat) VALUES (p_worker, present)
            ON CONFLICT (worker) DO NOTHING;
        UPDATE limit_worker SET beat = present WHERE worker = p_worker AND beat < present - 10;
    END IF;

    LOOP
        SELECT count(*) INTO locked FROM limit_counter c WHERE c.key = ANY (p_keys);
        IF locked < claims THEN
            INSERT INTO limit_counter (key)
                SELECT claim.key FROM unnest(p_keys) AS claim (key) ORDER BY claim.key
                ON CONFLICT (key) DO NOTHING;
        END IF;
        PERFORM FROM limit_counter c WHERE c.key = ANY (p_keys) ORDER BY c.key FOR UPDATE;
        GET DIAGNOSTICS locked = ROW_COUNT;
        -- Fewer, when somebody deleted a counter between the two statements.
        EXIT WHEN locked = claims;
    END LOOP;

    -- Only now: while we waited for the locks, time went on.
    moment := clock_timestamp();
    present := limit_uptime();
    FOR i IN 1..claims LOOP
        SELECT * INTO counter FROM limit_counter c WHERE c.key = p_keys[i];
        IF p_quotas[i] IS NOT NULL AND counter.epoch < p_epochs[i] THEN
            counter.epoch := p_epochs[i];
            counter.used := p_bases[i];
        END IF;
        epoch_now[i] := counter.epoch;
        used_now[i] := counter.used;
        IF p_rates[i] IS NOT NULL THEN
            IF counter.refilled_at > moment THEN
                -- The clock was set back: unless this is written, the bucket would stand still.
                UPDATE limit_counter c SET refilled_at = moment WHERE c.key = p_keys[i];
                counter.refilled_at := moment;
            END IF;
            -- At most the rate, for when it was lowered: an empty bucket fills within a minute.
            spent_now[i] := greatest(0, least(counter.spent, p_rates[i])
                - extract(epoch FROM moment - counter.refilled_at) * p_rates[i] / 60.0);
        END IF;
        IF p_parallels[i] IS NOT NULL THEN
            busy_now[i] := (
                SELECT count(*) FROM limit_lease l JOIN limit_worker w ON w.worker = l.worker
                WHERE l.key = p_keys[i] AND w.beat >= present - 30
            );
        END IF;
    END LOOP;

    FOR i IN 1..claims LOOP
        IF used_now[i] >= p_quotas[i] THEN
            RETURN QUERY SELECT false, p_keys[i], 'quota', p_quotas[i], 0::bigint,
                0::double precision, NULL::double precision;
            RETURN;
        END IF;
    END LOOP;
    -- The grain lets a client in that waited exactly as long as it was told.
    SELECT i INTO first FROM generate_subscripts(p_keys, 1) AS i
        WHERE spent_now[i] + 1 > p_rates[i] + 1e-6
        ORDER BY (spent_now[i] + 1) / nullif(p_rates[i], 0) DESC NULLS FIRST LIMIT 1;
    IF first IS NOT NULL THEN
        RETURN QUERY SELECT false, p_keys[first], 'rate', p_rates[first]::bigint, 0::bigint,
            coalesce(spent_now[first] * 60.0 / nullif(p_rates[first], 0), 0),
            (spent_now[first] + 1 - p_rates[first]) * 60.0 / nullif(p_rates[first], 0);
        RETURN;
    END IF;
    FOR i IN 1..claims LOOP
        IF busy_now[i] >= p_parallels[i] THEN
            RETURN QUERY SELECT false, p_keys[i], 'parallel', p_parallels[i]::bigint, 0::bigint,
                1::double precision, 1::double precision;
            RETURN;
        END IF;
    END LOOP;

    FOR i IN 1..claims LOOP
        IF p_quotas[i] IS NOT NULL OR p_rates[i] IS NOT NULL THEN
            UPDATE limit_counter c SET
                epoch = epoch_now[i],
                used = used_now[i] + (p_quotas[i] IS NOT NULL)::integer,
                spent = coalesce(spent_now[i] + 1, c.spent),
                refilled_at = CASE WHEN p_rates[i] IS NULL THEN c.refilled_at ELSE moment END
            WHERE c.key = p_keys[i];
        END IF;
        IF p_parallels[i] IS NOT NULL THEN
            INSERT INTO limit_lease (lease, key, worker) VALUES (p_lease, p_keys[i], p_worker);
        END IF;
    END LOOP;

    RETURN QUERY
        SELECT true, p_keys[i], 'quota', p_quotas[i], p_quotas[i] - used_now[i] - 1,
            0::double precision, NULL::double precision
        FROM generate_subscripts(p_keys, 1) AS i WHERE p_quotas[i] IS NOT NULL
        UNION ALL
        SELECT true, p_keys[i], 'rate', p_rates[i]::bigint,
            greatest(0, floor(p_rates[i] - spent_now[i] - 1 + 1e-6))::bigint,
            (spent_now[i] + 1) * 60.0 / p_rates[i], NULL::double precision
        FROM generate_subscripts(p_keys, 1) AS i WHERE p_rates[i] IS NOT NULL
        UNION ALL
        SELECT true, p_keys[i], 'parallel', p_parallels[i]::bigint,
            p_parallels[i] - busy_now[i] - 1, 0::double precision, NULL::double precision
        FROM generate_subscripts(p_keys, 1) AS i WHERE p_parallels[i] IS NOT NULL;
END;
$$;

-- The requests ended: their slots are free.
CREATE FUNCTION limit_release(p_leases uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM limit_lease WHERE lease = ANY (p_leases);
$$;

-- No byte went upstream: quota returns (slots by limit_release; the rate does not). Parallel arrays,
-- distinct in key and epoch. A quota that was set anew meanwhile is owed nothing.
CREATE FUNCTION limit_give_back(
    p_keys text[], p_epochs integer[], p_counts bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM limit_counter c WHERE c.key = ANY (p_keys) ORDER BY c.key FOR UPDATE;
    UPDATE limit_counter c SET used = greatest(0, c.used - owed.count)
        FROM unnest(p_keys, p_epochs, p_counts) AS owed (key, epoch, count)
        WHERE c.key = owed.key AND c.epoch = owed.epoch;
END;
$$;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP FUNCTION limit_give_back(text[], integer[], bigint[]);
DROP FUNCTION limit_release(uuid[]);
DROP FUNCTION limit_acquire(
    text[], bigint[], bigint[], integer[], integer[], integer[], uuid, text
);
DROP FUNCTION limit_worker_gone(text);
DROP FUNCTION limit_heartbeat(text);
DROP FUNCTION limit_uptime();
DROP TABLE limit_lease;
DROP TABLE limit_worker;
DROP TABLE limit_clock;
DROP TABLE limit_counter;
"""


MODELS_STATE = (
    "eJztXftv27YW/lcI/3I7IAtqx3msdxiQpOmWNY+hSe+GdYNKW4zNRRY9kYobbP3fL6n323"
    "r4ISsHGLqE4qGU79A8T33+pzdnXEwswvd/sdhfZCx6b9A/PRPPiPwhfXEP9fB8Hr2khgQe"
    "Ge78yLQRFxZ21nvABidySCd8bNG5oMxUk98SgwhqThAzCXokZM6RmBJkscUe4kz+jAWaUi"
    "6Y9Yy4wM8cWQTr6lZ7CJs6IhbmhCMquJR+5vvqrjoby9vKRdd1A9ukf9tEE2xC5FqWvM2n"
    "P+UwNXXyRYLh/Tp/1B4oMfQYmFRXCzjjmnieO2MfP16+fefMVA8/0sbMsGdmOHv+LKbMDK"
    "bbNtX3lYy6NiGmfEJB9AjEpm0YnjL8IfeJ5YCwbBI8qh4O6OQB24ZSVO/7B9scK/2gGdOJ"
    "wfepzvdNstCo/oP3hJHZmnZze6/dXdxrWi+lXvUkCYV4Q2Nmqq1BTaHw+ueru26IizPaUz"
    "c4/+n0w6uDo28cJPz95qHW++oIYoFdUQf7EGzn/ym4z6fYyobbn58AXD5oHaj9gRDr8DPg"
    "w+cDtAZIezP8RTOIORFT+evg9esCjP93+sGBWc5ycGbyQ+t+mG+8SwP3msI7xNegT0SrCn"
    "JMqBbS3patsKd3G2Z5oD5RnVhVUI7KdHA7Hw1LwHw0zEVZXYqDPJLHvGZbRhWQozIr2cmt"
    "wnjwenhSajMPTwp2s7oYR5pyTboE8hRIQ33GmEGwmWMMo3IJuEdScF2b2j9NNmv2zm5vr9"
    "TKM87/NpyBy/sEyh+vzy4+vOo74MtJVDjDlzf3CcAtIv9YLrg2J5Y2o6YtMqC/NEU27DnS"
    "CQXIv2gH9/tEPcS3g/7weHhycDQ8kVOc5wxGjgs0lAZafXzm2MKGQQzNx60C1LnyAHYabI"
    "kSWxBdc53UNMo/393eZMOclkzgq9OxQP8iQ4YFu4dzAYgKktiZ4h/Ur65Pf0ue4edXt2dJ"
    "n1stcJajB2bRCTVrKSIiCpqor4mxjFwlNhoWaSW8lVcEnZFsRcQlkzrwRPf9H3bQeyxQxf"
    "3l9cXd/en1LzF9vD29v1BXBs7oc2L01VFCR8Ei6NfL+5+Q+hX9fntzkVRbMO/+9556JmwL"
    "pplsoWE9iok/7A/F1GzP9ZpqjkuCmlutZl0lrmqpOS65AjXvzrm6E1pWycGHx0jGSg2M8P"
    "hxgS1di10Jt4NKPmYETJ7Uu/cfiIEdINMqDxK4H+cSRoJn78nz7n64w1FvZ8Y+NYI9kiwn"
    "pBpQ92qVLkGkdhgbsLw9l740G8ySI9jEE+dPUvf+upezrzIrB4mNV1Q9sL2p2qM3d2kJQS"
    "6KZlJHFsUGMgh+IirFT7nK8SOdjK3nuVQgYqbxjCQkDGE0sbAp3Py+SZ6I5Y2b8j++IFa6"
    "irCmeywvJHyKllOo3vsTKgttqCxIFEilVGEgsLlkbG9dkG4g5T31Uhxl4fXndzDV3T8qAW"
    "8/6cOE6KpLiTiRzuVhI8iXDIjv5WhOjBiT6gTQRY7kxW/3xQF64Ede3d786E9PRu1x4Inp"
    "GAr5lMq6aVkndv4WzxRelxq2V0Fb/XZfEDqZZmz13DRsKFAr71prl/fXBe6Ks65QvNlw8Q"
    "aSerWO713IAyRq/MrLz7QJ+V58XGqV3nx7VbvEa08lV1IYpwF+xyx55JsyyHNgvpSPgs1x"
    "1lGV1Qu3m9CmcgRy2MKLILBM7C2JgZtWdFRwend++vai9zU/cbXehIObn8lMNQSpm6Ikgw"
    "gmLc0uXAqOuAzwifw/tpzGQY7Yg2oipBZiC3MPjcgY25zImN9iwsktoQUVU8Rk1G/gOZpi"
    "jsRCxv5CTnEO3VR+YW13gQzDjmYY2t+7CPmFHQ171x1wkS9zKjd6DZc1LgmVqzZ7rBZ5kl"
    "a0TmASlwQtt1nL6qjI72Q7o5PCZraO9rB9NxgcHBwPXh8cnRwOj48PT14HaZX0paL8ytnl"
    "jyrij2k3nQL425YOn0bmbDytkMVKSG0ulfV6veCvLJXlAqR6uKtt7LhcZ3Dd8KaGpmRoSu"
    "4e2NCU3I5WWB9NYupz5jxEDVXEhEEbzbVB57X04ImBBuprwDu3Jbh2VuKjyN1JiYLHU8/j"
    "MbBE0ea1QuakLATNbQ6aoWb7ItQMNVuo2XapZhui7pUiMxyF6m30d85aHQJ9zc30UdDyK9"
    "whqkvr3BoP5y4td99PCdLpRDp8qvyMvaL0PvoclmY+I6qK1XKC6VDpMEN3yHWc+Zm16XS9"
    "e323KVPwdsv/UOhuRaHb3QZVirGhxGrKsS3ij1k9rwkUY1+CKwoRx4tQs2vPq5mnqAxEG8"
    "XRRtAX2DjW6NobpMlII7qr2tUb+pHLK9duSTD7ZdTIhCX+s62mRuqL5fxnlaxDwxM0ZbaV"
    "wUiZPSXDb/3UG9njR9dzj0d2sc90hOnN8QXVD37pwnVys7o9PWnvDnLWp9iq/nglH7kojZ"
    "x5AGXkjr3N1l5/bYO543ynOdwYVWx9ZDuBnW+znYfM4soCT3Ce1gYo8JJuIH4PTHpZhAOB"
    "DsK7lncBAl+pAshRGcC5HM712ogbd5xB50GPWBazKuIeygDq9VAfG5SYQqsDfkoUdFBPBw"
    "GbVB0tZAiDHurpgZpjNps7OaJKKojLAfo1PwXmo4w0Tc1NZ9Wzw/lrgFbqaUWGQrO50HIZ"
    "CwuUkRIFHdS00e7pokiV6ughUxx0UVMXeDwlej09JEVBB3XfysKcmfK5aqkhSxo0Ufdk4k"
    "IzsckqH0lRuQ69o7Vh/EfPgnCNZlSDi9CPSsHOb4I8syu+pxITA+zrYS/Ew0h7XQ34UAZQ"
    "b4B6vwbqfUC9IeqDGqgPAPWGqB/UQP0AUG+I+rAG6kNAvSHqhzVQPwTUG6J+VAP1I0C9Ie"
    "rHNVA/BtQbon5SA/UTQL0h6t/VQP07QL1plFQnOO1DdNoY91rhKcSnjXGvE6D2IUJtjHud"
    "ELUPMWpj3OsEqX2IUhvgrt6enxKsV837xuUA/YboVzSwcTlAvyH6Fc1sXA7Qb4h+RWMblw"
    "P0G6Jf0eTG5QD9huhXzA/H5QD9huhXzBPH5QD9huhXzBfH5QD9huhXzBvH5QD9huhXzB/H"
    "5QD9ptFW3WAXcsmrwb92uAvx7krwrxvwQm55NfjXDXkhx7wa/OsGvZBrrop/im9tq8xgPz"
    "Hb6uXzgjmX98qwgk39mUs5wS7k3pH7RWojTQaWuAYsYMACBixgDRQDLGDAAgYsYMACtmEo"
    "gQVs19mpgAUMWMC6F3sBC9i2UQcWsO3rAFjA2qEHYAEDFjDQCrCAtU0HwALWIl0AC9jWdQ"
    "AsYG3RBLCAbRd/YAHbLvLAArYN7IEFbGuoAwsYsIC9FNSBBQxYwF4K6sACBixgLwV1YAED"
    "FrCXgjqwgAEL2AvCHVjAgAXsJeEOLGDAAvYycAcWsFagDyxg20QfWMC2iT6wgG0TfWAB2y"
    "b6wAK2TfSBBWyb6AML2DbRBxawbaIPLGDbRB9YwIAF7EXjDyxg28UfWMC2iz+wgG0K/9aw"
    "gH1wX1q8YpNeJg1Y5PpeMQ+Y9/qjZnhTlxKBnSKD6BNiIWIK63kPYY4wsthiH10KjqiOKE"
    "diSpC38H+cMWzKcRMxS5eC7AE5DE29hHZXuPQf5h+mw0qGHqghvAtS0qBcoKla10TOVpWj"
    "WMj76VwtoqZQfQ9x5o5jNJcaQCZZyNt9+0AtKU35H6YlPz7BTf+rHhKbcp53d/WYkSEq13"
    "71Wf677yygUV3D4vM3eVRpS1jO5L8phjN/LOBL8Qe4wMLm0RFmizFzSbHUUCVOtHxuodWz"
    "Ci0nRut9/2CbY7UrkXMn9c/wh96azpgmNEP53Ge4Mu8ZBs4z4DzrjmqB8ww4z7YK5bo5z4"
    "CRazOMXDPpP7GMs6GAXC6Q6CDG/aMSEPeTNjJEWF0C8r7NbuHQWY9DfDfDhpEbzYdSmwvk"
    "14mzG8sfDI6Pguhd/VIUr99dn15dZSRIwlCn7J6NiHRx15axboN86zZIWTeHQakKwIFAB+"
    "E9KYHuSS64J0lst86pBNwZb1rEqgTaeNMCXiXQwpvWMCuBLt4At9K28d8lbqWOgr8r9Eqd"
    "g995YSkrYl36llODgBVOHVXwsSVCyqmsin5CEDZ/8/aLqipICIIKdrMD49TWqbh4IqboZX"
    "ZgRK7vFXdgYDVTI8HUpR0Yt6ZqZDCJ39SgFGGkuynyp5XpOpBPwJycjN85gJ1ae3REYEsu"
    "EOlB6EY3gZO45vuqYcMkC/nnQVMBNBVsv6kg+ECWzbUGAh3Mta6lABOecBUg9iQ6iPHqi+"
    "GewXBAqoByQqyDUB8MSkB9MMiFWl3KhDrL8C4FOtP+loO5bdHZ+g+N8VT1eWbEAD/f3d7k"
    "5N5CkaTNpWOB/nW6VNe1pyOOzsimhqAm31e33YaToyCKmV8f6VfXp78llXB+dXuWtKtqgb"
    "Pk9/PMq2x5d3b39vrqD2+/UbzakRKXApyX4wxtC2vpZWpP4kCfUfMjJzlf4B5e3luSNlAT"
    "NdufuTRrcCd3yIjpz2gxZWiGnxGnE/USRDpxUDhzee4AsgBtyAKojeH8XOEcicqs5iDZ7v"
    "fbx4+RwzLen5yVf5Acpry/OeZ8weShMMV8WgXqlGAHD+7B4WEZf/vwMN/fVtcSbggzKu1p"
    "f/7m8HVP5nWdFuvu86VcU1mNp6xvt2QSS2zmHNdRuQTYIym4LrT9A2WzB/PZ7e1VLHI5u0"
    "yUK24+Xp9dSOwd6OUkKnIKSWOLKEi06mnbuCSkb1udvjWw+5Kt9NmqazolvAJltyys6pKu"
    "A+PuZnrqfLZzloAPeesUXyGwjLzrQTiXOGW1DniS795/IAbOKS/Eo8U7d7Hd1X046p1LXz"
    "cQgvuo5UfhEVyXB+I8MrkEh4IKqYn+LTXRyGILGXfto/spQWPGHin5D0ecSOuuyAYQF8wi"
    "uuJCoIIjnU4IF4iZxnMWf8Kqli3TIeCkHqDm34po39VflbgolOhcpL/6nCz46J013ykfnR"
    "NS20WPyIKqW61q8mVO5XI1FB2X3IyaN3mWdknLUAtejz1Urp8mvetqvBZxqQ0mZDeTix2W"
    "ai8ZFrSXDNPtJQ5m1VzpiAhw3mRVfuPopqF9JyMjGUe9J88OwJfyObA5zkpsZ1dtdxPZVB"
    "Auhy28CCK76L6SEMh4ibgp7fPTu/PTtxe9r9uqqF87l2byXLlXb5T2MiP65KS94qB+Fkx3"
    "X1MtF9d/IE9ysi7jaMIRtgh6JHOx51AUPhIyV2341ELq2d4gp+1fsRvKWHxO8KNDFSjSQf"
    "2K1oS6fXtOpL2CSL5qzb679fpS5rRfYE77aXMKeZK1+oXTikxn/vwONj+svjLPx6xa33wg"
    "APCWgBdyfHUs3c6lBJw8nXRl6yg6KQtV+DZr2nId5xp6jkuCltum5db0cv/MbMvExi+MU5"
    "FbS05O2iuOPP9yp2vz6Pylkec1eyK6T2HP5SOo171N7r6gqKq8wikD26YgFvfJ7UdYjKdI"
    "gi1HWDryXNGaDSJPH4tq75zEpcBtz3Hb82PQ6NZLdKcUsQ5GpIDVIqtptBSxiD3Xa/qhcU"
    "nwQ8Fu5dmtH12955qsyPUl1moSn1mKuyT4RheDjR/RDD8SLs3IbKYakdgDmtnCWZCjBaYC"
    "PTALESxtClPWI/xuFmV8THs2krYnZbnWcpc/zBFRr9mhJ8qp/PODL4BZR361mPQ507LVPG"
    "S3a9ma0j3nG7EnbNhZLzEUWLBABL4TawcZmc6dTunsA827Vvow89quy51pv6qDYuY4y+q4"
    "CFeRHjD6TPXPade6nMiKz5Sird+1E2UjTlv+4fMo//gqIYs/HzK1JTK1BdwmBV8FVMBt8j"
    "L7ImLUR8AZBkHGqt+yIBYdT7PtsXdtiT3G4axlRjhfvSs2oo0tqGcM225AB/3h8fDk4GgY"
    "2M1gpMhclvDLZShVkWYtItJBA7mW1+TVx6oCwt70DqK7ljYSeUeR2fxaQPoVimye9Gs75n"
    "Jl9F5bNWlf/w8CeyOb"
)
