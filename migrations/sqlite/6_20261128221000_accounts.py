"""Upstream accounts: where each key goes, which of them rest, what they keep, what each did.

A key without values here is as it was. What keys say of themselves in their answers has tables of
its own, since a key's row may be locked by a change. The release before does not fill them.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "upstream_key" ADD COLUMN "priority" INT NOT NULL DEFAULT 0;
ALTER TABLE "upstream_key" ADD COLUMN "base_url" VARCHAR(2048);
ALTER TABLE "upstream_key" ADD COLUMN "v1_prefix" VARCHAR(200);
ALTER TABLE "upstream_key" ADD COLUMN "provider" VARCHAR(64);
ALTER TABLE "upstream_key" ADD COLUMN "auth" VARCHAR(128);
ALTER TABLE "upstream_key" ADD COLUMN "model_map" JSON;

ALTER TABLE "project" ADD COLUMN "v1_prefix" VARCHAR(200);
ALTER TABLE "project" ADD COLUMN "failover" JSON;
ALTER TABLE "project" ADD COLUMN "isolation" VARCHAR(8) NOT NULL DEFAULT 'none';
ALTER TABLE "project" ADD COLUMN "project" VARCHAR(200);
ALTER TABLE "project" ADD COLUMN "location" VARCHAR(200);

ALTER TABLE "request_log" ADD COLUMN "key_id" CHAR(36);
ALTER TABLE "request_log" ADD COLUMN "attempts" JSON;

CREATE TABLE "key_rest" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "key_id" CHAR(36) NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "endpoint" VARCHAR(200) NOT NULL,
    "until" TIMESTAMP NOT NULL,
    "reason" VARCHAR(200) NOT NULL,
    CONSTRAINT "uid_key_rest_pair" UNIQUE ("key_id", "model", "endpoint")
);
CREATE INDEX "idx_key_rest_until" ON "key_rest" ("until");

CREATE TABLE "key_state" (
    "key_id" CHAR(36) NOT NULL PRIMARY KEY,
    "suspended_at" TIMESTAMP,
    "test_at" TIMESTAMP,
    "failed_tests" INT NOT NULL DEFAULT 0,
    "last_error" VARCHAR(200),
    "last_error_at" TIMESTAMP
);

CREATE TABLE "upstream_object" (
    "row_id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "id" VARCHAR(256) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "provider" VARCHAR(64) NOT NULL,
    "project_id" CHAR(36) NOT NULL,
    "token_id" CHAR(36) NOT NULL,
    "key_id" CHAR(36) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "counted_at" TIMESTAMP,
    CONSTRAINT "uid_upstream_object_id" UNIQUE ("project_id", "id")
);
CREATE INDEX "idx_upstream_object_token" ON "upstream_object" ("token_id", "kind", "created_at");
CREATE INDEX "idx_upstream_object_kind" ON "upstream_object" ("kind", "created_at");

CREATE TABLE "usage_dimension" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "bucket" TIMESTAMP NOT NULL,
    "dimension" VARCHAR(64) NOT NULL,
    "value" VARCHAR(128) NOT NULL,
    "project_id" CHAR(36) NOT NULL,
    "token_id" CHAR(36) NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "requests" BIGINT NOT NULL DEFAULT 0,
    "errors" BIGINT NOT NULL DEFAULT 0,
    "unknown_usage_requests" BIGINT NOT NULL DEFAULT 0,
    "unpriced_requests" BIGINT NOT NULL DEFAULT 0,
    "charged_at_hold_requests" BIGINT NOT NULL DEFAULT 0,
    "prompt_tokens" BIGINT NOT NULL DEFAULT 0,
    "completion_tokens" BIGINT NOT NULL DEFAULT 0,
    "cached_tokens" BIGINT NOT NULL DEFAULT 0,
    "reasoning_tokens" BIGINT NOT NULL DEFAULT 0,
    "cost_nanos" BIGINT,
    CONSTRAINT "uid_usage_dimension_key"
        UNIQUE ("bucket", "dimension", "value", "project_id", "token_id", "model")
);
CREATE INDEX "idx_usage_dimension_project" ON "usage_dimension"
    ("project_id", "dimension", "bucket");
CREATE INDEX "idx_usage_dimension_token" ON "usage_dimension" ("token_id", "dimension", "bucket");
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TABLE "usage_dimension";
DROP TABLE "upstream_object";
DROP TABLE "key_state";
DROP TABLE "key_rest";
ALTER TABLE "request_log" DROP COLUMN "attempts";
ALTER TABLE "request_log" DROP COLUMN "key_id";
ALTER TABLE "project" DROP COLUMN "location";
ALTER TABLE "project" DROP COLUMN "project";
ALTER TABLE "project" DROP COLUMN "isolation";
ALTER TABLE "project" DROP COLUMN "failover";
ALTER TABLE "project" DROP COLUMN "v1_prefix";
ALTER TABLE "upstream_key" DROP COLUMN "model_map";
ALTER TABLE "upstream_key" DROP COLUMN "auth";
ALTER TABLE "upstream_key" DROP COLUMN "provider";
ALTER TABLE "upstream_key" DROP COLUMN "v1_prefix";
ALTER TABLE "upstream_key" DROP COLUMN "base_url";
ALTER TABLE "upstream_key" DROP COLUMN "priority";
"""


MODELS_STATE = (
    "eJztXXtv3Da2/yrE/NMs4Brx+BE3d7GAnbitm9guYudu7zaFzBnRHq01pCpKngzafPdLUo/Rey"
    "RqHhr5AEVqSzyU/DvU4XnzrwH/07Y8sv+ry/5Lxt7gLfprQPGUiB+yt/bQADvO4oa84OGRrcY6"
    "iUEj7rlYzfWAbU7EJZPwsWs5nsWoHPye2MSz6CNilKAnQhyOvAlBLpvtIc7Ez9hDE4t7zJ0j7u"
    "E5Ry7BpnzUHsLURMTFnHBkeVxQz/m+fKrJxuKxYtJ1PcCn1p8+MTz2SMRcrnjM73+IyxY1yVfC"
    "o1+dJ+PBIraZAtIy5QTquuHNHXXt8+fL9z+qkfLlR8aY2f6ULkY7c2/CaDzc9y1zX9LIe4+Eij"
    "f0iJmAmPq2HTIjuhS8sbjguT6JX9VcXDDJA/ZtyajBPx98Opb8QVNmEpvvWybfp2RmWOa/wjdM"
    "jDaM65s74/bizjAGOfbKN8kwJLw0ZlQuDYt6Eq+/vgXzLnBRVwfyAe9+Pvv06vDkHwoJxr1HV9"
    "1UqA2+KULs4YBUYb8AW/0/B/e7CXaL4Y7GZwAXL6oDdXRhgfXiG4jgiwBaA6SDKf5q2IQ+ehPx"
    "6/D16wqM//fsk4JZjFI4M/HRBh/zdXhrGNyTeC/wta1nYjQFOUWkhXS4ZBus6d2GWQjUZ8skbh"
    "OUkzQ9XM4nRzVgPjkqRVneSoM8EmLe8F27CchJmpWs5E5hPHx9dFprMR+dVqxmeTONtMUNoRII"
    "KZCH+pwxm2Bashkm6TJwjwThuhZ1JE02u+2d39x8lDNPuVCx1IXLuwzKn6/OLz69OlDgh3qYuH"
    "x5fZcB3CXij+UeNxziGlOL+l4B9JfUK4a9hDrDAPEX7eB6f5Qv8f3w4OjN0enhydGpGKLeM77y"
    "poJDeaDl5+NgF9s2sY0ItwZQl9ID2HmwBUpsRkwjUFLzKP9ye3NdDHOeMoOvaY099DeyhVmwez"
    "hXgCghScmUSFC/ujr7LSvD3328Oc/q3HKC8xI+MNd6tKgWIxKkwAl9TjwfGI5LHqyvTXSYFFEf"
    "lZg1KOQP2LLZc5FCXr7WkzSwyPUXucWZjdVLNljkKaLNmUMDyijJu0ziq6tY4HVU9HL9PKecJ5"
    "x3DUzNiATkRz2/CRs3XsJJGoC5Fsw+nRKPuKTA5VqOc4pog6JC6ULrcq+uVWSMXSLBMHCB1Hgv"
    "7njWlBRjnabM7ooh6X70ww46rSqAvru8uri9O7v6NbVDvj+7u5B3hurqPHP11UmGK/Ek6N+Xdz"
    "8j+Sv6z831RXYjjcfd/Wcg3wn7HjMomxnYTGISXY4upb8mx9Rkc5oS2NxpNpsyXqbF5jTlCtjc"
    "sR1r17ksY5IPT4lAmbwwwuOnGXZNI3VnsRxkzLPATxtS/fjhEylXrIOY8WdHgEjw9AOZ7+6nvb"
    "garsvUN+OxJ1Lk+WgC052co08AydXFhqxsveVvTYfT7BVM8aP6k+Sz5ZMK1lRBmkJmyZWnKvjh"
    "QOMpHLk0X0FMiaaCO66FbWQT/ExkPoHFZUIBMsnYnTuCdYhRe44EGAxh9Ohi6gXJBJQ8Eze8Ts"
    "V/fEbcfMrCmp6xPGvh96QtZ5mDPyCNoQtpDAIF0iguGRNs0H7ZjOmyFjtxEsZT6sIbje9hXP3g"
    "pAa8B1nNZYGuvJWxDi1HCBuPfC2A+E5cLbEMU1S9ALpKfbz47a7aURprjx9vrn+Khme9p2ngCV"
    "UbhXhLubsZRRK7fIkXEq+LDdtL11n9cp8R63FSsNRLY74LAq0gr9YqP1gXuCsO8UKmyIYzRUbM"
    "p2J61kRUJGn655g+rKVwHFYoHIdFCX0Wcy1v3kBMJEk2JyheZzF+3R3hAAl7m0rYg7yCIqz7ku"
    "jbaZhXn+eLfTFxA3yj8f3D9mBYR1qIUeXq7zAnK5SvxZhiJ49xeW5MigiSY/STYyAUq8OKnYje"
    "FCTpFNr05V7YNNUqvbHdZe0Sr2suJFYjEepH5gqTnX4gcwXzpXgVTMeF1Uy5osndBDYX2xGXXT"
    "yLwwKZlSUQCELBigFnt+/O3l8MvpUHG9cZKAqiagUhojjcVh4c8uIhS6NClx5HnAgZKv6PXVVd"
    "yhF7kJWmlovYjO6hERljnxOExU1PxQLRzPImSOaE2thBE8yRN2MIe2KIEra5uNDangKRoR2NDH"
    "W/wBXiQjsarli3o5x8dSyx0DVU1TQl5Bl1WVN1ybPYRXUMkjQlcLnLXJaiorzc8dx6rKx47Gmh"
    "4w/D4eHhm+Hrw5PT46M3b45PX8ce7/ytKtf3+eVP0vud4m7eHf6nLxQ+gzhsXODeKsU/Q7XFyE"
    "JHQ5ABQDJu0Gxhp+l6g+uGFzVUrkPlev/Ahsr1bnjLIzQJNR2mXkKDFSli4EZ7bliOFh9CMuCA"
    "PgdCuS3A9YscH1XqTo4UNB49jcfGAkWfa5nMWVowmrtsNEOs9kWwGWK1EKvtT6w2EUcNApEFak"
    "LTosdbNVOPIF9r6WMSsrK49gLRJdFtgy9GLg1y300IMq1HoebJoDMOQ9H76H4RkLlHlgxRiwFU"
    "dVlmtqn6LqvxhRHpfJR7fY+pE+YOgv4Q3u5EeDtYBk1CsAuK1QRhO9RaePWpsBCCfQkKKNgZL4"
    "LNwX7ebHtK0oCNUW1jxNmALS2MvvX5yNoXyTXVpUzQz1xcvwqCgEUtQxK3K/VmXw5MRBPr6c3S"
    "NYeOTtGE+W7BISXFQwr01d8HI3/8FGjsaUsu9S0naoKUDih/iAIVgXJblNsZUodPEKN+T80aXW"
    "+kG1c5jQsFT4GnOFxm3dXTNugpLleWFwujyR6fWE6wv3d5fwc/4soMTlCa1gYoHFWzAbs93tLr"
    "IhwT9BDetWT+x7pSA5CTNIBzPZz1koZb55dBnsGAuC5zG+K+oAHU9VAf2xahnqEDfo4UeKDHg7"
    "jnpw4XCoiBD3p8sOiYTR3lHWrEgjQdoK/5FdAnYWlSI3Bn6e3D5XMAV3S54rjWmJjaDCkg3+lu"
    "YZven4V2/6giXsaE2bpsqJoFuFGfG44rBL1nlHZXr2BBjhQkkuYXEey1shGsDh8KyYEXmrzA4w"
    "kx9fiQJQUe6FYkYs6oeC8tNhRRAyd0JRP3DIopayySknQ9qk/cMP6juUe4YRXkRFShn6SCld8G"
    "eeY3rNFKkQH2eth73sPIeN0M+AUNoN4C9QMN1A8A9ZaoDzVQHwLqLVE/1ED9EFBvifqRBupHgH"
    "pL1I81UD8G1FuifqKB+gmg3hL1NxqovwHUW6J+qoH6KaDeEvUfNFD/AVBvayXpGKcHYJ22xl3L"
    "PAX7tDXuOgbqAViorXHXMVEPwEZtjbuOkXoAVmoL3GUPiQnBZlO/b5oO0G+JfsMNNk0H6LdEv+"
    "E2m6YD9Fui33CzTdMB+i3Rb7jlpukA/ZboN/QPp+kA/ZboN/QTp+kA/ZboN/QXp+kA/ZboN/Qb"
    "p+kA/ZboN/Qfp+kA/bbWlq6xC77k1eCvbe6CvbsS/HUNXvAtrwZ/XZMXfMyrwV/X6AVfc1P8c1"
    "0Ht9gh72fmu4Oy/njq5t7y7niTaNzS3ngXYtWIlSL4kG+Kl7kH3fCgGx50w2vBGOiGB93woBse"
    "dMPbMJTQDW/Xu7RBNzzohtc/qwu64W0bdeiGt30eQDe8bvABuuFBNzzgCnTD6xL+0A2vS9yAbn"
    "jb5wF0w+sQL6Ab3tZ5AN3wusIJ6Ia3XfyhG952kYdueNvAHrrhbQ116IYH3fBeCurQDQ+64b0U"
    "1KEbHnTDeymoQzc86Ib3UlCHbnjQDe8F4Q7d8KAb3kvCHbrhQTe8l4E7dMPrBPrQDW+b6EM3vG"
    "2iD93wtok+dMPbJvrQDW+b6EM3vG2iD93wtok+dMPbJvrQDW+b6EM3POiG96Lxh25428UfuuFt"
    "F3/ohrcp/DvSDe9TUKb4kT0OCtrhJe7uVfXDC4sdDTscuLQh3hmyiflIXESo5873EOYII5fN9t"
    "Glx5FlIosjb0JQOPF36hqm4jpFzDUFIXtAqlPZIMPXFU79hX6hqjsferBsL7whKG2Le2gi56VI"
    "LVJxFXvieSaXk8ghlrmHOAuuY+QI7BElM/G47x8sV1Bb/At1xYcTP/R/5EtiKsaFT5evmbhkib"
    "lf3Yt/99UEhiUrTe//UdYycEm3P/FvrtNfdC3uGxRd4B72fJ68wnxvzILmcPJSo96A5T22Vt9d"
    "a3mDwME/H3w6lqsSqSfJf47+NViTdGnTbqu8ByBu3P8PQ+8/6P3XH9ZC7z/o/bdVKNfd+w8602"
    "2mM91U6E+sQDZUNFmMKXqI8cFJDYgPsnvkAmF5C5pYbnYJL5T1NMS3U2zbpXb8gmpzJvw6cQ6s"
    "+MPhm5PYbpe/VFnqt1dnHz8WuEYWpk7dNZsg6eOqrbO7Dct3t2Fud1OdxJoAHBP0EN7TGuielo"
    "J7msV2692UoGvG2w71UwJuvO1ARyXgwtvO9FQCXryFrkrbxn+Xuir1FPxdaazUO/hVqVKRxbq0"
    "vqmFwQpSRwZ8fIGQVCqbop8hhMXfPvGiKQsyhMCCdtaAMXMtj+ibBDl6kEqr4MfBpDVLUlMAV3"
    "S5gn3TYkLXdHw9Z1IxPfCjHT+E9tmOIbkJgCO6HLGm8jwM/S+kmB740Y4fLb6QkgmAI7ocmZGR"
    "wQl2xebckBVZSuBBu32DE/EyptaOkSAFLuhygRP32RoLe8FqljiVpdOKf3aNA6nw5+GwRvzzcF"
    "gaAJW3Miue8hlxjcaZJ1m6/mG9lvwTFRLgzHfHjUL6GbL+gb36pMD4VMKxWKJNsM4RAtrL0X4i"
    "84ZpwwuKFknDHUN5NTnD2PPI1Ck6YO2X25vrspKFBU22cMEae+hvVZXTK0QlGHLmuFghWp+vrs"
    "5+yy7ddx9vzrPQywnOu1NqdiYUSO/imVBvUFBqlri7V1VqJtVQzyDxwKWlZjdUVmxRElVvSfDt"
    "fNlY+bA65VXiDZiSmlGJFFZFRckrnjwfMFmA1Y+yKaUg8X1ZmUbJTPx5UD0F1VPbr56KP8ja+n"
    "5E0MOk0rVo+gsJ1wDikKKHGK9e5Qw3DAVSA5QzZD2EevVOgtTe3BDowv23BzbUetwDE1nQ3kjz"
    "T5C0Uvy11nRC0Rn5lu1ZlO/Lx25DyVmZPZAKkzhNlnwwun9rffXCO+qI0UykpKkA5+U4Q33WWo"
    "o2u+IyMKcW/cyV0Z33GMQ39yodBnKY4UfjlremoQiPx8ynXtC+ZYrniFuPVLV2Yco3oKZUXV14"
    "Qf+Z5vTLPQzgK+iCr0AuIvVzA2mTpFmNuFkO+eaEzXEdHVGMKhc3xzkd0cGcz5gQHRPMJ02gzh"
    "H2ULwPj4/raOXHx+VaubyXUVaY3WhNR+M3h28gxdclLdbd9sDihvR9PBeAfM4ElpiWiOskXQbs"
    "kSBcF9qRQNmsYD6/ufmYsm/OLzOZFNefr84vBPYK+nCrf1uYROwSCYnR3LmbpgQnb6edvDYOeg"
    "4K/a45p3PEK2B2x4yvPvE63twDf5DOt10yBXzknWN8A/MzmVXHucCpKK0xpPzxwydi47IgRMKq"
    "vA2m2l3OL66GUunb2s30CLMySz2B6TJjnSeG1mglK61rYn4vTOqRy2bC3tpHd8LKHjP2ZJHvOO"
    "JE7Oqy5yriHnOJKVvCWh5HpiUMcA8xas+L2siuato6+QPKPQEZAZ2w8gP+NbGHFhS9s/BX77EF"
    "3by323ZON+eEaKvmCVpgdadZTb46lphOg9Fpys2weZOytE9chkjxmvL4hepnCL26WXvfNNUGHb"
    "Gb8cEe1Uo+OapIPjnKJ58ozJqp0gkSaP1dFBdOo5uH9kdhGQk76gOZK4AvxXtgWlzkUxDV3U1c"
    "c8a3uOziWWzXJVeVAEBYSyRwZL87u3139v5i8G070fYrdWMqZMqdLHceFFjy2SF7Vcb8NB4c1E"
    "/Xs+c/kWcx2BT2M+EIuwQ9EcfbUye0PBHiyAC65SL5Xm+RKgaQh7sIG9wh+EmdlOLljfkVzQlx"
    "+u5Ior0KC75pjL6/8fla2+hBxTZ6kN9GwT+yVn1w0vCgh2h8D5MdVh+J52PWLJs+JgB4a8ALvj"
    "2dnW7nXAHKPyeUWB1GZ2kh6t5lTruB4qzB5zQlcLlrXO5IhvcvzHcptn9l3PJKosfZIXtVNud/"
    "g8GGkxy91Oa8Ys/EjM7u5OLxsvyb8qBgUcZ1PRX49alHXB6d6jnC3niCBMziCsvbnCuYUx5A+k"
    "kaotJkpeSZuMglUzmvPF1UzCi0c6QaUaMH5iKCBS33sOtJmxWjGXOfiCssWnl+KVGJ6LLwAUnO"
    "IZvRxy8UP8hzTYW9OxMvJFe4PyXBaaiBV0I8aGZ54o0E9Xgiy+PVi8rR7OFBWNCIU+zwCROPdN"
    "X7j598R9z7Qu/F0j4z3l9+ug8MbTkP8z0VIhfWtXoo820TjSIYxIMfxfeFHlw2VcNG5NGissv/"
    "PrpmSB6iOsVPhH+h6iWsqWAytwTjgwdQ5ok3fETCdCUR7uoP53jO0UySpCDHtjyBdY4mzDbbmv"
    "fRsmtW7pOmAtuoxDYqN/STX3km5afqZJsEFXROLsrErdXFzHdMTWU/TQnKPigHxcrBTwHXS/SC"
    "xN1KleAxPa5Ww5j4vHCbib2SE9fCtsVJtGlPp3J7Epvs1PfUzHxx3Df1pyO5vYyI2myfLbVFob"
    "B6IdtyZh0P+kLVkeLrcFlXHyNYuI9pitTt7mNtDxAs37Kese0X1YFU7FcxyeY2q9c7v1N1RIS9"
    "U6nmReIrvFNTdIU56/Uk2L8nlrAEwqPApWKuwm+BSFHTBEr9YnZ0b5n3SqvHI6Gj542Zlcy4Yl"
    "lU2by5Z5JoI6pdudB6En98E8MmGg9O8xpO84rmMxWH0lc0n3mZqSnpDpNNTRIwRcAUqdrHZQbJ"
    "uNQUSdyt3M/d9LhapkjocJN2gHTyyS1X2QoqLYUHBsQ99u5lIcpsIjZly0Nj6W4UK4BJkjEp7n"
    "a5qolbbOvcH0mFoqHsS1NtLUtGPUn+c7Rj6TGwm69xN4etB7ae1W49PxPseiOCC9smL25WbjyT"
    "1LAaNZVB7Og7vodGc7UdyOcWVUmWD2yxLwSTNpFRCwoIozQOo4DMApm1Wpn1gcw/yZTPAokV3a"
    "qUV/LwBDcatVRcfaaeZQc6KkaCVGqslHkIc5n0LZVbJvRdldW8h8LfCDUdJrguyWR0nQX3Fal4"
    "YTMv69b2lAJB+Xvi+Ij4CJposqBQfJtus1AYdleAdsNrtp0zQ3ZIpDZw6TQ+wKndyU1dA3EDvZ"
    "lj8dIA5CQN4FwPZ1/uI00VrpgIiqS7pnKl82Uxb3YowoICvp/y76c7au2th73CeG58b6liy+Nh"
    "NQxxQfAdRzJrHhHXZW6YTDlRqqJ0ycr+Qz53hCQm5ltxEwUnF6phGHmyFRHHlhm4e4PxI1yg3q"
    "73US2cAV1Ro16GczhmsEZeX5YWsv67vFfJ71WDyQky4G+X+fuALVt8ipJfBT0RS30AWbLeJJ0N"
    "D47eHJ0enhzFToD4SpXtn098ViVsaodsouilqfrXGWctttICNN1SwyQxyKuuyauO6PWfwyORb1"
    "RiwaBAu8+MqNTx4wOW2WJwnWNHIs15oVjLMi6hS4bzobBIOqzJmk1YwvdseaG2LhM1pXf6icrK"
    "saJuKOt9VKE3O8wczZx+mmqBqjJKwwFRxkGiKvwPeYZq0fVSu8Fls0K7ocoBvqABJ/hqnODNKu"
    "JWWQnXrd3xuE6miRhVcW5HLtcEEnnWeCakEFnPltksCyFJ00OQV9/sJr0v1PXvpKkgVJZNKE/s"
    "pLXzyRM0AGhWznbEA9kLMKFHkA7AO2HNpdgctHTQYXOKEmz2rnG5KzY7F9ffixVAy44dyYzYq7"
    "TZ5VjDTA2uWymOHGE/T5gfBMLu3wtcr28vb66NDxf/d/826DxicfToMt8RJvRojiixVEwtqKKk"
    "wqZW2SrFdRorfYJsKXMf/5mqtuNebFb3cQlI7AEIDzHdk8a/bKhiyrFyxL2qR74vN/ZH/viJqI"
    "83heeijDmlviU1jyBnJ+8bSFOkZg0fptwDyakKB0GiXCd9BIsF02SfWFCBKtC5TSLdMDbxKdY1"
    "pVNEYEvXsKVLOkuUQ1zWV6IP8B4MT+tUdg1Py0u75D3wVoC3YtcAhUzpdUelXSL+0sKsisrYUo"
    "KqN0kVG+45p6L5DXFf0ADqmp3+qIzwUiMwkvVWf/kcwBVdrjiuNSamNkMKyIEXerwYT2Q/Humz"
    "NGQ7WU2WVM0CnNHjjNC+p054AFFDduRIgQeaX4fA0SaqjZ0OHwrJgReavMDjiUzv1eFDlhR4oM"
    "eDoOZLvJcWG4qogRO6kol7BsWUNRZJSTot9DsWlXxxnVnPiFB/J4OCuGF4Z68qXogXY5aFCctZ"
    "sOKGqC8lWtWykKOiNzNxm4YpEiR99J4dH9fKWj2uyFo9znVIcxqdJB0O7yG6azmdUTzRKzxL+p"
    "fbm+uyzSwmyUZSrbGH/ka2xXfxWIwKcCUYqfBphOmrq7PfsnC/+3hznvW7ywnOt72Zfft/3cum"
    "Ig=="
)
