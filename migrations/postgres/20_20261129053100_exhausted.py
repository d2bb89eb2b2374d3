"""Tokens that have used up what they may use, and requests by the code of their upstream's error.

Triggers keep the rows of tokens whose `max_requests` is reached, whatever writes the token; the
rows of budgets are written by the release itself. What was used up before is no news to anybody.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "exhausted" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "subject_id" UUID NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "why" VARCHAR(16) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "told_at" TIMESTAMPTZ,
    CONSTRAINT "uid_exhausted_why" UNIQUE ("subject_id", "why")
);
CREATE INDEX "idx_exhausted_listed" ON "exhausted" ("kind", "why", "subject_id");
CREATE INDEX "idx_exhausted_untold" ON "exhausted" ("at") WHERE "told_at" IS NULL;
INSERT INTO "exhausted" ("subject_id", "kind", "why", "at", "told_at")
    SELECT "id", 'token', 'requests', clock_timestamp(), clock_timestamp() FROM "token"
    WHERE "request_count" >= "max_requests";

CREATE FUNCTION token_exhausted_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO exhausted (subject_id, kind, why, at, told_at)
            VALUES (new.id, 'token', 'requests', clock_timestamp(), clock_timestamp())
            ON CONFLICT DO NOTHING;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM exhausted WHERE subject_id = old.id;
    ELSIF new.request_count >= new.max_requests THEN
        INSERT INTO exhausted (subject_id, kind, why, at)
            VALUES (new.id, 'token', 'requests', clock_timestamp()) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM exhausted WHERE subject_id = new.id AND why = 'requests';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER token_exhausted_insert AFTER INSERT ON "token" FOR EACH ROW
    WHEN (new.request_count >= new.max_requests) EXECUTE FUNCTION token_exhausted_note();
CREATE TRIGGER token_exhausted_update AFTER UPDATE OF request_count, max_requests ON "token"
    FOR EACH ROW
    WHEN (coalesce(new.request_count >= new.max_requests, false)
        <> coalesce(old.request_count >= old.max_requests, false))
    EXECUTE FUNCTION token_exhausted_note();
CREATE TRIGGER token_exhausted_delete AFTER DELETE ON "token" FOR EACH ROW
    EXECUTE FUNCTION token_exhausted_note();
CREATE INDEX "request_log_upstream_code" ON "request_log" ("upstream_code", "id")
    WHERE "upstream_code" IS NOT NULL;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "request_log_upstream_code";
DROP TRIGGER token_exhausted_delete ON "token";
DROP TRIGGER token_exhausted_update ON "token";
DROP TRIGGER token_exhausted_insert ON "token";
DROP FUNCTION token_exhausted_note();
DROP TABLE "exhausted";
"""


MODELS_STATE = (
    "eJztXety2ziyfhWU/sycKo8rviXeZGur7MQz45kknoqdnTk72aIhEZa4pgAtAVrR2c27HwC8"
    "iHcRpC4U3VWpJCa7QfprsNHd6G78ZzBjXIw9wg9/89i/yEgMXqP/DCieEvmf/M0DNMCzWfKW"
    "uiTw0A3oE2RDLjysx3vALifykk34yHNmwmFUEb8jLhEOHSNGCXokZMaRmBDksfkB4kz+Hws0"
    "cbhg3gJxgRcceQTb6lEHCFMbEQ9zwpEjuORe8EP1VJuN5GPloJt6gE+df/vEEmxM5FiefMyf"
    "/5SXHWqTrxKM8MfZo/XgENdOgenYagB93RKLmb72+fP1ux81pXr5oTVirj+lS+rZQkwYjcl9"
    "37EPFY+6NyZUvqEgdgJi6rtuKIzoUvDG8oLwfBK/qr28YJMH7LtKUIO/Pvh0pOSDpswmLj90"
    "bH5Iydxy7L+Fb5igtqyPN3fW7dWdZQ1y4lVvkhFIeGnEqJoaDhUKr/98C8Zd4qKvDtQD3v58"
    "8en7k5f/o5GI5luI2uCbZsQCB6wa+yXY+t8c3G8n2CuGO6LPAC5ftAnU0YUl1stvIIIvAmgD"
    "kA6m+KvlEjoWE/nj8YsXFRj//eKThllSaZyZ/GiDj/ljeOs4uKfwXuLrOk/EMgU5xdQI6XDK"
    "Gszp/YZZKtQnxyaeCcpJnh5O55enNWB+eVqKsrqVBnko1bzle64JyEmetczkTmF8/OL0vNZk"
    "Pj2vmM3qZhpph1vSJJBaIA/1JWMuwbRkMUzyZeAeSsZNTepIm2x32bu8uXmvRp5y/m9XX7i+"
    "y6D8+cPl1afvjzT4ksgR+vL1x7sM4B6RvywX3JoRz5o61BcF0F9TUQx7CXdGAPI32sP5PlYv"
    "8cPx0emr0/OTl6fnkkS/Z3zlVYWE8kCrz2eGPey6xLUi3AygLuUHsPNgS5TYnNhWYKTmUf7l"
    "9uZjMcx5zgy+tjMS6L/IlW7B/uFcAaKCJKVTIkX9/YeLP7I6/O37m8usza0GuCyRA/OcsUMb"
    "CSLBCpJoLomnI2vmkQfnq4kNk2LqoxGzAYP8ATsueyoyyMvnepIHJnnzSe5w5mL9kgaTPMW0"
    "PXdoQBkl+ZBJfHUdE7yOiV5un+eM80TwzsDVjFhAf9SLm7CR8RRO8gDMtWD26ZQI4pGCkGs5"
    "zimmLaoKbQttKry6UZVBqG35XDqHDx6bWkNmLwwd++IBtujhx1eS0BdvWHTMtR/69pgU+Zjl"
    "hkiCBeyQ5nbIjLnOyCFG0Cd5APvm2I88orCxcIGd8k7eEc6UFEsgzZmVQch6GP1nD8PkFaK4"
    "u/5wdXt38eG3lDzeXdxdqTvH+uoic/X7lxkZxYOg36/vfkbqR/SPm49XWbHFdHf/GKh3wr5g"
    "FmVzC9tJTKLL0aX0+j2zG4o5zQli7rSYbbVD30jMac41iHl/9OpeSFllQTw8Jrbm1YUhHj3O"
    "sWdbqTvL6aCyLAoMyJDrx18/kVJXPs5U+TyTMBI8/ZUs9vfjXl4NZ2bqqxHskRRFW82AulOj"
    "9AkiNcPYMSubc/lb0+Np9gqmeKx/JfXsbwcl86owRSoz8arSpPyQ1HoMaVfmSslB0VTKyHOw"
    "i6Q79URULpPDVTITssnIW8ykABGj7gJJSBjCaOxhKoJEJkqeiBdep/IPnxMvny61oWeszpj6"
    "MxlHcuzBPyGFqgspVBIFYpQTETNsMXaynbDJRmJUk3Avty68EX0Pc3qOXtaA9yhrwyzRVbcy"
    "fqIzk8pGkK8FEN/JqyU+YoqrF0BXGZJXf9xVO+ixHfn+5uNPEXnWa8+GBPVCId9SrW5WkcYu"
    "n+KFzJsSw+5SBdc/3efEGU8KpnppvsmSoVGCSaNZfrQpcNecXtI4S42qWPaWA9h7n6IWo20N"
    "yQPzIDVwW/sHzKdyeGain5M8/duJPKll5Z1UWHknRRncDvMcUbAxVqqbkyzb084vshi/6I5G"
    "hgztbWVoQyJZEdZ9qezoNMzrL+zAvhzYAN+Ivn/YHh3X0RaSqtznOM7pCh3gsqZ4lse4fCM8"
    "xQQ74bATDptnlVukYWi8MJBSHvpOc60zBN5d0a4Ided2JGtkvv4o/VFnTH8lCw3ztXwVTEdF"
    "rmZRpfx+QpvbWJOXPTyPd2Myc0tiEOzFaxFc3L69eHc1+Fa+27udXbpgc7Nyny7e/6y1Uydi"
    "6pV7db+rvgJYtQxAc8wR+TqaYCrfFz0w7wD5VDgucgQi1C7oWWDK3KIfQVl4tlyrlMZkt7ep"
    "pp+k/jrds900znxvZFQtv+ToxUbEpo192PGBHZ8uiWHTWz4PRIwmjez/NCfY/522/8nXmSOH"
    "ayDmNOd2xLzNPdV9l7JBiuRmjeYKY7mWkWxgG18LjjgZeUT+iz3di4sj9qD6cjkeYnN6gIZk"
    "hH1OpBHsMaGzGNHcEROkKmhdPEMTaRaLOUPaTtZTOGdEb+wpkMu2p7ls3W8HBplsYOcV2nkd"
    "MgD2J+K+FwZAulHTk1xFm1jzaU6QcpelrFRFeXOoS2dc2R+qp22h/nJ8fHLy6vjFycvzs9NX"
    "r87OX8TpIvlbVXkjl9c/qdSRlHTzuST/9qXBZ5EZGxXsDZfin+HaYVpOR5MmA4BU0o3ZxE7z"
    "9QbXLU9q6PO3pWkOff6gz9/Ocd52qkmEJqH2jOmXaCCKFDNIo700nFkjOYRsIIHmEhB4bAR9"
    "RA+YN8cc2h1Bu6Pnh31oIUpk/aIQa5VjlWMF36qZb+ViiaLPGwXnsrwQnutyeA5Sqp+FmCGl"
    "GlKq+5RSnUgyDZIeCgwF89ZQt3qsHoG+4QZRSdDKc2mWqK7MqLH4knZlYs3dhCDbGUuDTyW6"
    "4DD95RDdLzeB75Gj0mIkAdXn4DHX1ifjafrCLJh8Zs3mHlMntSZINIKUmk6k1ATTIA94edrH"
    "kmM9iR8dOvxt/enskPbxHExR8DiehZiD9dxseUrygLdR7W3EGcitfY2+dUXNehrJWdWx0k0u"
    "73wIkg+KCzcTBCvsZ1+RJjIZ6tnPKliHTs/RhPleQWlmMUmB3frnYOiPHgPLPe3Zpb7pRDMP"
    "bQuq/0SbpIGRW5RXHnKHT5BUf6ZGja4b2chVYeRCBVQQOw4nW3fttS3GjsuN5uXEMFnrE9MJ"
    "1vkur/MQWVyb4wnG08YAhUPFt+C/x0t6XYRjhh7Cu5Gqo9hWMgA5yQM418O5WcFC69xWyDwY"
    "EM9jniHuSx5AvRnqI9chVFhNwM+xggyaySDuu9RECgXMIIdmcnDoiE1nOkZkJII0H6Df8Cug"
    "j9LTVF3lVTir2TpcPgZIpalUZp4zInZjgRSw73Wb722vz9K6H+udL2vC3KZiqBoFpFFfGjNP"
    "KnphlZ5JVyGCHCtopIZfRLDWqiZqTeRQyA6yaCgLrHurNZJDlhVk0LQaGnNG5Xs1EkMRN0ii"
    "qWbiwqKYMmOVlOTrUW30lvEfLgThllOQG1GFfpILZn4b5JlvWLWVYgPsm2EvxMPQemEG/JIH"
    "UG+B+lED1I8A9ZaoHzdA/RhQb4n6SQPUTwD1lqifNkD9FFBvifpZA9TPAPWWqL9sgPpLQL0l"
    "6q8aoP4KUG+J+nkD1M8B9Zao/6UB6n8B1Nt6SU2c0yPwTlvj3sg9Bf+0Ne5NHNQj8FBb497E"
    "RT0CH7U17k2c1CPwUlvgrnpJTAi2TeO+aT5AvyX6hgtsmg/Qb4m+4TKb5gP0W6JvuNim+QD9"
    "lugbLrlpPkC/JfqG8eE0H6DfEn3DOHGaD9Bvib5hvDjNB+i3RN8wbpzmA/Rbom8YP07zAfpt"
    "va2mzi7EkteDf2N3F/zdteDf1OGF2PJ68G/q8kKMeT34N3V6IdZsin+u++BO++T9zHxvUN4l"
    "T98+qNMjbxJRruyQdyXnjpwvUhr51niZe9ATD3riQU+8FoKBnnjQEw964kFPvC1DCT3x9r1X"
    "G/TEg554/fO9oCferlGHnni7lwH0xOuGHKAnHvTEA6lAT7wu4Q898bokDeiJt3sZQE+8DskC"
    "euLtXAbQE68rkoCeeLvFH3ri7RZ56Im3C+yhJ97OUIeeeNAT77mgDj3xoCfec0EdeuJBT7zn"
    "gjr0xIOeeM8FdeiJBz3xnhHu0BMPeuI9J9yhJx70xHseuENPvE6gDz3xdok+9MTbJfrQE2+X"
    "6ENPvF2iDz3xdok+9MTbJfrQE2+X6ENPvF2iDz3xdok+9MSDnnjPGn/oibdb/KEn3m7xh554"
    "28K/Mz3xPgWFiu/ZeFDYFC9x/6C6K15Y8mi5IenKtngXyCX2mHiIUOEtDhDmCCOPzQ/RteDI"
    "sZHDkZgQFA78nb6GqbxOEfNsycgekO5XNshId41Df6FfqO7Rhx4cV4Q3JKfrcIEmalyK9FSV"
    "V7GQz7O5GkSROPYB4iy4jtFMSgBRMpeP++HB8SS3w79QT34+8UPfqJfEVNKFT1evmbjkyLG/"
    "v5d/H+oBLEfVm97/T1njwBU9/+TfuX5/0bW4e1B0gQssfJ68wnwxYkGLOHXJqENgeaet9ffY"
    "Wt0mcPDXB5+O1KxE+knqr9O/DTakY9o03SrvBIiNuwBi6AAIHQD7I1roAAgdAHcK5aY7AEJ/"
    "uu30p5tK+4kV6IaKVosxRw8xPnpZA+Kj7Bq5RFjdglaW253CS2M9DfHtFLtuqTe/5NqeI79J"
    "nANf/uT41cvYe1c/VPnrtx8u3r8vCJAsXZ26czbB0sdZW2d1Oy5f3Y5zq5vuJ2YCcMzQQ3jP"
    "a6B7XgrueRbbnfdUgt4ZrzvUVQmk8boDfZVACq8701kJZPEaeivtGv996q3UU/D3pb1S7+DX"
    "BUtFHuvKKqcWDitoHbXh40uElFFpin6GESZ/+/QLUxFkGEEE7bwBa+45gjR3CXL8oJXWIY+j"
    "SWuRpIYAqTSVCvZth0lbc+Y3CyYV84M82slDWp/tBJIbACTSVCLOVJ2K0fwLKeYHebSTR4sv"
    "pGQAkEhTiczJ0OIEe3JxNhRFlhNk0G7d4ES+jN1oxUiwghSaSoET78kZSX/BMUucyvI12v/s"
    "mgRS258nxzX2P0+OSzdA1a3MjKd8TjzLOPMky9c/rDeSf6K3BDjzvZHRln6GrX9grz8pMD6b"
    "cCSnqAnWOUZAezXaj2RhmDa85GiRNNwxlNeTM4yFINNZ0TFrv9zefCwrWVjyZAsXnJFA/9VV"
    "Ob1CVIGhRo6LFaL5+f2Hiz+yU/ft+5vLLPRqgMvCI++MVHPM0T89UUdNlGuJnJLwyIPPsWus"
    "kbN8/QN6/QpZ4LGRAonoQXk0Vx6Eqg0nM58lydO/eX10XCdhU1KVJ8kf66TNzhQFX0g3X1w9"
    "ESoGhUXBifsH1UXBKmAgLBKTriwKvqGqtpaSqM5Woe7mC3zLyeoUwso3YHraRcWsWJd/Jq8I"
    "teAlS2X7UeCqXVl+qGqIKZnLXw/qXKHOdfd1rvEHWTsyEzH0MP1/IzGZpYYzgDjk6CHGm7BF"
    "9YKhQTJAOcPWQ6jXH85Nrc2GQBeuvz0wQjcTyJ2o1iNGLlaCpZWX1WhOJwydoe+4wqH8UD12"
    "F0bORpwvZ2Yy5QPq/s319SvvqHeRmUpJcwHOq3GGStqNlNd3J3BgTx36mWu3uyhuEN8+WBE2"
    "UIRxyKhGKzGK8GjEfCqCdltTvEDcGVPdiovpCIEeUnfh4gX9wsz5V8cZIGLQhYiBmkT6/wY6"
    "J8mzHqWzGvLtqZyzOpaipCpXOmc5S3GGOZ8zqUAmmE9MoM4x9lDJH5+d1bHNz87KbXN1L2Oy"
    "MNdsfymk3x6+gRbflLbYdJsah1sqAvJUAPIlk1hiWqKuk3wZsIeScVNoRwplu4r58ubmfcrL"
    "ubzOZL59/Pzh8kpir6GXRI7QlwuKPjyiILHMQ7xpTgj1djrU6+KgR6y078wlnWNeg7A75oL1"
    "Sdbx4h5EhZp82yVDwEfeOcEbOKHJLGjOJU5Faegh54+/fiIuLtmKSHuWt8Fg+yv75dVQL33b"
    "grseoVbusSdwXe208wRxjRbgyssm9g/StR56bC79rkN0J73tEWOPDvmOI07k6q56ZSMumEds"
    "1crbERzZjnTEBWLUXRS1/17XsHWyCXSYAvIDOuHtB/Iz8YuWHL3z9NcfvwUbvbfLd85G54Q0"
    "NtETvCDqTouafJ05crgGgk5zbkfM29SlfZIy7BtvqP5Kmn6WtK7N2rKnubYYkN1OLPa0VirK"
    "aUUqymk+FUVjZmZKJ1jgyIaiXeI0unlof5SekfSjfiULDfC1fA9MC4szi3d49xPZnBMuL3t4"
    "Hnt2yXklIZD+EglC2m8vbt9evLsafNvV7vsHfWsq9cqdalUxKPTos0QH1U79NCYP+l/U8+s/"
    "kSdJbEs/mnCEPYIeyUwc6BO2HgmZqQ11x0Pq3V4jXSKgDueSvviM4Ed90pXIO/VrGhP27buj"
    "kQ4qPHnTPfv+7tfXWk6PKpbTo/xyCnGSjdqFE8ODeiL6HiY/rH9nno+YWY59zADw1oAXYnxN"
    "Vrq9CwnoOJ00ZZsIOssLu/BdlrQXGM4N5JzmBCl3Tcqdyfv+hfkexe5vjDuidC85S3RQ7Xn+"
    "KyC3Zkn6lZ7nB/ZE7OgEZi5fQZWGUx4UM6pdXqG3gX0qiMejs5mHWIwmSIItr7C857mGMdUx"
    "0p+UO6ocV0qeiIc8MlXjqjOi5YjSRkf6OAH0wDxEsOTlAntCea4YzZn3SDzp16pTqIlOT1dF"
    "EUjJD7mMjr9Q/KBOp5Ze71y+kJrn/pQEZ1oHEQr5oLkj5BtJ7tFElc7rF1XU7OFB+tGIUzzj"
    "EyYf6en3Hz36M3nvC72XE/zCenf96T5wt9U4zBd6w1z62PqhzHdtNIxgkA8ey68MPXhsqsmG"
    "ZOxQdVbLIfrIkDoKe4ofCf9C9Us4Uylk7kjBBw+gTMg3HCPpwJIId/2Lc7zgaK5YUpBjV52j"
    "vUAT5tptnfxo2pmVAqW5wEMq8ZDK3f3kV55JBKo6nyzBBf3vi/Jza/Wi9Gd2Q5M/zQkmP5gI"
    "ZSbCT4HcS62DxP0VhsE4TVmrpYxcpg7RtVyIXCZXTE48B7sOJ9HSPZ2qRUoutVNf6JG5WpaD"
    "FZL606FaZIZEL7lPjl6oUFjZkG1Ks4kHfaHMs4m3ifB19ZGwhatZQ8W629Ws7WGw5QvXE3b9"
    "ohqRilUrZtnekvVi79erziiytzoRvViJhfdqK7Awq72eHvt94kivYOaxf5GRNtL1hlygWPQw"
    "gYG/HB3dO/a9tvDxUNrrecdmLSOuWSNVtuPvmT7aiplXrroe5S9v4uRE9BBGrxFGr2hSU75n"
    "XNWk5nkmraR7Bpu6J+CWgFtSvZqrrJJRhVuSuL9iVffSlLXckjAEp3wCFfZTC6/2G3S6Cg+c"
    "iXss7lWhynwil2ZHoJEKQMp5wBTLiBT3xlzXwC0Wd+4PlVlhqAHTXDvLntFPUn+d7lnaDKzp"
    "G1zTYQGCBWjdC9DPBHtiSHBJq+Xl7RXLzyRFWKPyMthT+o4foOFCLwrq2UW1lOWELVaHYFAT"
    "TbXkgO0V4+0V0FygudatuX4li08qJbRQb0U3V2gtdUCOF9GtVFqfqXDcwF7FSLIq65UygTBX"
    "ieHK0GXS9tWZzwco/IlQe8ak7BWb2ntnwX3NKl/azmu8jT2lQF3+mTgiKD5mLBosKCrfZSAt"
    "VIndVaPdiKPt5lyoPVKsBkEe40P62p3O1zUQt9DVOVYvBiAneQDnejj7ah0xNbtiJiio7prh"
    "lc6pxdzsOIUlB3w/5d9Pl4zbW4FFyT5vfLeGectjwhpOuWT4jiOVX4+I5zEvTLicaINRBWlV"
    "xyKfz6Q+JvZreRMFZ9RqMoyEal7EsWMHAeCAfogLjNzNPqpFYKArxtTzCBfHAm6Q+5flhfqA"
    "Lq9Y6nttIOQEG8i3y/J9wI4rP0Ulr4JuiqWRgCxbb1LSjo9OX52en7w8jUMB8ZWqCEA+OVoX"
    "u+kV0sTcS3P1r5fORjymJWhNixKTzKCvuqavOmPdf55JWAme3uhkg0GhjZ+hWWHp+yG1xZbk"
    "dY4tieznpXmtCr6kRRmOh8Ki6rB6az5hiTi0I0KbXaVxqkj1I1U1ZkXdUzb7qMLIdphXmjlD"
    "NdU6VeebhgRRJkKiivyf6iTWsuvp4UMnoLwNq8fmhX5FVZh8yQOh8vWEys2q6tZZTdet1fOs"
    "Tm6KpKo4ESSXnQKpPxs8c1JqmyfHNstYSPL0EOT1t81Jq/S68Z80F2yoZRPRE2ts7Tz0BA8A"
    "mtWzHYlQ9gJM6DbUBOC98PZSYg7aQjQRc4oTfPquSbk7Pj2Xd97JOUDLjzPJ0Bys8OkVtWWn"
    "yOtWm6OZ9K8nzA+2y+7fSXQ/3l7ffLR+vfrf+9dBDxOHo7HH/Jl0sYcLRImjd96CGkwqfW6d"
    "2VJc37HWJ6jmNPfxr6lrQu7lknUfl47EEYLwkNQDFRxQrVlsRaso7nVN8/0bdC/w+LWQtAG3"
    "eosvNDwomaO5So6TFFKEklJTqVhDsPV4T6itz3yNWNlUjb0IuKbYJup6ebxh6I8eidYSKZEt"
    "q61TdmLSxAlSiPLhiTRHatTwYToSkRyqlKj4nZIUFU8L6M3OmIH8v20FNZYTz2RhW3KB7dK5"
    "VS3dKzfxJdb1/VNM4PzXcP5LGmmUQ1zWRqMP8B4dn9cpXjs+L69eU/cgvALhlX0DFBLAN73N"
    "HpnjhpthCa7eZIlsudGeTk8wxH3JA6g3bG9I1WY1tQJ/vtnsLx8DpNJUKjPPGRG7sUAK2EEW"
    "zWQxmqjGQyrIaqkeug1FUjUKSKaZZKT1PZ2FZy8ZiiPHCjJo+HVIHF2i+/U1kUMhO8iioSzw"
    "aKLylZvIIcsKMmgmg6CUTb5XIzEUcYMkmmomLiyKKTNWSUm+Ruh3bBv1GTai1ZuZf9dB0PLN"
    "zr9HQdLVG51xPLVOoaImDg6nEHisj4ygqgsGUht4QZ6xPn5RUtynd13v9fEVE/xEXiNOCLqX"
    "M4q4/L6oRnFDT6mRrly2/QbdOLrwDR5U7MZBlHsDQVnYA4M9sL3dA+vMin3p23LFuXCJV1Jz"
    "lCRYsWYPNamFY9oaizafqOOn5GKpWlYFA6jjldRPcyly1RRWH1KlGsci3cgqygCyies8EW+h"
    "mMkTkfIqWq7XPn5Jno8aWN0OBrX0QVmWr/HRr9Buqe7skc5722Wg290HoQdOs7yY5XdYd7Va"
    "cnR5uRrcTSLt9R1XtY4HYdljePqcznxUuZVB2qLUWCrLMa8Pmw+zonbsrFbt2FlF7dhZ1vAo"
    "0KT1/ZcC5i4fxjb4TJ2vSOmPN+hF4FyGa5V2KCdYtXsMF6yCZc6YuxORomBdzIm1+vynmKnT"
    "4vyNeCNpMShZKFMCT1WKcl5u5WTrPiwqsfDph5h9TUueTqN+wRPJ2fJ/VI6CKfvBZvJVPB6f"
    "JlRkKBqxduPzmRFTOcYsXRZjB2M7nfHWbnwxZF+vBZkOCp21xP0VvhrTlPW8NFXd4cgxg+VE"
    "uU6SQDg0OH9LlVswJFcbfY6u9J6IM6a6H4NwiGrHoG4HZR7FhSPrG3p1j7c/B4nxM20gIHDa"
    "ucBpXlh1/eI8JwRQoTlDmQNTJ6pXHtPLZbUrjWY4XxMsMFHhjJvnEKzhzv8VuH/lxmtI3ifb"
    "tVVHwM5YpZ/Ig8+x+zPzvWKzNEmwwi71AlJrEtE2rG7+dPXj59uL97ry+EAalu5CBfHlTdsm"
    "tjQb30gzcqYO0EAuo2P1r/LAw/RQeW1ct8h5PQ9aUT28qk5YTzA7v8mQTSEoKxGOroMZ3Ekz"
    "GKp5e70QQnoIFEF2H1Aogtx0EaRewg0Ajuh7iO/685hCw9I4M3zJBRnhexgxD12PQZVfUtMn"
    "qe+OhPt5lMyVjR/NoUN0LXiiQVHoA3wX7rarrCTPDloga+us0AFZz9CqvdItQw9kjlR6lPZQ"
    "dASeyouOKyQpJcTmKrdZT9S2R6hAUhMkNXXF5gH/wOxj6lhZzd67B73EE5pRb8GGhWMyt+OI"
    "TaV9w4z2RpccPcT4qM7JAEflBwMc5c4FgFjCpqewOuKxKGl2RXZlzNWnXbZ1pE1CbGaD69pw"
    "IQi3nIJKvqrYTJILYjPNkkgDDJlvmEiaYgPsm2Fv+16Qn2Za3JBhBPz3MC55pSoKB4VRyeDW"
    "QXVMksREtSKSmjwZJcyGBINAoYodcvk+6sxlT6cxhIcuk6LyhXUOXCd1N0pANE7Y7WykUZu1"
    "/NCx+SEl6mA3CDhCwHH3AUfIDF46Z3WM3eNyY/e4ayeK9TL6CNHcXpwn1kss1eKZR/KX25uP"
    "JdZ9SJ9dI52RQP9FrsM3Zt4nDJOh77jCofxQPXYXRonCJ7VcRir1+w8Xf2S17dv3N5dZSagB"
    "Ljtn8d/QERmUW/36dh3L32IR5Urz/07t63OmItRSFmiuMpCZax/Ia8Gef2CJUyb0dYTHUj5v"
    "dBsUbahri10Z8PJvTYfufSoct6A72mYf1SL9IEKrrkET0a/HoNltBnPmFNo6sWZJVXEObRhr"
    "LvcKtMxMHYOYaSvn6UGDlT08Tu/dsqazWIcmCVZoUTtDulKN/q610lK5RcEL9I6oTsrySlC9"
    "LH/Qpclc1Yq8Cc68U82leHRm/ZjJ+/hB6BhIXodu8DnPJX9r36Mq+l+D1Sqi76P7vYm9UQhv"
    "bHBr3/eMNvZD8kbQdsxdzM7c0zpV5YqsYu6e5mrLR85M6m5BvhaEXu/k1ZLt6BRXH9Cusqqu"
    "/rir9h1jo+r9zcefIvKsQ5nNvRp5C/2WVll0pCoJq4C5D1LYtDaZYG5xMvKKqh8vGXMJpsWI"
    "pxkzUA8l56ZUd3xlu3P+8ubmfWrOX15nJ/XnD5dXEn6NviRyRMm+tIJuQrBNCo8FWwV6ghNQ"
    "N0A9aDFrEihccrQKFXZMo2wjJljz5MGqqV5xkBTM86p5rjokmMzyoBwJZnm7We5wC0vn+KnA"
    "r6yc5im+Lc7zyL3f22kuLQ8FiWWeIZHmhEyJzsVDU97uzG4o5jQniLlzYu5i2PtWYFGyf5ij"
    "OqgdAFdtskXN3cSf2Tw6GUG14BQM4VTLzjE7iHocxQcozD0niFW/kcSqg5I6B2lI0NThXM6g"
    "fAx8Uw9pEQDvaifK51HYHEqZGHahSrFBmnTDNHWPzWbGyC+ZAPdmuLuYCyuewQ0sjMIBtrK7"
    "DnZGQ3MyEFnw7TSWeIod5N15eRPPY0Z182mu/m0jnNTa9D2p2PQ9yW/6LkFr+mElmeGz6vJn"
    "9YAd1w8dnrSYSw2WJEtvLJZW7YWzgKrjsaUnVZRIWf3x5Jjh4+nyx+MR4S0a6MgkH0i4yxJm"
    "c2rWqCdm6J+tsf5mBi7BXJrfjZKgs7zwHXXtO+pMVPjq6wT7PBB7UTlJfPtgRTlJinBl/Pc2"
    "mZjsy8mK/BnSKzu6x+L+EN2ryg65DNwrgvmEUJWLPCQjVfyNaVAvfqDOU5vrYwlpQZ/LDT2j"
    "sMc+94eJusr5ZFHQQz/K/1R35T8JFmiY382G+Wmp1o3Up7mgATikTW8v0THULXWxDckB2hrQ"
    "QpOK3lhf6Zp/t0mMPMEG1nXX5NsZ6/qCeM5oUmxah/dW2NV4SbXKqC4X75or9p6L9dky7llu"
    "Vz4Rj4cVo3VX6gRLD1fr47OzOkVOZ2flNU7qXmbBlp+VAcIheQ/RPaq1EXZUsRF2VHTKDBWF"
    "J4eX52AnWLbflWTPs7B3uqR9+393aCPs"
)
