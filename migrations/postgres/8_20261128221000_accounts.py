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
ALTER TABLE "upstream_key" ADD COLUMN "model_map" JSONB;

ALTER TABLE "project" ADD COLUMN "v1_prefix" VARCHAR(200);
ALTER TABLE "project" ADD COLUMN "failover" JSONB;
ALTER TABLE "project" ADD COLUMN "isolation" VARCHAR(8) NOT NULL DEFAULT 'none';
ALTER TABLE "project" ADD COLUMN "project" VARCHAR(200);
ALTER TABLE "project" ADD COLUMN "location" VARCHAR(200);

ALTER TABLE "request_log" ADD COLUMN "key_id" UUID;
ALTER TABLE "request_log" ADD COLUMN "attempts" JSONB;

CREATE TABLE "key_rest" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "key_id" UUID NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "endpoint" VARCHAR(200) NOT NULL,
    "until" TIMESTAMPTZ NOT NULL,
    "reason" VARCHAR(200) NOT NULL,
    CONSTRAINT "uid_key_rest_pair" UNIQUE ("key_id", "model", "endpoint")
);
CREATE INDEX "idx_key_rest_until" ON "key_rest" ("until");

CREATE TABLE "key_state" (
    "key_id" UUID NOT NULL PRIMARY KEY,
    "suspended_at" TIMESTAMPTZ,
    "test_at" TIMESTAMPTZ,
    "failed_tests" INT NOT NULL DEFAULT 0,
    "last_error" VARCHAR(200),
    "last_error_at" TIMESTAMPTZ
);

CREATE TABLE "upstream_object" (
    "row_id" BIGSERIAL NOT NULL PRIMARY KEY,
    "id" VARCHAR(256) NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "provider" VARCHAR(64) NOT NULL,
    "project_id" UUID NOT NULL,
    "token_id" UUID NOT NULL,
    "key_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "counted_at" TIMESTAMPTZ,
    CONSTRAINT "uid_upstream_object_id" UNIQUE ("project_id", "id")
);
CREATE INDEX "idx_upstream_object_token" ON "upstream_object" ("token_id", "kind", "created_at");
CREATE INDEX "idx_upstream_object_kind" ON "upstream_object" ("kind", "created_at");

CREATE TABLE "usage_dimension" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "bucket" TIMESTAMPTZ NOT NULL,
    "dimension" VARCHAR(64) NOT NULL,
    "value" VARCHAR(128) NOT NULL,
    "project_id" UUID NOT NULL,
    "token_id" UUID NOT NULL,
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
    "eJztXXtz2za2/yoY/dPsjOuJ5Ufc3J2dsRO3dRPbndi527tNh4ZE2OKaAlQCtKJp890vAD7Ep0"
    "SCelD0memkNokD0r8DHpw3/upNGBePHuH7v3rsv2Qoem/RXz2Kx0T+kL+5h3p4MkneUpcEHrjB"
    "+MSwARce1vM9YJcTeckmfOg5E+Ewqga/Jy4RDn1EjBL0RMiEIzEiyGPTPcSZ/BkLNHK4YN4McY"
    "FnHHkE2+pRewhTGxEPc8KRI7iknvF99VSbDeVj5aTreoBPnT99Ygn2SORcnnzM73/Iyw61yVcJ"
    "Rvjr5Ml6cIhrp8B0bDWBvm6J2URf+/z58v2PeqR6+YE1ZK4/pvPRk5kYMRoP933H3lc06t4jof"
    "INBbETEFPfdUNmRJeCN5YXhOeT+FXt+QWbPGDfVYzq/fPBp0PFHzRmNnH5vmPzfUqmlmP/K3zD"
    "xGjLur65s24v7iyrl2OvepMMQ8JLQ0bV0nCoUHj99S2Yd46LvtpTD3j389mnV4cn/9BIROstRK"
    "33TRNigQNSjf0cbP3/HNzvRtgrhjsanwFcvqgJ1NGFOdbzbyCCLwJoDZD2xvir5RL6KEby1/7r"
    "1wsw/t+zTxpmOUrjzORHG3zM1+GtfnBP4T3H13WeiVUX5BSREdLhkq2xpncbZilQnx2beHVQTt"
    "J0cDmfHFWA+eSoFGV1Kw3yQIp5y/fcOiAnaVaykluFcf/10WmlxXx0umA1q5tppB1uSZVASoE8"
    "1OeMuQTTks0wSZeBeyAJ17WoI2my2W3v/Obmo5p5zPmfrr5weZdB+fPV+cWnVwcafDnIEfry5f"
    "VdBnCPyD+WC25NiGeNHeqLAugvqSiGvYQ6wwD5F+3gen9UL/F9/+DozdHp4cnRqRyi3zO+8mYB"
    "h/JAq89ngj3susS1ItxqQF1KD2DnwZYosSmxrUBJzaP8y+3NdTHMecoMvrYzFOhv5EqzYPdwXg"
    "CigiQlUyJB/erq7LesDH/38eY8q3OrCc5L+MA859GhRoxIkAInzDnxfGBNPPLgfK2jw6SIuqjE"
    "rEEhf8COy56LFPLytZ6kgUVuvsgdzlysX7LGIk8Rbc4c6lFGSd5lEl9dxQKvoqKX6+c55TzhvK"
    "thakYkID+q+U3YsPYSTtIAzJVg9umYCOKRApdrOc4pog2KCq0Lrcu9ulaRMfSIAsPCBVLjvbwj"
    "nDEpxjpNmd0VQ9L96IcddFotAPru8uri9u7s6tfUDvn+7O5C3enrq7PM1VcnGa7Ek6B/X979jN"
    "Sv6D831xfZjTQed/efnnon7AtmUTa1sJ3EJLocXUp/TRPbkM1pSmBzq9lsq3iZEZvTlCtgc8t2"
    "rF3nsopJPjwlAmXqwgAPn6bYs63UnflyUDHPAj9tSPXjh0+kVLGO48afJxJGgscfyGx3P+751X"
    "Blpr4awZ5Ike+jHlB3apYuQaRWGOuzsjWXvzXuj7NXMMWP+k9Sz/62V7KuChMWMgtvUdKCHw61"
    "nsKxSzMX5KRoLHnkOdhFLsHPRGUWOFylFiCbDL3ZRDIQMerOkISEIYwePUxFkFZAyTPxwutU/s"
    "enxMsnL6zpGcvzF35PWnWO3fsDEhrakNAgUSC1IpQxwQYtmc0YMWuxGEdhZKUqvNH4DkbYD04q"
    "wHuQ1WHm6KpbGTvRmUhhI8jXAojv5NUSGzFF1QmgFymSF7/dLXaZxnrkx5vrn6LhWT9qGnhC9U"
    "Yh31LtblaRxC5f4oXE62LD9hJ3Vr/cp8R5HBUs9dLo75zAKNxrtMoP1gXuioO9kDOy4ZyRAfOp"
    "nJ7VERVJmu65qA8rKRyHCxSOw6LUPod5jpjVEBNJks0JitdZjF+3RzhA6t6mUvcgw6AI666k/L"
    "Ya5tVn/GJfTlwD32h897A96FeRFnJUufrbz8kK7WuxxniSx7g8SyZFBGky5mkyEJQ1YcVOxHEK"
    "0nUKbfpyL2yaapXe2PaydonXNRccq5AS9SPzpMlOP5CZhvlSvgqmwyJTs6iEcjehzcV45GUPT+"
    "PAQGZtSQyCsLBmwdntu7P3F71v5YHH9QaMgvhaYagoDr0tChKJeNDS6NCl4IgTKUvl/7Gn6005"
    "Yg+q9tTxEJvSPTQgQ+xzgrC8KXRsEE0dMUIqS9TFEzTCHIkpQ1jIIVro5uJDa3sKRIh2NELU/p"
    "JXiA/taNhi3Q5z8nXiyIVuoLKmKSHzqM0aq0ee5S5qYpikKYHLbeayEhXlBZDnzuPCGsiOlj7+"
    "0O8fHr7pvz48OT0+evPm+PR17PnO31rkAj+//El5wVPczbvF//SlwmeRCRsWuLlK8c9QbTHC0N"
    "JQZACQih/UW9hpus7guuFFDbXsUMvePbChlr0dXvMITULtCdMvYcCKFDFwozk3nIkRH0Iy4IA5"
    "B0K5LcH1ixwfi9SdHCloPGYaj4slij43MpmztGA0t9lohpjti2AzxGwhZtulmO0c9TAUWaAo1C"
    "+DvNVzdQj0NRdDJkErj3DPUV0a57b4fOzScPfdiCDbeZQKnwo/4zAovY/u56GZe+SoYLUcQHUH"
    "ZubauiezHl8Ym87Hu9f3mCoB7yD8D4HuVgS6g2VQJxg7p1hNOLZFbYdXnxwLwdiXoIqCxfEi2B"
    "zs5/W2pyQNWBuLrY04L7CxrdG1DiBZSyO5qtqVG/qZyztXQUiwuJlIYsAS/dlXQxPxxWr6s3LW"
    "oaNTNGK+V3CQSfGQAr31997AHz4Fmnvaskt904lqIa0Lqh+i0EWg5BZle4bU4RPkqN9Ts0bXa+"
    "nIi9zIhQKowHccLrb26msb9B2XK83zhVFnr08sJ9jn27zPg2dxZYYnKE9rAxSOs9mA/R5v6VUR"
    "jgk6CO9aagFiXakGyEkawLkazmZpxI0zziDzoEc8j3k1cZ/TAOpmqA9dh1BhmYCfIwUemPEg7g"
    "ZqwoUCYuCDGR8cOmTjifYR1WJBmg7QN/wK6JO0NKkVuLPM9uHyOYArplyZeM6Q2MYMKSDf6T5i"
    "m96fpXb/qCNf1oi5pmxYNAtwozo3Jp4U9MIq7b++gAU5UpBIhl9EsNeqFrEmfCgkB14Y8gIPR8"
    "Q240OWFHhgWqOIOaPyvYzYUEQNnDCVTFxYFFNWWyQl6TpUsbhh/AczQbjlFORGLEI/SQUrvwny"
    "zK9ZtZUiA+zNsBfiYWC9rgf8nAZQb4D6gQHqB4B6Q9T7Bqj3AfWGqB8aoH4IqDdE/cgA9SNAvS"
    "HqxwaoHwPqDVE/MUD9BFBviPobA9TfAOoNUT81QP0UUG+I+g8GqP8AqDe1kkyM0wOwThvjbmSe"
    "gn3aGHcTA/UALNTGuJuYqAdgozbG3cRIPQArtQHuqpfEiGC7rt83TQfoN0S/5gabpgP0G6Jfc5"
    "tN0wH6DdGvudmm6QD9hujX3HLTdIB+Q/Rr+ofTdIB+Q/Rr+onTdIB+Q/Rr+ovTdIB+Q/Rr+o3T"
    "dIB+Q/Rr+o/TdIB+U2vL1NgFX/Jq8Dc2d8HeXQn+pgYv+JZXg7+pyQs+5tXgb2r0gq+5Lv657o"
    "Nb7ZP3M/O9XnmXPH17r0qPvFE0cmmHvAu5duR6kdzIt8bL3IOeeNATD3riNWAM9MSDnnjQEw96"
    "4m0YSuiJt+u92qAnHvTE657tBT3xto069MTbPg+gJ147+AA98aAnHnAFeuK1CX/oidcmbkBPvO"
    "3zAHritYgX0BNv6zyAnnht4QT0xNsu/tATb7vIQ0+8bWAPPfG2hjr0xIOeeC8FdeiJBz3xXgrq"
    "0BMPeuK9FNShJx70xHspqENPPOiJ94Jwh5540BPvJeEOPfGgJ97LwB164rUCfeiJt030oSfeNt"
    "GHnnjbRB964m0TfeiJt030oSfeNtGHnnjbRB964m0TfeiJt030oSce9MR70fhDT7zt4g898baL"
    "P/TE2xT+remJ9ykoVPzIHnuFTfES9/cWd8ULSx4tNxy6tC3eGXKJ/Ug8RKjwZnsIc4SRx6b76F"
    "Jw5NjI4UiMCAon/k5fw1Rep4h5tiRkD0j3K+tluLvCqb/QL1T36EMPjivCG5LSdbhAIzUvRXqp"
    "yqtYyOfZXE2ihjj2HuIsuI7RRHIAUTKVj/v+wfEktcO/UE9+PvFD/0e9JKZyXPh09ZqJS46c+9"
    "W9/HdfT2A5qt70/h9ljQOX9PyT/+b6/UXX4u5B0QUusPB58grzxZAFLeLUpVodAss7ba2+x9by"
    "NoG9fz74dKhWJdJPUv8c/au3JhnTpOlWeSdAXLsLIIYOgNABsDushQ6A0AFwq1CuuwMg9KfbTH"
    "+6sdSfWIFsWNBqMaboIMYHJxUgPsjukXOE1S1oZbnZJTxX1tMQ346x65Za83OqzRny68Q5sOUP"
    "+29OYutd/bLIXr+9Ovv4scBBMjd1qq7ZBEkXV22V3a1fvrv1c7ub7idWB+CYoIPwnlZA97QU3N"
    "MstlvvqQS9M962qKsScONtC/oqARfetqazEvDiLfRW2jb+u9RbqaPg70p7pc7BrwuWiizWpVVO"
    "DQxWkDoq4ONLhJRSWRf9DCEs/ubpF3VZkCEEFjSzBqyp5whibhLk6EEqrYIfB6PGLElNAVwx5Q"
    "r2bYdJXXPimzmTiumBH834IbXPZgzJTQAcMeWIM1anYph/IcX0wI9m/GjwhZRMABwx5ciUDCxO"
    "sCc355qsyFICD5rtG5zIl7GNdowEKXDBlAuceM/OUNoLTr3EqSydUfyzbRxIhT8P+xXin4f90g"
    "CoupVZ8ZRPiWfVzjzJ0nUP67Xkn+iQAGe+N6wV0s+QdQ/s1ScFxmcTDuUSrYN1jhDQXo72E5nV"
    "TBueUzRIGm4ZyqvJGcZCkPGk6Ji1X25vrstKFuY02cIFZyjQ37oqp1OIKjDUzHGxQrQ+X12d/Z"
    "Zduu8+3pxnoVcTnLep4OxMqpDi4plQ0SssOEvc31tccKaUUWGReOjSgrMbquq2KIlquBQL3Hzx"
    "WPmwKkVW8g2Ylp1RoRTWpUXJK0KdFZgsw+pG8ZRWk/i+qk+jZCr/PKihghqq7ddQxR9kZa0/Iu"
    "hgaula9P25hKsBcUjRQYxXr3iGG4YGqQbKGbIOQr16V0Fqb64JdOH+2wFLaj1OgpEqa6+l/ydI"
    "Gqn/Rms6oegMfMcVDuX76rHbUHJWZhWkgiWTOks+GN29tb564R31xagnUtJUgPNynKFKay2lm+"
    "1xHNhjh37m2uwu8hvEt/eWuA3UQMuPRi5vU0MRHg6ZT0XQymWMZ4g7j1S3eWHaQ6Cn1B1eeEEv"
    "mvr0y/0M4DFog8dALSL9cw2Zk6RZjdBZDvnmRM5xFU1RjioXOsc5TXGCOZ8yKUBGmI/qQJ0j7K"
    "CQ7x8fV9HNj4/LdXN1L6OyMLfWmo7Gbw7fQIqvS1qsuwWCwy3lAXkuAPmcSSwxLRHXSboM2ANJ"
    "uC60I4GyWcF8fnPzMWXlnF9msiquP1+dX0jsNfRykCNKki2GHlGQWPVdvGlKcPW22tXr4qD/oN"
    "Tv6nM6R7wCZrfMBOsSr+PNPfAKmXzbJVPAR946xtcwQpMZdpxLnIpSHEPKHz98Ii4uCUWkLcvb"
    "YLLd5f38aiiXvm3AXI9QK7fYE7guN9p5YnCF9rLKyib299K0HnhsKu2ufXQnre0hY08O+Y4jTu"
    "TurvqwIi6YR2zVJtYRHNmONMQFYtSdFbWWXdW0VbIJtJsC8gNaYe0H/KtjF80pOmfpr95/Czp6"
    "Z7fvnI7OCTFW0RO0wOpWs5p8nThyOgNGpyk3w+ZNytIucRnixmvK7ZeqnyW163otf9NUG3TIbs"
    "YXe1QpFeVoQSrKUT4VRWNWT5VOkEA78KIocRrdPLQ/SstI2lEfyEwDfCnfA9PCwp/iCO9uIpsz"
    "wuVlD09jyy65riQE0l4igUv73dntu7P3F71v24q+X+lbYylX7lQZdK/Qos8O2lts1I/j4UFtdT"
    "W7/hN5loNtaUcTjrBH0BOZiD19essTIRMVUHc8pN7tLdIlAurgF2mLTwh+0qeoiLxRv6I5IW7f"
    "Hom0t8CSrxuz7268vtJ2erBgOz3Ib6fgJ1mrXjiqeQhENL6DyQ+rj8zzIauXYx8TALwV4AUfn8"
    "lOt3MuAe2nk6qsCaOztBCFbzOnvUBxNuBzmhK43DYutybv+xfmexS7vzLuiNJYcnbQ3mLL87/B"
    "cGuSHL/U8rxiz8SOTvfk8hVUaTjlQTGjivIKHQb2qSAej879HGAxHCEJtrzC8pbnCuZUR5R+Uu"
    "aoMlwpeSYe8shYzavOH5UzSh0d6VbV6IF5iGBJywX2hLJcMZoy74l40q5VJ5wSnZ6uiiKQ4h9y"
    "GX38QvGDOvlUWr1T+UJqnftjEpyXGngo5IOmjpBvJKmHI1U6r19UjWYPD9KORpziCR8x+UhPv/"
    "/wyZ/Ie1/ovVzgZ9b7y0/3gbmt5mG+0AFzaWPrhzLftdEggkE++FF+ZejBY2M9bEAeHarOAdhH"
    "1wypY1bH+InwL1S/hDOWTOaOZHzwAMqEfMNHJA1YEuGu/3COZxxNFUkKcuyqM1pnaMRcu6mRHy"
    "27eqVAaSqwkEospHJzP/mVZxKBFp19k6CC3spF+bmV+pz5E9tQ5U9TgsoPKkKZivBTwPdS7SBx"
    "f4li8JgeWamlTHyuuMvkjsmJ52DX4STausdjtUnJrXbsCz0znx8LTv3xQG0yA6K33GdHb1QorG"
    "zINqVZx4O+UH30+Drc14uPGyzczQwF63Z3s6YHDZZvXM/Y9YtqRBbsWjHJ5ras1zu/X7VGkL3T"
    "iejFQiy8V1mAhVnt1eTYv0eOtArCg8OVkq4DcoFg0dMECv58dnTv2Pdaw8cDqa/nDZuVzLhiib"
    "Sw1XPH5NFG1Lxy0fUk//g6Rk40HtzoFdzoC5rULDjCfkGTmpeZtJLuR1nXPAGzBMySxbu5yioZ"
    "LjBLEveX7OpeemQlsyR0wSmbQLn91Mar7QadrsIDY+Iei3tVqDIdya3ZEWioHJByHTBFMiTFvT"
    "FXNXGDzZ37A6VW1JSAaaqtZc/oJ6l/jnYsbQb29DXu6bABwQa06g3oZ4I9MSC4pNXy/PaS7WeU"
    "Glih8jKIKX3H99BgpjcF9eyiWsrygQ12h2DSOpJqTgHhldrhFZBcILlWLbk+kNknlRJaKLeim0"
    "ukljp8wYvGLRVan6lw3EBfxUiSKu2VMoEwV4nhStFlUvfVmc97KPyNUHvCJO8VmYq9s+C+JpUv"
    "becl3tqeUiAuf08cPxEfYRNNFhSVb9ORForE9orRdvjRtnPmyA4J1hpOntoHQDU7+altIG6gq3"
    "MsXmqAnKQBnKvh7Kt9pK7aFRNBQXXbFK90Ti3m9Y5TmFPA91P+/bRJub0VWJTEeeO7FdRbHg+s"
    "YJRLgu84Uvn1iHge88KEy5FWGJWTVnUs8vlEymNiv5U3UXD+oR6GkVDNizh27MABHIwf4AIld7"
    "2PauAYaIsy9TLcxTGDDXL/srRQH9DmHUt9rwZMTpABf9vM3wfsuPJTVPwq6KZY6gnIknUmJa1/"
    "cPTm6PTw5Ch2BcRXFnkA8snRuthN75B11L00Vfd66azFYpqDZlqUmCQGedU2edUa7f5zeLTyjU"
    "426BXq+JkxSzT9+LBmNh9e5diSSH+eq9eq4EtqlOF8KCyqDqu3piOW8EM7ItTZVRqn8lQ/UVVj"
    "VtQ9Zb2PKvRsh3mlmTNUU61Tdb5pOCDKREhUkf+hTmItul5qPXhsWmg9LHKGz2nAIb4ah3i92r"
    "lV1sy1a488rpKBIkctOPcjl4MCCT5rPFlSiqxnx66Xl5Ck6SDIq2+Ok94Xqnp50lQQNsummyd2"
    "0srZ5gkaADQrZ1vih+wEmNBTyATgnbDpUmwOmj+YsDlFCZZ727jcHsudyzvv5Rqg5YeWZMbsLb"
    "Hc1WjLTg2vWlOOJtKKHjE/CIrdv5foXt9e3lxbHy7+7/5t0KnE4ejRY/5EGtKDGaLE0fG1oNKS"
    "Ssta568UV3Gs9AmqBc19/Gfqyo97uWXdxwUisR8gPAp1T7kAVAMWW41VI+515fJ9uck/8IdPRH"
    "/CKTznBc8pJS6pfwRZPHkPQZoiNWv4MO0kSE5VOAhS51rpKZgvmDq7xZwKFILWbRXpNrOJT7Gq"
    "QZ0iAou6gkVd0oOiHOKyDhRdgPegf1ql7qt/Wl74pe6BzwJ8FrsGKOROrztC7RH5lxZmWCyMMC"
    "WoOpNgseEedTqyXxP3OQ2gbtgZkKo4L7UCI9ls9ZfPAVwx5crEc4bENmZIATnwwowXw5Hq2aM8"
    "l5ZqP2vIkkWzAGfMOCO17/EkPLaoJjtypMADw69D4ugS3erOhA+F5MALQ17g4Uil+prwIUsKPD"
    "DjQVAFJt/LiA1F1MAJU8nEhUUxZbVFUpLOCP2WxSZfYA/XMyIV4FGvMHoY3ttbHDXE81HLgoXl"
    "jFhx69SXErNqWNqxoJcz8eoGKxIkXfShHR9XymA9XpDBepzrojapdRp1OLyD6K7lZEf5RFF4Hv"
    "UvtzfXZVtaTJKNpzpDgf5GrsN38TCNBeAqMFJB1AjTV1dnv2Xhfvfx5jzrfVcTnG97S/v2/1rQ"
    "5aU="
)
