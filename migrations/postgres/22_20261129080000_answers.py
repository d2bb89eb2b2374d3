"""Answers that are kept, in settings, log and counters; endpoints allowed by hand.

The release before fills none of it; a row of its own was looked for in no cache.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "project" ADD COLUMN "cache" JSONB;
ALTER TABLE "project" ADD COLUMN "allowed_endpoints" JSONB;
ALTER TABLE "project" ADD COLUMN "extra_endpoints" JSONB;
ALTER TABLE "request_log" ADD COLUMN "cache" VARCHAR(8) NOT NULL DEFAULT '';
ALTER TABLE "request_log" ADD COLUMN "saved_nanos" BIGINT;
ALTER TABLE "usage_minute" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_minute" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_minute" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
CREATE TABLE "project_cache" (
    "project_id" UUID PRIMARY KEY NOT NULL,
    "epoch" BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX "request_log_cached" ON "request_log" ("id") WHERE "cache" = 'hit';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "request_log_cached";
DROP TABLE "project_cache";
ALTER TABLE "usage_dimension" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_dimension" DROP COLUMN "cache_misses";
ALTER TABLE "usage_dimension" DROP COLUMN "cached_requests";
ALTER TABLE "usage_hour" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_hour" DROP COLUMN "cache_misses";
ALTER TABLE "usage_hour" DROP COLUMN "cached_requests";
ALTER TABLE "usage_minute" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_minute" DROP COLUMN "cache_misses";
ALTER TABLE "usage_minute" DROP COLUMN "cached_requests";
ALTER TABLE "request_log" DROP COLUMN "saved_nanos";
ALTER TABLE "request_log" DROP COLUMN "cache";
ALTER TABLE "project" DROP COLUMN "extra_endpoints";
ALTER TABLE "project" DROP COLUMN "allowed_endpoints";
ALTER TABLE "project" DROP COLUMN "cache";
"""


MODELS_STATE = (
    "eJztXWtz3Day/Suo+ZLcKkVlvWyvs7VVkq0kSmwrZcmb3I23KMwQmsGKQ8wSoMa6u/nvFwAfw+cMAc"
    "6DQ3WVy7ZINEidBoHuRvfBfwYzxsU4IPzw14D9i4zE4A36z8DHUyL/U755gAZ4NsveUpcEHnpR+0yz"
    "IRcB1v3dY48TecklfBTQmaDMV43fEY8I6o8R8wl6IGTGkZgQFLD5AeJM/h8LNKFcsOAJcYGfOAoIdt"
    "WjDhD2XUQCzAlHVHAp/cQP1VNdNpKPlZ1u6gGhT/8dEkewMZF9BfIxf/xTXqa+S75KMOIfZw/OPSWe"
    "mwOTuqoDfd0RTzN97fPnq3c/6Jbq5YfOiHnh1F+0nj2JCfPT5mFI3UMlo+6NiS/fUBA3A7Efel6sjO"
    "RS9MbygghCkr6qu7jgknscekpRg7/eh/5I6QdNmUs8fkhdfuiTuUPdv8VvmGntOB+vb52by1vHGZTU"
    "q96koJD40oj5amhQXyi8/vNn1O8CF311oB7w9qfzT9+evPwfjUQy3mLUBn9qQSxwJKqxX4Ct/y3B/X"
    "aCg2q4k/YFwOWL2kCdXFhgvfgGEvgSgDYA6WCKvzoe8cdiIn88fvFiCcZ/P/+kYZatNM5MfrTRx/wx"
    "vnUc3VN4L/D16CNxTEHOCVkhHQ9ZgzG93zDLCfWRuiQwQTkr08Ph/PK0AcwvT2tRVrfyIA/lNO+EgW"
    "cCclZmLSO5Uxgfvzh93Wgwn75eMprVzTzSlDvSJJCzQBnqC8Y8gv2axTArV4B7KAU3NaiT2WS7y97F"
    "9fV71fOU8397+sLVbQHlzx8uLj99e6TBl42o0JevPt4WAA+I/GW54M6MBM6U+qGogP7KF9Ww10gXFC"
    "B/oz0c72P1Et8dH52+On198vL0tWyi3zO98mqJhspAq89nhgPsecRzEtwMoK6VB7DLYEuU2Jy4TmSk"
    "llH++eb6YzXMZckCvi4dCfRf5Em3YP9wXgKigiQ3pyQT9bcfzn8vzuFv319fFG1u1cFFjR5YQMfUt1"
    "JERhQ0Ya+JxyNnFpB7+tXEhskJ9dGI2YBBfo+pxx6rDPL6sZ6VgUFuP8gpZx7WL2kwyHNC23OHBj7z"
    "STlkkl5dxwBvYqLX2+cl4zwTvDNwNRMRmD+axU3YyHgIZ2UA5kYwh/6UCBKQipBrPc45oS1OFdoW2l"
    "R4daNTBvFdJ+TSObwP2NQZMvfJ0LGv7mCLHn56JQt99YZFx1z7YeiOSZWPWW+IZETADrG3Q2bMoyNK"
    "jKDPygD29tiP8GhSEcKqBz4VANTbO/pyup4x/RIGGqgUBm3Ya4N8lQ+300WFKGiixWwUEIWNgyu8pn"
    "fyjqBTUjMt5SSLOohFD5P/bMr62Y0qbq8+XN7cnn/4NaePd+e3l+rOsb76VLj67cuCjtJO0G9Xtz8h"
    "9SP6x/XHy6La0na3/xiod8KhYI7P5g52s5gkl5NLeW9i5lqqOS8Jau60ml2VL2Sl5rzkGtS8P/PqXm"
    "hZ5WTdP2QShdSFIR49zHHgOrk7i+Ggcr4q3NlY6odfPpHawGKaN/d5JmEkePoLedrfj3txNR6Zua9G"
    "sAdStfdjBtSt6qVPEKkRxo5Z3Zgr35oeT4tXsI/H+ldSz/7zoGZcVSZsFgbesqTNMG7qPMRtV2Zuyk"
    "7RVOoooNhDHsGPRGVWUq5SK5FLRsHTTCoQMd97QhIShjAaB9gXUVqlTx5JEF/35R8+J0E5eXNDz1id"
    "v/lHNqpN3cE/IaGzCwmdEgVilKGVCmwxkrudIO5GIuaTOLOkKbxJ+x5mGB69bADvUdGGWaCrbhX8RD"
    "qTk42Q3ncZ4lt5tcZHzEn1AuhlhuTl77fLHfTUjnx//fHHpHnRay9uUOiFQr6lWt2cqhm7fohXCm9K"
    "DbtLXF7/cJ8TOp5UDPXa7LeFgFW6m9UoP9oUuGtOdrPOmfXVztqWt9P2PmE2RdsZknsWQKLytnYzWe"
    "jL7pnJ/JyV6V9exEkjK+9kiZV3UlVPQllARcU2fe3cnBXZ3uz8oojxi+7MyFAvsq16EUhrrcK6L3Vm"
    "nYZ5/WVmOJQdG+CbtO8ftkfHTWYL2are5zguzRU6wOVM8ayMcf1+eE4IdsJhJxw2z5Zukcah8cpASn"
    "3oOy+1zhB4d1W7ItRd2pFskIf/g/RH6dj/hTxpmK/kq2B/VOVqVvF27Ce0pY01eTnA83Q3pjC2JAbR"
    "XrxWwfnN2/N3l4M/63d7t7NLF21uLt2nS/c/G+3UibT1yr263xTLCVYEJmiOOSJfRxPsy/dF9yw4QK"
    "EvqIeoQMR3KxhUTIVbsKPUhWfrZ5XamOz2NtX0k9Rfp3u2m8ZZGIyMuDsWEr3YiNi0sQ87PrDj0yU1"
    "bHrL556I0cTK/s9Lgv3fafuffJ1R2Z2FmvOS21HzNvdU913LBimSmzWalxjLjYxkA9v4SnDEySgg8l"
    "8caGZAjti9YgmkAWJz/wANyQiHnEgjOGBCZzGiORUTpOr5PTxDE2kWizlD2k7WQ7hkRG/sKZDLtqe5"
    "bN0nJ4RMNrDzKu28DhkA+xNx3wsDIE8b9yhXURtrPi8JWu6yltVUUU9Vd0HHS9nqekpS95fj45OTV8"
    "cvTl6+Pjt99ers9Ys0XaR8a1neyMXVjyp1JKfdci7Jv0Np8DlkxkYVe8O1+BekdpiW09GkyQgglXRj"
    "NrDzcr3BdcuDGlhHtzTMgXUUWEd3jjOQkYA2XIfOrPQQi4EG7DUg8NgI+qQ9YG6POZCvAfna88M+th"
    "AlsmFViHWZY1USBd/KzrfysEQx5FbBuaIshOe6HJ6DlOpnoWZIqYaU6j6lVGeSTKOkhwpDwZwa6kb3"
    "1SPQN0wQlQWtPpdmgerKjBqHL9quTKy5nRDk0rE0+FSiC47TXw7R3WIT+A5RlRYjG/j6VE7mufqcTt"
    "2+MgumnFmzucc0Sa2JEo0gpaYTKTXRMCgDXp/2sZBYT+JHh46iXH86O6R9PAdTFDyOZ6HmaD03W56y"
    "MuBtLPc20gzk1r5G31hRi55GdlR1rHSTyzsfouSD6sLNTIMV9nOommYyGZrZzypYh05fowkLg4rSzO"
    "omFXbrH4NhOHqILPe8Z5f7pjNkHtoWVP9JNkkjI7cqrzyWjp8gW/2R6zW5bmQjLwsjV05AFbHjeLB1"
    "117bYuy43mheDAyTtT4znGCd7/I6D5HFtTmeYDxtDNCdUE91DcpN++/pkt4U4VSgh/BupOootZUMQM"
    "7KAM7NcLYrWGid2wqZBwMSBCwwxH0hA6jboT7yKPGFYwN+SRR0YKeDlHfJRgsVwqAHOz1Qf8SmMx0j"
    "MlJBXg7Qt/wK/AfpaSpWeRXOsluH6/sArdhqZRbQEXGtFVIhvtc039ten6V1P9Y7X86EebZqWNYLaM"
    "NAG1hzSVkqoSwM2Bti70wp51XZ+SuBz0gC6s1R5/hRjlkf+8wQ9IIgYN4c81kgzUnh1J58uQT1kijY"
    "PZazTWTRK6pGGz1UioMuWq26VnooioIObDkXMGe+fC8rNVRJgyZsZyYubBbkvFyPGBi2jP/wSRDu0I"
    "oMrGXoZ6Vg5LdBnoWGtaE5McDeDnsh7ofOCzPgFzKAegvUjyxQPwLUW6J+bIH6MaDeEvUTC9RPAPWW"
    "qJ9aoH4KqLdE/cwC9TNAvSXqLy1Qfwmot0T9lQXqrwD1lqi/tkD9NaDeEvW/WKD+F0C9rZdk45wegX"
    "faGncr9xT809a42zioR+ChtsbdxkU9Ah+1Ne42TuoReKktcFeMNROCXdO4b14O0G+JvuECm5cD9Fui"
    "b7jM5uUA/ZboGy62eTlAvyX6hktuXg7Qb4m+YXw4Lwfot0TfME6clwP0W6JvGC/OywH6LdE3jBvn5Q"
    "D9lugbxo/zcoB+W2/L1tmFWPJ68Ld2d8HfXQv+tg4vxJbXg7+tywsx5vXgb+v0QqzZFP8Sx+lO2Th/"
    "YmEwqOfi1LcPmjBxTpKWK3k4L+XYkeNFaqNMwFm4B8ybwLwJzJstFAPMm8C8CcybwLy5ZSiBeXPfGS"
    "GBeROYN/vnewHz5q5RB+bN3esAmDe7oQdg3gTmTdAKMG92CX9g3uyUNoB5E5g3nxXqwLwJzJvP0e4B"
    "5s0O6QKYN3euA2De7IomgHlzt/gD8+ZukQfmzV1gD8ybO0MdmDeBefO5oA7Mm8C8+VxQB+ZNYN58Lq"
    "gD8yYwbz4X1IF5E5g3nxHuwLwJzJvPCXdg3gTmzeeBOzBvdgJ9YN7cJfrAvLlL9IF5c5foA/PmLtEH"
    "5s1dog/Mm7tEH5g3d4k+MG/uEn1g3twl+sC8Ccybzxp/YN7cLf7AvLlb/IF5c1v4d4Z581NUkvuejQ"
    "eV1JuZ+wfLuTfj4l7Hi5uuJN88Rx5xxyRAxBfB0wHCHGEUsPkhuhIcURdRjsSEoLjjb/Q17MvrPmKB"
    "KwXZPdKsiIOCdtfY9Rf/i6+ZQNE99UR8Q0p6lAs0Uf36SA9VeRUL+TyXq05UE+oeIM6i6xjNpAaQT+"
    "bycd/d00BKU/7FD+Tnkz70e/WS2Jft4qer18xcorLvb+/k34e6A4eqqva7/6mjJ13BLCr/LrGKJtdS"
    "jrLkAhdYhDx7hYVixCIiSnXJiIe0ns9v/Ux+q8lIB3+9D/2RGpVIP0n9dfq3wYbmmDbUfvV8o9iYax"
    "QDzyjwjPZHtcAzCjyjO4Vy0zyjwIK5HRbMqbSfWMXcsITQNZXoIcZHLxtAfFRcIxcIq1tAmLvdIbww"
    "1vMQ30yx59Wz1qRS23PkN4lz5MufHL96mXrv6odl/vrNh/P37ysCJAtXp+mYzYj0cdQ2Wd2O61e349"
    "LqplkLTQBOBXoI7+sG6L6uBfd1EdudcyoBd8abDrEqgTbedIBXCbTwpjPMSqCLN8CttGv894lbqafg"
    "7wu9Uu/g1wVLVR7ryiqnFg4rzDpqwyeUCCmj0hT9giAM/vbpF6YqKAiCCtp5A848oILYuwQleZiV1q"
    "GPo0lrleS6AK3YagWHLmXS1pyFdsGkannQRzt9SOuznUJKHYBGbDVCp+rsHfsvpFoe9NFOHy2+kJoO"
    "QCO2GpmTocMJDuTibKiKoiTooN26wYl8GddqxciIghZstcBJ8EhH0l+gZolTRTmr/c+uaSC3/Xly3G"
    "D/8+S4dgNU3SqMeJ/PSeAYZ54U5fqH9UbyT/SWAGdhMDLa0i+I9Q/s9ScFpiegjuQQNcG6JAhor0b7"
    "gTwZpg0vJFokDXcM5fXkDGMhyHRWdY7gzzfXH+tKFhYyxcIFOhLov7oqp1eIKjBUz2mxQjI+v/1w/n"
    "tx6L59f31RhF51cFF5sKbR1JxK9G+eaDJN1M8SpUkiIPchx57xjFyU6x/Q65+QBR4bTSBJe5g87CcP"
    "4qsNJzOfJSvTv3F9dNwkYVO2qk+SPy4lber9C6MpOhHYXkLsYFDCd22grjkHdqdnuXZt9D6/Kvfz0K"
    "Xi8pH4YlBZ5Z65f7C8yl1FwIRD0qYrq9yvfVUs7pOkcFwpwitXrNc3a1LZLd+A6c88qc7Gup45e0Uo"
    "Cy5b+92Pim0dm+GHqijeJ3P560HhNhRu775wO/0gG4caE4Ee1rNsJMi4mOEMII4leojxJpwrvWBokA"
    "xQLoj1EOr170/k1mZDoCvX3x54VZvZmZgoLh2jmEFGpFXYwM7DWhg6w5B6gvr8UD12F0bORqIJdGYy"
    "5KPW/Rvr65+8EzIusyklLwU4r8YZSsM3whfRncCBO6X+Z67d7qq4QXr7YEXYQDVMY6ANuPF8hEcjFv"
    "oi4o+b4ifE6djX3HJMRwh0l5pWjlcQ4JnLr44zQMSgCxEDNYj0/w3mnKzMeiad1ZBvb8o5a2Ipylb1"
    "k85ZyVKcYc7nTE4gE8wnJlCXBHs4yR+fnTWxzc/O6m1zda9gsjDPbMM0br/F/Q49ZW5qttg07xLljo"
    "qAPFaAfMEkltivma6zcgWwh1JwU2gnE8p2J+aL6+v3OS/n4qqwtfHx84eLS4m9hl42oiKz45FzNgOi"
    "IHHMQ7x5SQj1djrU6+GI9Fjad+aaLgmvQdkdc8H6pOt0cY+iQjbfdk0X8JF3TvEGTmg2rZ9ziVNVlk"
    "Es+cMvn4iHa7Yi8p7lTdTZ/up+cTWel/7cgrueoFbvsWdwXe2080zjBpz2yssm7nfStR4GbC79rkN0"
    "K73tEWMPlHzDESdydVfk74gLFhBXcdNTwZFLpSMuEPO9pyo++3V12ySbQIcpID+gE95+pD8Tv2gh0T"
    "tPf/3xW7DRe7t8l2x0Toi1iZ6RBVV3WtXk64zK7iwUnZfcjpq3OZf2Scuwb7yhgkJp+jnSujY7ZyAv"
    "tdME9I1UCDVKRTldkopyWk5F0ZiZmdIZETiDpGqXOI9uGdofpGck/ahfyJMG+Eq+B/Yrq42rd3j3E9"
    "mSEy4vB3ieenbZcSUhkP4SiULab89v3p6/uxz8uavd9w/61lTOK7eKe2VQ6dEXGx0sd+qnafOI0KWZ"
    "X/+JPMrGrvSjCUc4IOiBzMSBPjLugZCZ2lCnAVLv9gbpEgF12pz0xWcEP+ij20TZqV9Tn7Bv350Z6W"
    "CJJ2+6Z9/f/fpGy+nRkuX0qLycQpxko3bhxPDkqaR9D5Mf1r8zz0fMLMc+FQB4G8ALMT6blW7vQgI6"
    "TidNWRtFF2VhF77Lmg4iw9lCz3lJ0HLXtNyZvO+fWRj42PuVcSpq95KLjQ6We57/ipo7s2z7lZ7nB/"
    "ZI3ORIcS5fQZWG+zwqZlS7vEJvA4e+IAFPDhsfYjGaIAm2vMLKnuca+lTnon9S7qhyXH3ySAIUkKnq"
    "Vx16LnuUNjrS52OgexYggqUsFzgQynPFaM6CBxJIv1Ydq050eroqikBKf8hj/viLj+/VcevS653LF1"
    "LjPJyS6JD2KEIhHzSnQr6RlB5NVOm8flHVmt3fSz8acR/P+ITJRwb6/UcP4Uze++LfyQF+7ry7+nQX"
    "uduqHxYKvWEufWz9UBZ6LhomMMgHj+VXhu4DNtXNhmRMfXX40CH6yJA6232KHwj/4uuXoFOpZE6l4q"
    "MH+EzINxwj6cCSBHf9i3P8xNFcieQgx546GP4JTZjntnXyk2FnVgqUlwIPqcZDqnf3s195IRFo2YF7"
    "GSk40KEqP7cRuWo4cy1N/rwkmPxgItSZCD9Geq+1DjL3VxgG43zLRpQycpk6RFdyIfKYXDE5CSj2KC"
    "fJ0j2dqkVKLrXTUOieuVqWoxXSD6dDtcgMiV5yH6leqFBc2VAkpdnEg774LHBJsInw9fIzjitXM8uJ"
    "dberWdvTjesXrkfshVU1IktWrVRke0vWi71frzozkb3ViejVk1h8r/EEFme1N5vHfptQ6RXMAvYvMt"
    "JGut6QiyYW3U1k4C96R3fUvdMWPh5Ke73s2KylxzXPSEvPl+jZfLQVM69+6nqQv7yJk5O0hzB6gzD6"
    "EpKa+j3jZSQ1zzNpJU+CbeqegFsCbsny1VxllYyWuCWZ+ytW9SDfspFbEofglE+gwn5q4dV+g05X4Z"
    "EzcYfFnSpUmU/k0kwFGqkApBwHTImMSDU35ro6brG483CozArDGTAvtbPsGf0k9dfpnqXNwJq+wTUd"
    "FiBYgNa9AP1EcCCGBNdQLS9ur1h+JrmGDSovoz2lb/gBGj7pRUE9u6qWsr5hi9Uh6tRkplpIwPaK8f"
    "YKzFwwc6175vqFPH1SKaGV81Zyc8WspU58CpJ2Kyetz76gXmSvYiRFlfXqM4EwV4nhytBl0vbVmc8H"
    "KP6J+O6MSd0rMbX3zqL7WlS+tFue8Tb2lIrp8o/MmVfpuXlJZ1FR+S4DafGU2N1ptBtxtN0cdLZHE6"
    "tBkMf41Ml2x012DcQtsDqn04sByFkZwLkZzqFaR0zNrlQICqq7Znjlc2oxNztOYSEB30/999Ml4/ZG"
    "YFGzz5vebWDe8rRhA6dcCnzDkcqvRyQIWBAnXE60waiCtIqxKOQzOR8T9428iaJDl3UzjIQiL+KYul"
    "EAOGo/xBVG7mYf1SIw0BVj6nmEi1MFW+T+FWWhPqDLK5b6Xi2UnBED/XZZv/eYevJTVPqqYFOsjQQU"
    "xXqTknZ8dPrq9PXJy9M0FJBeWRYBKCdH62I3vUKamHt5qf5x6WzEY1qAZluUmBWG+apr81VnrPvPMw"
    "krwdNrnWwwqLTxC21WWPph3Nphi+ZNji1J7OeFea0KvqRFGfeH4qLquHprPmGZODQVsc2u0jhVpPrB"
    "VzVmVewpm31UZWQ7zistnKGao07V+aZxgyQTIVNF/k91Emvd9Xz3sRNQT8MasHmlX7EsTL6QgVD5ek"
    "LlZlV166ym69bqedYkN0W2WnIiSCk7BVJ/NnjmpJxtHqlrlrGQlekhyOunzclP6U3jP3kp2FArJqJn"
    "1tjGeegZGQC0OM92JELZCzCBbcgG4L3w9nJqjmghbNSckwSfvmta7o5Pz+Wdd3IM+PXHmRTaHKzw6V"
    "Vrx801b1ptjmbSv56wMNouu3sn0f14c3X90fnl8n/v3kQcJpSjccDCmXSxh0/IJ1TvvEU1mL70uXVm"
    "S3V9x1qfoMhp7tJfU9eE3Mkl6y4tHUkjBPEhqQcqOKCoWVzVVrW40zXNd9+jO4HHb4RsG0mrt/jixw"
    "clczRXyXGyhVShbKlbqVhDtPV4R3xXn/maiLKp6vspkppil6jr9fGGYTh6IHqWyKlsUW2dsxOzJk6U"
    "QlQOT+Qlcr3GD9ORiGxXtY2q3ynbYsnTovZmZ8xA/t+2ghqLgWeysC2kwHbp3KqW58rNfIlNff+cED"
    "j/DZz/GiKNeojraDT6AO/R8esmxWvHr+ur19Q9CK9AeGXfAIUE8E1vsyfmuOFmWEaqN1kiWyba0+kJ"
    "hrgvZAB1S3pDX21W+07kz9uN/vo+QCu2WpkFdERca4VUiIMu7HQxmijiIRVkdRSHrqVKlvUCmrHUDB"
    "5NrL+RCuEd6uHFXmLvTCnnxAb4jCSg3hx1jh/lmPWxzwxBLwgC5s0xlz7+dBaf8GaIekkUZnrL2Ubi"
    "6BHNCmqjh0px0EWrVddKD0VR0IGdDqKCWfleVmqokgZN2M5MXNgsyHk5K/Q7lqzxDOmudcrE3/VWS3"
    "1Kxd+TrZjV6RTprk2TcmjdODoCR+CxPpjGV1w7SKUJRNUM+pBX2eIun9txpw/JmUiT8A3ihKA7OaKI"
    "x++qKqE39JQGRRF1m/zA+dOFb/BgyZ4/7KVtYOsHdtphp31vd9o7s2JfhK5ccc49EtRUNmYbrFizh7"
    "qpg9O2DRZtPlGH3MnFUhHjRR2oQ9zUT3OpckU9rY/CU/TUSNPlJXmGLvHoIwmelDB5JFJfVcv12vuv"
    "ySZUHavbUaeOPo7PCTU++hXaLdWdPTh+b7lMus1xCkxbdtl3i++w6Wq1kOjycjW4nSSz1zdcVVQfxM"
    "XV8RmXOr9aZXBHydFyxlK51OX50L6bFRWqZ40qVM+WVKieFQ2Pipm0uf9SIdzlIx8Hn336Fan543v0"
    "InIu47VKO5QTrEhl4wWrYpkzlu5EpChaF0tqXX7KXCrUaXX+SoKRtBiULpQpgaeqEKKst/pm6z6SLr"
    "Pw6YeYfU0LmU6jfs4zJSDyf77sBfvsO5fJVwl4emZZlaFoJNqNz2dGTPWYinRZjR2M7XTGW7sOxZB9"
    "vRJkOqh01jL3V/hqTLds5qWpGjIq+4yWE+U6yQaC+tEpf6qoiyG52ujTuqX3ROjY16wvghJF+qJuR8"
    "Vk1eVp6+t6NZPkH4NM/wWyGQicdi5wWlZWU7+4LAkBVKCAqXNgmkT16mN6pdoZNaMZjteMCAxUOEnr"
    "OQRrOP2/Cvev3niNm/fJdm3FO9oZq/QTuQ859n5iYVBtlmYbrLBLg6ipM0naWnIofLr84fPN+XvNb3"
    "AgDUvvSQXx5U3XJa40G7+XZuRMHdODPOaP1b/KA4+Tn+W1cVMqhfU8aAVHwSo2Aj3A3PImQzGFoI6I"
    "ILkOZnAnzWDgDOj1QgjpIVBq3X1AodR606XWegk3ADhp30N815/HFBuWxpnhCynICN/DiHnsegyW+S"
    "UNfZLm7ki8n+eTubLxkzF0iK4Ez9CgxT7AN/Fuu8pKCtyIaF1bZ5UOyHq6ViRuNwzdkzlS6VHaQ9ER"
    "eF9epJ6QTX1CXK5ym/VAbXtQEyQ1QVJTV2we8A/MPqaOldXsvXvQSzyB8n4LNiwcxrsdR2wq7RtmtD"
    "e6kOghxkdNzh85qj9+5Kh0+gjEEjY9hNVBslVJsyuyK1OpPu2yrSNtEmIzG1zXhk+CcIdWVPIti81k"
    "pSA2Y5dEGmHIQsNE0pwYYG+HvRsGUX6aaXFDQRDw38O45KWqKBxURiWjWwfLY5IkbdQoIqmbZ6OExZ"
    "BgFChUsUMu30ed7B7oNIb4aHdSVb6wzo6bpO4mCYjGCbudjTRqs5YfUpcf+kQdHwkBRwg47j7gCJnB"
    "C+esibF7XG/sHnft3MJeRh8hmtuLUwt7iaVaPMtI/nxz/bHGuo/bF9dIOhLov8ijfGPmfcYwGYbUE9"
    "Tnh+qxuzBKFD655TKZUr/9cP57cbZ9+/76oqgJ1cFF5yz+a39EBvVWv77dxPJ3WNJypfl/q/b1OVMR"
    "aqkLNFcZyMxzD+S1aM8/ssR9JvR1hMdSP99rGhRtqGuLXRnw8m/dDt2FvqBeBTvaZh/VIv0gQaupQZ"
    "O0X49Bs9sM5sJZ101izbLVktOu41hzvVegdWbqGKRCWzm1EwhW9vDQzneLms7qOTTbYMUs6haarpxG"
    "f9Oz0mJyS4IX6B1RTMrySlS9LH/Qpclc1Yp8H52sqciluJ7m5AQ4ZvI+vhc6BlKeQzf4nOeSv7XvUR"
    "X9r8FqlbTvo/u9ib1RCG9scGs/DIw29uPmVtB2zF0sjtzTJlXlqtmSsXtaqi0f0ZmcuwX5WhF6vZVX"
    "a7ajc1J9QHuZVXX5++1y3zE1qt5ff/wxaV50KIu5V6PgSb+lUxcdWZaEVSHcBy1sejaZYO5wMgqqqh"
    "8vGPMI9qsRzwsWoB5KyU1N3emV7Y75i+vr97kxf3FVHNSfP1xcSvg1+rIRFTX70gq6CcEuqTx8cBXo"
    "GUlA3QD1iGLWJFC4kGgVKuzYjLKNmGDD802XDfUlx6TBOF82zhVDgskoj8qRYJS3G+WUO1g6x48Vfu"
    "XSYZ6T2+I4T9z7vR3m0vJQkDjmGRJ5SciU6Fw8NOftzlxLNeclQc2dU3MXw943Aoua/cNSq4PGAXBF"
    "ky0a7ib+xObJyQiKglMwhHOUnWN2kHAcpQcozAMaxaq/l40Vg5I6B2lIkDryVI6gcgx8Uw9pEQDvKh"
    "Pl8yhsjrVMDFmocmKQJm2Zph6w2cwY+YUQ4G6Hu4e5cNIRbGFhVHawld11sDMszclIZdG3Y63xnDjo"
    "u/P6JkHAjOrm81L920Y4abTpe7Jk0/ekvOm7AM32w8oKw2fV5c/qHlMvjB2evJprDZasSG8sllb0wk"
    "VA1fHY0pOqSqRc/vGUhOHj6fLHExARPFnMkVk50HCXNczmvhlRTyrQP1tj/WQGHsFcmt9WSdBFWfiO"
    "uvYddSYqfPl1gkMeqb2qnCS9fbCinCTXcGX89yabmBzKwYrCGdIrO7rD4u4Q3anKDrkM3KkG8wnxVS"
    "7ykIxU8Tf2o3rxA3We2lwfS+hX8Fxu6BmVHPs8HGbqKueTpwoO/ST/U92V/2REgDC/m4T5ea02jdTn"
    "pYAAHNKmt5foGM8tTbGNmwO0DaAFkoreWF/5mn/PJkaeEQPrumv67Yx1/WtEt/EWjyY1+Ra5Fits7I"
    "S8Y5Q2Xmlnn6NYCM2pHKWhiLMaIoYlXeZHAy4QmbHR5AC9qDjS2KaHFhkSXTvF5nlkRmjtmbkaqcgO"
    "49wv9sHD6MxsdE4COppUz0PxvRUzEF60WjX11CtizfXDz8UXbrkLU//tP5KAx/XrTf2GjEgPfYfjs7"
    "MmJZdnZ/UVl+pewX2Qn5UBwnHzHqJ71Ghb/mjJtvxR1ZlXviBVjPb1FSEZke1zJO15TchOl7Q//x+8"
    "AP2L"
)
