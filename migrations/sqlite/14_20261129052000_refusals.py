"""Refusals: counted by the hour, the newest as rows, and why a request that was let in failed."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "refusal_hour" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "bucket" TIMESTAMP NOT NULL,
    "project_id" CHAR(36) NOT NULL,
    "token_id" CHAR(36) NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "refusals" BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT "uid_refusal_hour_key"
        UNIQUE ("bucket", "project_id", "token_id", "model", "code")
);
CREATE INDEX "idx_refusal_hour_project" ON "refusal_hour" ("project_id", "bucket");
CREATE INDEX "idx_refusal_hour_token" ON "refusal_hour" ("token_id", "bucket");

CREATE TABLE "refusal" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "at" TIMESTAMP NOT NULL,
    "project_id" CHAR(36),
    "token_id" CHAR(36),
    "provider" VARCHAR(64) NOT NULL,
    "endpoint" VARCHAR(200) NOT NULL,
    "method" VARCHAR(16) NOT NULL,
    "model" VARCHAR(200) NOT NULL,
    "status" SMALLINT NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "bytes_in" BIGINT NOT NULL DEFAULT 0,
    "bytes_out" BIGINT NOT NULL DEFAULT 0,
    "duration_us" BIGINT NOT NULL DEFAULT 0
);

ALTER TABLE "request_log" ADD COLUMN "refusal_code" VARCHAR(64);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "request_log" DROP COLUMN "refusal_code";
DROP TABLE "refusal";
DROP TABLE "refusal_hour";
"""


MODELS_STATE = (
    "eJztXftz27ay/lcw+qU5M64nfiVueubM2Il76ubhTuzc9p6kQ0MiJOGYAlSCtKLb5n+/AE"
    "hRfIsg9aDonemkNokF6W9BYHex++GvnvjToR45/NXl/yUDr/cK/dVjeELkD+lbB6iHp9Pl"
    "DXXBw31Ht53GGvWF52Ld1xA7gshLNhEDl049yplq/IY4xKNshDgj6IGQqUDemCCXzw6Q4P"
    "Jn7KExFR5350h4eC6QS7CtHnWAMLMRcbEgAlFPSOm5OFRPtflAPlZ2uqkH+Iz+6RPL4yMi"
    "+3LlYz7/IS9TZpOvRCx+nT5YQ0ocOwEktVUH+rrlzaf62qdP129+0i3Vy/etAXf8CVu2ns"
    "69MWdRc9+n9qGSUfdGhMk39Igdg5j5jhMqY3EpeGN5wXN9Er2qvbxgkyH2HaWo3j+HPhso"
    "/aAJt4kjDqktDhmZWdT+V/iGsdaW9eHmzrq9urOsXka96k1SCgkvDThTQ4MyT+H117eg3y"
    "Uu+mpPPeD1zxcfn528+IdGggtv5OqbGrXeNy2IPRyIauyXYOv/Z+B+PcZuPtyL9inA5YvW"
    "gXpxYYn18htYwLcAaAOQ9ib4q+UQNvLG8tfj589LMP6fi48aZtlK48zlRxt8zB/CW8fBPY"
    "X3El+HPhLLFOSEUC2kwyFrMKb3G2Y5oT5Sm7gmKMdlOjicX5xWgPnFaSHK6lYS5L6c5i3f"
    "dUxAjsusZSS3CuPj56fnlQbz6XnJaFY3k0hTYUmTQM4CWagvOXcIZgWLYVwuBXdfCm5qUC"
    "9mk+0ue5c3N+9UzxMhTSx94fouhfKn95dXH58dafBDO0xevv5wlwLcJfKPFZ6wpsS1JpT5"
    "Xg7018zLh71AOqUA+Rft4XgfqZf4/vjo9OXp+cmL03PZRL9ndOVliYayQKvPZ4pd7DjEsR"
    "a4GUBdKA9gZ8GWKPEZsa3ASM2i/MvtzYd8mLOSKXxtOvDQ38iRbsH+4VwCooIkMacsJupn"
    "7y9+T8/hr9/dXKZtbtXBZYEeuEtHlNVSREwUNFFfE49H1tQlQ/rVxIZJCHXRiNmAQT7E1O"
    "GPeQZ58ViPy8Agrz/IqeAO1i9pMMgTQttzh3qMM5INmURX1zHAq5joxfZ5xjiPBe8MXM2F"
    "CMwf1eImfGA8hOMyAHMlmH02IR5xSU7ItRjnhNAWpwptC20qvLrRKaPv2yOS5+cUL4YxEV"
    "gL66+FU+7QASVG0MdlAPv62A9corCxcM5a+Ube8eiE5GsgKZnWQSh6uPhhD0O1Jaq4u35/"
    "dXt38f7XhD7eXNxdqTvH+uo8dfXZi5SOok7Qb9d3PyP1K/rPzYertNqidnf/6al3wr7HLc"
    "ZnFrbjmCwuLy4l15CpXVPNSUlQc6vVbKtd4lpqTkquQc37M6/uhZbVTvzwIbY9rC708eBh"
    "hl3bStxZDge105+zOxFK/fT2Iyl2J4NMiU9TCSLBk7dkvr+f9vJqOC4T34zHH0hevM8Epj"
    "vVR5cAUqOLH/Oi8Za9NTmepK9ghkf6T1LPVk/KGVM5yTmpIVecoOOHDa2HsOXKLB3ZJZpI"
    "7bgUO8gh+JGoLBoqVBoNssnAnU+l6hBnzhxJMDjCaORi5gUpNIw8Eje8zuR/YkbcbKLOhp"
    "6xOlfnczyCQe3eH5C804bkHYkCMdqNjwS26LVvx2HfSHRkHO4iVoV30b6D2SRHLyrAe5S2"
    "XJboqlsp75BO5WTjka85EN/JqwWeYUKqE0CXmY9Xv9+Vu+WR9fju5sO/F83TvnoSeML0Qi"
    "HfUq1uVt6MXTzEc4U3pYbdJamtf7jPCB2Nc4Z6YabDUqBWakOtUX60KXDXnNhQOz+KWb6A"
    "5CjD5KgIbatPhtyFpLQt4d7nPpPdc5P5OS7TvT2wk0pW3kmJlXeSlztMuUu9ucHcHBfZ3u"
    "z8PI3x8/bMyJAbvK3cYEhhysO6KzUFrYZ5/SUF2JcdG+C7aN89bI+Oq8wWslWxz3GcmSt0"
    "gMua4GkW4+Lt74QQ7H/D/jdsmZVujIah8dxASnHoOym1zhB4e1W7ItSd2YeskHP5k/RH6Y"
    "i9JXMN87V8FcwGuYWTmfrs/QQ2s6EmL7t4Fu3FpEaWRCDYf9cKuLh9ffHmqveteId3G7tz"
    "wZZmyf5ctOdZYYfOi9qu3KP7TVWyY1WkjmZYIPJ1MMZMvikacvcA+cyjDqIeIszOqZI3FW"
    "5QAV8Uli2eTQpjsdvbTNNPUv+c7tkumuC+OzCqz15KdGIDYtNGPuz0wE5Pm9Sw6a2eIfEG"
    "41p2f1IS7P5W2/3k65TK7mqoOSm5HTVvcy9137VskBC5SXO50EyuYB4bWMXXnkCCDFwi/4"
    "9dzfskEB8qDijqIj5jB6hPBtgXRJq/Lvd0viKaUW+MVLWmg6doLA1ib8aRtpD14M2Yzxt7"
    "CmSv7Wn2WvuppyB3DSy8XAuvRUv//sTY92LpT5ICPcpVtI4dn5QELbdZy2qqKCYiuqSjUi"
    "6ijlIQ/XB8fHLy8vj5yYvzs9OXL8/On0cJItlbZZkil9f/VskiCe1ms0f+9KXBZ5EpH+Ts"
    "Bhfin5LaYSJOS9MkA4BUmo3ZwE7KdQbXLQ9q4JTb0jAHTjnglNs5zrvilCPMnnL9EjVUkR"
    "AGbTTXBp3W0kMoBhqorwGg2AGKnaeHfWitSGT9vHBfmZGfEQU7v56d72CJoi9qBYrSshAq"
    "anOoCBJ6n4SaIaEXEnq7k9Abyx4Itt9zzARTOqJb3VOHIN8oKVEcsqJsjiWiK3I6LLFsuT"
    "K1425MkE1H0sxTqRY4TMA4RPfLbch7RFVihmzA9Klf3LH1OWC6fW4eRja3Y3OPqZLcEaS6"
    "QFJHK5I6gmGQBbw48WApsZ7UgxYddbX+VGpIPHgKBij4GU9CzcF6brY8xWXAxyj3MaIc2I"
    "YeRtcYONP+RXxMtapcUMjr74Ot77xiwdjtUrvZVw1je+jV7GYVmkOn52jMfTenHDC/SY69"
    "+rnX9wcPgcWe9OQS33KMOELbgOqHxfZcYNzmZTSH0uETZKvPiV4X141s47Kgce7EkxMpDo"
    "dZe+20LUaKi43l5cAwWeNjwwnW9zav7xBHXJvDCUbTxgCFo5O34LdHS3pVhCOBDsK7kXqX"
    "yFYyADkuAzhXw7leqnzjrErIM+gR1+WuIe5LGUC9HuoDhxLmWXXAz4iCDurpIOL6qaOFHG"
    "HQQz09UDbgk6mODhmpICkH6Nf8CtiD9DQVg7kKZ9Vbh4v7AK3U1crUpQNi11ZIjvheU0pv"
    "e32W1v1I73hZY+7UVUNZL6CN6tqYunKi96zCc89KVJARhRmp5hcRrLWKuKuOHnLFQRc1dY"
    "E1n1ctPaRFQQd163Cx4Ey+Vy015EmDJurOTMKzGGbceEqKy3WoKnfL+PfnHhEWzcmJKEM/"
    "LgUjvwny3Des0UqIAfb1sPe8Yd96bgb8UgZQb4D6UQ3UjwD1hqgf10D9GFBviPpJDdRPAP"
    "WGqJ/WQP0UUG+I+lkN1M8A9Yaov6iB+gtAvSHqL2ug/hJQb4j6eQ3UzwH1hqj/UAP1HwD1"
    "pl5SHef0CLzTxrjXck/BP22Mex0H9Qg81Ma413FRj8BHbYx7HSf1CLzUBrgrDokxwbZp3D"
    "cpB+g3RN9wgU3KAfoN0TdcZpNygH5D9A0X26QcoN8QfcMlNykH6DdE3zA+nJQD9Buibxgn"
    "TsoB+g3RN4wXJ+UA/YboG8aNk3KAfkP0DePHSTlAv6m3VdfZhVjyevCv7e6Cv7sW/Os6vB"
    "BbXg/+dV1eiDGvB/+6Ti/Emk3xz7AO7pAh72fuu70ifjx982A1O9540W4lN96VHDVypEg9"
    "ZEnxUveADQ/Y8IANr4FigA0P2PCADQ/Y8LYMJbDh7TtLG7DhARte97wuYMPbNerAhrd7HQ"
    "AbXjv0AGx4wIYHWgE2vDbhD2x4bdIGsOHtXgfAhtciXQAb3s51AGx4bdEEsOHtFn9gw9st"
    "8sCGtwvsgQ1vZ6gDGx6w4T0V1IEND9jwngrqwIYHbHhPBXVgwwM2vKeCOrDhARveE8Id2P"
    "CADe8p4Q5seMCG9zRwBza8VqAPbHi7RB/Y8HaJPrDh7RJ9YMPbJfrAhrdL9IENb5foAxve"
    "LtEHNrxdog9seLtEH9jwgA3vSeMPbHi7xR/Y8HaLP7DhbQv/lrDhfQzKFN/xUS+HDi9296"
    "CMDy8sdrScsOFKQrwL5BB7RFxEmOfODxAWCCOXzw7RtScQtREVyBsTFHb8nb6GmbzOEHdt"
    "KciHSDOV9VJ6XWPXX9gXptn50JA6XnhDSjpUeGis+mVID1J5FXvyebZQnagm1D5AggfXMZ"
    "pK7BEjM/m474fUldJUfGGu/HCih/6oXhIz2S58unrN2CUq+352L/891B1YVFWa3v+jiDJw"
    "Bduf/DfD9Le4FvEGLS4ID3u+iF/hvjfgATmcumTEDVjMsbV+dq3VBIG9fw59NlCjEuknqX"
    "9O/9Xb0OzShG6rmAMQG/P/YeD+A+6/7qgWuP+A+2+nUG6a+w+Y6bbDTDeR9hPPmRtKSBYj"
    "iQ5ifPSiAsRH6TVyibC6BSSW2x3CS2M9CfHtBDtOoR+/lNqeC79JnAMv/uT45YvIb1e/lH"
    "nqt+8v3r3LCY0sXZ2qYzYm0sVRW2V1Oy5e3Y4zq5tmEjMBOBLoILznFdA9LwT3PI3tztmU"
    "gDXjVYv4lEAbr1rAqARaeNUaTiXQxStgVdo1/vvEqtRR8PeFWKlz8OtSpTyPdWV9UwOHFW"
    "YdteHjS4SUUWmKfkoQBn/zxAtTFaQEQQXNvAFr5lKP1HcJMvIwK61DH0fjxipJdAFaqasV"
    "7NuUS1tz6tcLJuXLgz6a6UNan80UkukANFJXI3SizsOo/4Xky4M+mumjwRdS0AFopK5GZq"
    "RvCYJduTgbqiItCTpotm4IIl/GrrVixERBC3W1IIj7SAfSX6BmiVNpuVr7n23TQGL78+S4"
    "wv7nyXHhBqi6lRrxTMyIaxlnnqTluof1RvJP9JaA4L47MNrST4l1D+z1JwVGpxIO5BA1wT"
    "ojCGivRvuBzA3ThpcSDZKGW4byenKGseeRyTTvgLVfbm8+FJUsLGXShQt04KG/dVVOpxBV"
    "YKieo2KFxfh89v7i9/TQff3u5jINvergMvewO6OpOZLo3jxRZZooniUyk4RLhr7AjvGMnJ"
    "brHtDrmZBbUjN5IT0h7+qRMK+XUzMZu3tQVjOp/CnPIlHDlTWTN0yVHjKyKENUYDvZ+sfi"
    "ZlXqBOUbcD3aFrV+WFfHxa94aj6IVxJ2o/5PW/riUJVYMjKTfx6UAUIZ4O7LAKMPsrLjuh"
    "DoYHb0RlzW5QxnAHEo0UGM1+87hQuGBskA5ZRYB6Fef7QrsTYbAp27/nbA9txMnGusmBmM"
    "XNiYSCMPttaYjhk6fZ86HmXiUD12F0bORhxbOjUZ8kHr7o319U/eC2oXsyklKQU4r8YZCg"
    "03Un3clpCBPaHsk9BOdzZiEN08KA0YqGaWv2i3mmOJITwYcJ95AQ/RBM+RoCOmOYq4jg3o"
    "LjU9kcghUjKXXx1hgFhBG2IFahDpnw1mm7jMeqab1ZBvb7I5q2IjylbF081ZxkacYiFmXE"
    "4dYyzGJlBnBDs4vR+fnVWxys/Oiq1ydS9lrHDHLPAett8evsEsvqnZYtP8HVRYKvbxmAPy"
    "JZdYYlYwXcflUmD3peCm0F5MKNudmC9vbt4l/JvL61RK0IdP7y+vJPYa+nCpf5WbDe8SBY"
    "llHtxNSkKQt9VBXgcH5JnSvjPXdEZ4DcpumfPVJV1Hi3sQD6rzbRd0AR956xRv4H7G00OF"
    "kDjl5eeGkj+9/UgcXLQJEfMqb4Ou9lfzy6vhrPRt4276ArMiTz2G6SpnXcSaVuBEVt41sb"
    "+XLnXf5TPpbx2iO+llDzh/oOQ7gQSRq7oiD0bC4y6xFbcx9QSyqXTAPcSZM8/jQ15Xt1Xy"
    "B3R4AjICWuHlB/oz8YeWEp3z8NcfsQXbvLPLdsY2F4TUNs1jsqDqVquafJ1S2V0NRSclt6"
    "Pmbc6lXdIy7BRvqCBFmn6WtKvNeKqTUlsMxG4nBntaKfnktCT55DSbfKIxMzOlYyLAYZ+3"
    "L5xENwvtT9Izkn7UWzLXAF/L98Asv1otZ1d3P3HNON/ysotnkV8XH1USAOktkSCQ/fri9v"
    "XFm6vet93str/XNyZyTrlTdfu9HE8+3eSgzJmfRI0DIoBq/vxH8igb29J/JgJhl6AHMvUO"
    "9FFDD4RM1QY6dZF6r1dIFwOoU4qkDz4l+EEf+eNlnfk19Qn79O2ZiQ5KPHjTPfru7s9XWk"
    "aPSpbRo+wyCvGRjdqDY8MTSxbtO5jssP6deDHgZtn0kQDAWwFeiO3VWen2LhSg43PSiK2j"
    "6LQs7Lq3WdNuYDjX0HNSErTcNi23JMP7F+67DDu/ckG9gt3jdJODMp/zv0FjaxpvvdLnfM"
    "8fib04hFbIx6vybyaCgkW1r+vpjV+fecQVi+Np+9gbjJGEWV7hWZ9zDX2qk3Q/KkdUuayM"
    "PBIXuWSi+lXH5MoepXWONKM6GnIXESxlhYddT/msGM24+0Bc6dGqg3iJTkRXhQ9IaQ45nI"
    "2+MDxUB/RKf3cmX0iNcH9CgmN9g6iEfNCMevKNpPRgrMrj9Yuq1nw4lB40EgxPxZjLR7r6"
    "/QcP/lTe+8Lu5dC+sN5cf7wPHG3VD/c9vUUuvWv9UO47NuovYJAPHsnvCw1dPtHN+mREmT"
    "qu4hB94EidBjzBD0R8Yfol6EQqWVCp+OABjHvyDUdIuq5kgbv+wwWeCzRTIgnIsaOOEp6j"
    "MXfspu79YtiZlfskpcA3KvCNih39+FeeSvkpO6IpJgUU4HmZuJXo+PypXdPYT0qCsQ/GQb"
    "5x8O9A6wV2QexuqUkwSrarRBgTHXzvcLlWCuJS7FBBFov2ZKKWJ7nITnxP9yyW59Yzf9JX"
    "y0uf6MX2keolCoXVC2nKmU086Avjrk3cTYSsy8/DzF3Hak6pu13Hmp6EWbxkPWLHz6sDKV"
    "mvIpHtLVbP936laskU9lqnmudNX+GdilNXmLNebQb7bUylJxCeaa8Mc739FkwpupvAqF/2"
    "ju6pfa+tetyXNnrWmVlLj2uei0pZyDs2E23FtCuetB7kH2/i2CzaQ9C8QtC8hHymeIe4jH"
    "zmaaamJKlSTV0ScEXAFSlbx1UGyaDQFYndLV3P3WS7Sq5IGHBTfoAK8qklV/sKOi1FBA7E"
    "PfbuVSHKbCwXZeqhgQo3yhHAlciA5LNdrqvjBsu68PvKoDCc+5JSO8uS0U9S/5zuWXoMrO"
    "YbXM1h6YGlZ71Lz88Eu16f4Fza5OXN0oVnnGhWoaYy2Dv6Thyg/lwvB+q5eVWSxQ0brAtB"
    "pyZz1FICtlGMt1FgzoI5a71z1lsy/6hSPnNmrMWt0vlKnQLiLlqtnK4+MY86gY2KkRRVFi"
    "vjHsJCJX0r45ZLe1dnNR+g8DfC7CmXWldianedB/e1qHxhOzvXbewpORPl59g5KNFZSovO"
    "gkLxXYbNwsmwvRNoO6Jmuzn8Zo+mVIOQjvFJZM2OIGsbiFvgZo6mFwOQ4zKAczWcfbWOmB"
    "pckRAUSbfN5Ermy2JhdijCUgK+n+Lvpz1m7a2Hvdz93OjeSsNWRM0qOOJS4DuBVNY8Iq7L"
    "3TCZcqxNRRWSVfxDvpjKmZjYr+RNFBzBqZth5CkqIoGpHYR7g/Z9nGPebvZRDYIBbTGjnk"
    "ZwOFJwjby+tCxk/bd5rVLfaw0lx8RAv23W7xBTR36KSl85nIiFMYC0WGeSzo6PTl+enp+8"
    "OI2CANGVMt8/m/isS9j0Cmli6CWluseMsxFfaQla3VLDuDDMV22br1pi138Kz/a+0YkFvR"
    "zrPtWi1MaPTgrny8ZVjh1ZWM5Lw1qVcUlbMuwPhUXSYU3WbMxjsWfqhda6StRU0ekHpirH"
    "8thQNvuo3Gh2mDmaOv00QYGqM0rDBouMg1hV+B/qDNWi68nuQ/O/mE7V5bNcj6IsNL6Ugf"
    "D4esLjZrVy66yRa9e6eVYlB0W2KjnRI5OFAik+GzwtUs42j9Q2y0+Iy3QQ5PXT4CSn9KqR"
    "n6QUbKKlU81ja2zlTPOYDACanmdbEpvsBJjAHlQH4L3w8xJqDsge6qg5IQnefNu03BZvXs"
    "jrb+QIYEUHkqRaHJR686qtZScaV60hR1PpWY+5H2yR3b+RuH64vb75YL29+t/7VwEnCRVo"
    "5HJ/Kp3r/hwxQvVuW1BfyaS3rfNY8is41voERTZzH/2ZuurjXi5W91FxSBQbCI83PVBhAU"
    "W1Yqu2qsW9rlS+Lw4D9P3BA9EfbwLPZYFzwnyLWx5BNk82apCUSPQaPkwHCOJd5TaCFLpW"
    "xgiWA8ZknVhKgSnQukUiSSUb+xSrutIJIfClK/jSBZwTxRAXMU50Ad6j4/MqNV/H58VFX+"
    "oeRCsgWrFvgEIO9ab3q10i/9LcfIvSvaWYVGfSLbbMRqf3+Q1xX8oA6jU5AJna+2VW4CTX"
    "G/3FfYBW6mpl6tIBsWsrJEccdFFPF4OxYupRMUtLEc3WVElZL6CZepqR1vdkGh5NZKiOjC"
    "jooObXIXF0iCa4q6OHXHHQRU1d4MFYJf7W0UNaFHRQTwdBNZh8r1pqyJMGTdSdmYRnMcy4"
    "8ZQUl6uFfst2JZ8cZ+ulb4+Id+EQNzcVOH77oGznsK8bWjhqWaHcT4zVWQ98qNkjgg7UWQ"
    "bqt5nUv+Jk0ydCKN42pDklFttzNnHoI3HnSpg8Eqm8vBq/tfdfsM+nOla3g04tfSqF9PDU"
    "Jf0KzTgsWnty4t6W/bWbAgjK0evtry2/w6oR36VEm0O+vbvxYvb6TqgShIOwGiE86kWnJa"
    "jEh6CEWc5YKhEiOx/W72ZFSvdZpZTus5KU7rN0aDlnJq1uleQIt/nkk94nRr8iNX/8iJ4H"
    "hxmFa5WuWhljxbwULlg5y5yxdCsszmBdzKi1/MiFSKjV6vyVuANpMShdKFMCT1T+UFZvxc"
    "3WfT5DbOHTDzH7mpYyrUb9QmdlzdFMmXHyJyZ7kY7J9zaXr+KKiMY/z1A0Em3H5zMlpnqM"
    "RNqsRvDTivy0G9/r86/XHpn0cty02N1SL43rdtX8M5V0KeUnwUKinCbZwKMsOPJCZUFyJN"
    "cZfVyd9JsIHTFdIOlRouoj1e0g+zI/n3N9Xa+mW/nci/WfqsuERMjWJUJmlVXVI85KQl4M"
    "VEsWuS5VcuOKM+MyeXFqRjMcrzERGKhALv8UwjSC/l+O41dstobNu2S1NiLnaYk9+pEMfY"
    "Gdn7nv5hmk8dulFqkbNLTGi5Y1y40+Xv306fbinS4FOpAmpTNH+gxpOTKJLQ3GH6UBOVX8"
    "1fow6MWR1GFqibw2qlp1tJ4HragYWlUbpIeWnd1YSNcIFZUFQSVQqw1gqATq9BIIBRRQQN"
    "F+QKGAYtMFFHoJNwB40b6D+K6/DjA0LI2zypZSkE22d1Hy0O3oFXsklbyR6o5IuHvHyExZ"
    "94vRE5xyv+QKCK3/78K9dZWDpA6t19I076ix9XWtmA5uORqSGVLJUNo30VF3Ji9Sx5NNGS"
    "G2UISIeohu4vRqSGF6WilMbbF2wDMw+5haloy7945BJ/EERsgtWK9wPtV2XLCJtG+40X7o"
    "UqKDGK//iGiIImx6CKsTlvJSZFfkUkZSXdpZW0eSJERlNriu9eceERbN4cAqi8rEpSAqUy"
    "9lNMCQ+4ZpowkxwL4e9rbvBjlppqUMKUHAf+8ikhfEpYNxLycgGd45KItH4mWbVeHIYhWs"
    "OZj3VHIAGh6hVRy7eySuKQ1kTKSDZsZGSsjUR2WAcNi8g+geVXI6jkqcjqO8rUvm5Zag/H"
    "J786HITo5E0lFoOvDQ38ihYh9djxJwFRiJ0PMC02fvL35Pw/363c1lOvymOrjc9WL27f8B"
    "CZK98A=="
)
